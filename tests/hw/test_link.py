"""Parameters of the link's components."""

import re

import pytest

from hw.axi_lite_window import AxiLiteWindow
from hw.host_arbiter import HostArbiter
from hw.host_port import HostMemory
from hw.link import Link
from hw.packet import MAGIC, MAX_WORDS, PACKET
from hw.packet_framer import PacketFramer
from hw.register_map import COUNTERS, REGISTERS
from hw.uart_link import UartLink
from hw.uart_receiver import UartReceiver
from hw.uart_transmitter import UartTransmitter


@pytest.mark.parametrize(
    ("component", "parameters", "error", "sentence"),
    [
        (UartReceiver, {"divisor": 3}, ValueError, "divisor must be from 4 to 65535 cycles, not 3"),
        (UartTransmitter, {"divisor": 65536}, ValueError,
         "divisor must be from 4 to 65535 cycles, not 65536"),
        (UartTransmitter, {"divisor": 8.5}, TypeError, "divisor must be an integer, not 8.5"),
        (UartLink, {"divisor": 0}, ValueError, "divisor must be from 4 to 65535 cycles, not 0"),
        (UartLink, {"divisor": 8, "gap": 0}, ValueError, "gap must be 1 cycle or more, not 0"),
        (PacketFramer, {"gap": True}, TypeError, "gap must be an integer, not True"),
        (Link, {"crc_width": 4}, ValueError, "width must be 8, 16 or 32 bits, not 4"),
        (HostArbiter, {"hosts": 1}, ValueError, "hosts must be 2 or more, not 1"),
        (HostArbiter, {"hosts": "2"}, TypeError, "hosts must be an integer, not '2'"),
        (AxiLiteWindow, {"address_bits": 2}, ValueError,
         "address_bits must be from 3 to 32, not 2"),
        (AxiLiteWindow, {"address_bits": 33}, ValueError,
         "address_bits must be from 3 to 32, not 33"),
        (AxiLiteWindow, {"address_bits": None}, TypeError,
         "address_bits must be an integer, not None"),
    ],
)
def test_a_bad_parameter_is_told(component, parameters, error, sentence):
    with pytest.raises(error, match=f"^{re.escape(sentence)}$"):
        component(**parameters)


def test_the_gap_is_a_thousand_bytes_by_default():
    assert UartLink(divisor=8).gap == 1000 * 10 * 8
    assert UartLink(divisor=8, gap=77).gap == 77


def test_the_fields_of_a_packet_hold_what_they_must():
    assert PACKET["length"].range[1] >= MAX_WORDS
    assert PACKET["count"].range[1] >= MAX_WORDS
    assert PACKET["memory"].range[1] >= max(memory.value for memory in HostMemory)


def test_a_magic_that_follows_its_own_beginning_is_found():
    """No end of it is its beginning, so that looking byte by byte never misses one."""
    data = MAGIC.to_bytes(4, "little")
    assert not any(data.endswith(data[:n]) for n in range(1, 4))


def test_counters_follow_each_other():
    words = [REGISTERS[name].word for name in COUNTERS]
    assert words == list(range(words[0], words[0] + len(words)))
