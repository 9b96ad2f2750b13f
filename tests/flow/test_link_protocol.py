import zlib

import numpy as np
import pytest

from flow.link_protocol import Packet, PacketFinder, decode, encode
from hw.host_port import HostMemory
from hw.packet import MAX_WORDS, Command, Result
from sim.byte_faults import ByteFaults

PACKETS = [
    Packet(Command.WRITE, 0, HostMemory.WEIGHT, 0xFFFFFFFF, payload=(0, 0xFFFFFFFF, 7)),
    Packet(Command.WRITE, 1, HostMemory.PROGRAM, payload=tuple(range(MAX_WORDS))),
    Packet(Command.READ, 0xFFFF, HostMemory.REGISTER, 3, count=MAX_WORDS),
    Packet(Command.RUN, 2, address=48),
    Packet(Command.STATUS, 3),
    Packet(Command.READ, 4, HostMemory.ACTIVATION, 9, 2, payload=(1, 2), result=Result.DONE),
    Packet(Command.WRITE, 5, HostMemory.ACTIVATION, 9, result=Result.REFUSED),
    Packet(Command.RUN, 6, result=Result.ILLEGAL),
]


def name(packet):
    return f"{packet.command.name}-{packet.sequence}"


def test_the_bytes_of_a_packet():
    packet = Packet(Command.WRITE, 0x1234, HostMemory.ACTIVATION, 0x80, payload=(0x11223344,))
    body = bytes.fromhex("7eb1174c 34123100 80000000 01000000 44332211")
    assert encode(packet) == body + zlib.crc32(body).to_bytes(4, "little")


@pytest.mark.parametrize("packet", PACKETS, ids=name)
def test_what_is_encoded_is_decoded(packet):
    assert decode(encode(packet)) == packet


@pytest.mark.parametrize("packet", PACKETS[2:], ids=name)
def test_no_changed_bit_is_accepted(packet):
    data = encode(packet)
    for bit in range(8 * len(data)):
        wrong = bytearray(data)
        wrong[bit // 8] ^= 1 << bit % 8
        assert decode(bytes(wrong)) is None, f"bit {bit}"


@pytest.mark.parametrize("packet", PACKETS[2:], ids=name)
def test_no_other_length_is_accepted(packet):
    data = encode(packet)
    for length in range(len(data)):
        assert decode(data[:length]) is None
    assert decode(data + b"\0") is None


def find(data, *, piece):
    finder = PacketFinder()
    starts = range(0, len(data), piece)
    return [packet for start in starts for packet in finder.feed(data[start : start + piece])]


@pytest.mark.parametrize("piece", [1, 3, 16, 5000])
def test_packets_are_found_in_pieces(piece):
    assert find(b"".join(map(encode, PACKETS)), piece=piece) == PACKETS


@pytest.mark.parametrize("garbage", [b"", b"\x7e", b"\x7e\xb1\x17\x4c", b"\x7e\x7e\xb1", bytes(9)])
def test_packets_are_found_behind_garbage(garbage):
    data = b"".join(garbage + encode(packet) for packet in PACKETS)
    # A magic that announces a long packet swallows what follows until its CRC is found wrong.
    found = find(data + encode(PACKETS[1]) * 2, piece=7)
    assert found[: len(PACKETS)] == PACKETS


def test_packets_are_found_behind_broken_ones():
    whole, broken = encode(PACKETS[0]), encode(PACKETS[5])
    for cut in range(1, len(broken)):
        data = broken[:cut] + broken[cut + 1 :] + whole + bytes(40)
        assert find(data, piece=64) == [PACKETS[0]], f"byte {cut} was lost"


def test_nothing_wrong_is_found_on_a_bad_line():
    faults = ByteFaults(np.random.default_rng(3), lose=0.01, repeat=0.01, change=0.01)
    finder = PacketFinder()
    found = []
    for packet in PACKETS * 50:
        finder.clear()
        found += finder.feed(faults.apply(encode(packet)))
    assert 100 < len(found) < 350
    assert all(packet in PACKETS for packet in found)


@pytest.mark.parametrize(
    ("packet", "sentence"),
    [
        (Packet(Command.RUN, 65536), "sequence must be from 0 to 65535, not 65536"),
        (Packet(Command.RUN, 0, address=-1), "address must be from 0 to 4294967295, not -1"),
        (
            Packet(Command.WRITE, 0, payload=(0,) * 257),
            "a payload must have at most 256 words, not 257: send several packets",
        ),
    ],
)
def test_what_does_not_fit_is_told(packet, sentence):
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        encode(packet)


def test_a_reply_answers_only_its_request():
    request = Packet(Command.READ, 7, HostMemory.WEIGHT, 5, 1)
    reply = Packet(Command.READ, 7, HostMemory.WEIGHT, 5, 1, payload=(3,), result=Result.DONE)
    assert reply.answers(request)
    assert not request.answers(request)
    others = [
        Packet(Command.WRITE, 7, HostMemory.WEIGHT, 5, 1),
        Packet(Command.READ, 8, HostMemory.WEIGHT, 5, 1),
        Packet(Command.READ, 7, HostMemory.PROGRAM, 5, 1),
        Packet(Command.READ, 7, HostMemory.WEIGHT, 6, 1),
        Packet(Command.READ, 7, HostMemory.WEIGHT, 5, 2),
    ]
    assert not any(reply.answers(other) for other in others)
