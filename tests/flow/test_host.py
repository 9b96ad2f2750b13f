"""The host driver against an accelerator's link in Python, over carriers that are not perfect."""

import re

import numpy as np
import pytest

from flow.host import Host, Status
from flow.host_errors import LinkError, OtherHardwareError, ProgramStoppedError, RefusedError
from flow.link_protocol import Packet, PacketFinder, encode
from golden.program_error import ProgramError
from hw.accelerator_config import AcceleratorConfig
from hw.config import EngineConfig
from hw.host_port import HostMemory
from hw.identification import identification
from hw.packet import STATUS_WORDS, Command, Result
from hw.register_map import COUNTERS, REGISTERS, State
from sim.byte_faults import ByteFaults

CONFIG = AcceleratorConfig()
WORDS = 1000
STATE = REGISTERS["state"].word


class Device:
    """An accelerator's link: what it has been asked, and memories of so many words."""

    def __init__(self):
        self.memory = {}
        self.changes = []
        self.last = None
        self.set_registers(**identification(CONFIG))

    def set_registers(self, **values):
        number = REGISTERS.encode(values)
        for word in {REGISTERS[name].word for name in values}:
            self.memory[HostMemory.REGISTER, word] = number >> 32 * word & 0xFFFFFFFF

    def answer(self, packet):
        changes = packet.command in (Command.WRITE, Command.RUN)
        if changes and self.last is not None and self.last.sequence == packet.sequence:
            return self.last
        done, words = self.do(packet)
        result = Result.DONE if done else Result.REFUSED
        question = (packet.command, packet.sequence, packet.memory, packet.address, packet.count)
        self.last = Packet(*question, payload=tuple(words), result=result)
        return self.last

    def do(self, packet):
        address, count = packet.address, packet.count
        if packet.command is Command.RUN:
            self.changes.append(("run", address))
            return True, ()
        if packet.command is Command.STATUS:
            span = range(STATE, STATE + STATUS_WORDS)
            return True, [self.memory.get((HostMemory.REGISTER, n), 0) for n in span]
        if address + max(count, len(packet.payload)) > WORDS:
            return False, ()
        if packet.command is Command.WRITE:
            self.changes.append((packet.memory, address, packet.payload))
        for index, word in enumerate(packet.payload):
            self.memory[packet.memory, address + index] = word
        span = range(address, address + count)
        return True, [self.memory.get((packet.memory, n), 0) for n in span]


class Line:
    """A carrier to a device, with faults both ways; `mute` requests go nowhere."""

    PIECE = 13
    """Bytes received at a time: as with a serial port, not a whole packet."""

    def __init__(self, device, faults=None, *, mute=0):
        self.device = device
        self.faults = faults or ByteFaults(np.random.default_rng(0))
        self.mute = mute
        self.sent = 0
        self._finder = PacketFinder()
        self._received = b""
        self._time = 0.0

    def send(self, data):
        self.sent += 1
        if self.sent > self.mute:
            for packet in self._finder.feed(self.faults.apply(data)):
                self._received += self.faults.apply(encode(self.device.answer(packet)))

    def receive(self, timeout):
        data, self._received = self._received[: self.PIECE], self._received[self.PIECE :]
        if not data:
            # The device has given up what has come of a packet.
            self._finder.clear()
            self._time += timeout
        return data

    def now(self):
        return self._time


def bad_line(seed):
    random = np.random.default_rng(seed)
    return Line(Device(), ByteFaults(random, lose=0.003, repeat=0.003, change=0.003))


def test_what_is_written_is_read():
    host = Host(Line(Device()))
    for memory in HostMemory:
        words = np.random.default_rng(1).integers(1 << 32, size=600, dtype=np.uint32)
        host.write(memory, 40, words)
        np.testing.assert_array_equal(host.read(memory, 40, 600), words)
    assert host.link.repeated == 0


@pytest.mark.parametrize("seed", range(5))
def test_a_bad_line_loses_nothing(seed):
    line, random = bad_line(seed), np.random.default_rng([seed, 1])
    host = Host(line, attempts=40, packet_words=16)
    expected, changes = np.zeros(WORDS, np.uint32), []
    for number in range(150):
        words = random.integers(1 << 32, size=int(random.integers(1, 17)), dtype=np.uint32)
        start = int(random.integers(WORDS - 16))
        host.write(HostMemory.WEIGHT, start, words)
        host.run(number)
        expected[start : start + len(words)] = words
        changes += [(HostMemory.WEIGHT, start, tuple(words.tolist())), ("run", number)]
    np.testing.assert_array_equal(host.read(HostMemory.WEIGHT, 0, WORDS), expected)
    assert line.device.changes == changes, "something was done twice, or not, or out of order"
    assert line.faults.count > 100
    assert host.link.repeated > 20


def test_a_new_host_is_not_taken_for_the_one_before(monkeypatch):
    monkeypatch.setattr("secrets.randbelow", lambda below: 0xFFFE)
    device = Device()
    for _ in range(3):
        Host(Line(device)).run(0)
    assert device.changes == [("run", 0)] * 3


def test_requests_are_sent_again():
    line = Line(Device(), mute=4)
    host = Host(line, timeout=0.5)
    assert (host.link.repeated, line.sent, line.now()) == (4, 5, 2.0)


def test_a_late_answer_is_not_taken_for_another():
    class Late(Line):
        """Every request is sent twice before its first answer comes, and so is answered twice."""

        PIECE = 4

        def receive(self, timeout):
            if self.sent % 2 == 0:
                return super().receive(timeout)
            self._time += timeout
            return b""

    device = Device()
    host = Host(Late(device))
    for value in range(5):
        device.memory[HostMemory.WEIGHT, 3] = value
        assert host.read(HostMemory.WEIGHT, 3, 1).tolist() == [value]
    assert host.link.repeated == 6


def test_no_answer_is_told():
    sentence = (
        "no answer to STATUS in 3 attempts of 0.25 s: "
        "check the carrier, its speed, and that the bitstream is loaded"
    )
    with pytest.raises(LinkError, match=f"^{re.escape(sentence)}$"):
        Host(Line(Device(), mute=100), timeout=0.25, attempts=3)


def test_refusal_is_told():
    host = Host(Line(Device()))
    for call, what in (
        (lambda: host.write(HostMemory.WEIGHT, 999, [1, 2]), "WRITE at address 999"),
        (lambda: host.read(HostMemory.WEIGHT, 999, 2), "READ at address 999"),
    ):
        sentence = (
            f"the accelerator refused {what} of memory WEIGHT, 2 words: "
            "there is no such address, or a program is running"
        )
        with pytest.raises(RefusedError, match=f"^{sentence}$"):
            call()


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        ({}, None),
        (
            {"rows": 4, "number_rules": 3},
            "rows must be 8, and the hardware says 4: load the bitstream of this configuration, ",
        ),
        ({"number_rules": 3}, "number_rules must be .*, and the hardware says 3: "),
        ({"magic": 0}, "magic must be .*, and the hardware says 0: "),
        ({"program_words": 64}, "program_words must be 4096, and the hardware says 64: "),
    ],
)
def test_other_hardware_is_told(found, sentence):
    device = Device()
    device.set_registers(**identification(CONFIG) | found)
    host = Host(Line(device))
    if sentence is None:
        host.check(CONFIG)
    else:
        with pytest.raises(OtherHardwareError, match=f"^{sentence}"):
            host.check(CONFIG)


def test_identification_is_that_of_the_configuration():
    config = AcceleratorConfig(EngineConfig(rows=5, cols=3), program_words=64)
    device = Device()
    device.set_registers(**identification(config))
    assert Host(Line(device)).identification() == identification(config)


def test_status_and_counters():
    device = Device()
    host = Host(Line(device))
    device.set_registers(state=State.RUNNING, error=ProgramError.NONE, error_address=0)
    assert host.status() == Status(State.RUNNING, ProgramError.NONE, 0)
    counted = {name: 1000 + n for n, name in enumerate(COUNTERS)}
    device.set_registers(**counted)
    assert host.counters() == counted


def test_wait_returns_when_the_program_is_done():
    device = Device()
    host = Host(Line(device))
    device.set_registers(state=State.DONE)
    assert host.wait(timeout=1).state is State.DONE


def test_wait_tells_why_a_program_stopped():
    device = Device()
    host = Host(Line(device))
    device.set_registers(state=State.ERROR, error=ProgramError.OPCODE, error_address=32)
    with pytest.raises(ProgramStoppedError, match=r"^the program stopped at address 32: OPCODE$"):
        host.wait(timeout=1)


def test_wait_does_not_wait_for_ever():
    class Slow(Line):
        def send(self, data):
            self._time += 0.3
            super().send(data)

    device = Device()
    host = Host(Slow(device))
    device.set_registers(state=State.RUNNING)
    with pytest.raises(LinkError, match=r"^the program is still running after 2 s; wait longer$"):
        host.wait(timeout=2)


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (lambda h: h.write(HostMemory.WEIGHT, 0, [1 << 32]), ValueError,
         "a word must be from 0 to 4294967295, not 4294967296"),
        (lambda h: h.write(HostMemory.WEIGHT, 0, [-1]), ValueError,
         "a word must be from 0 to 4294967295, not -1"),
        (lambda h: h.write(HostMemory.WEIGHT, 0, [0.5]), TypeError,
         "words must be a list of integers, not 1 axes of float64"),
        (lambda h: h.read(HostMemory.WEIGHT, 0, 0), ValueError,
         "read must be of 1 word or more at addresses from 0 to 4294967295, not of 0 at 0"),
        (lambda h: h.read(HostMemory.WEIGHT, (1 << 32) - 1, 2), ValueError,
         "read must be of 1 word or more at addresses from 0 to 4294967295, not of 2 at "),
        (lambda h: h.run(-16), ValueError,
         "run must be of 1 word or more at addresses from 0 to 4294967295, not of 1 at -16"),
        (lambda h: Host(Line(Device()), packet_words=257), ValueError,
         "packet_words must be from 1 to 256, not 257"),
        (lambda h: Host(Line(Device()), attempts=0), ValueError,
         "attempts must be 1 or more, not 0"),
        (lambda h: Host(Line(Device()), timeout=0), ValueError,
         "timeout must be above 0 s, not 0"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_told(call, error, sentence):
    with pytest.raises(error, match=f"^{re.escape(sentence)}"):
        call(Host(Line(Device())))
