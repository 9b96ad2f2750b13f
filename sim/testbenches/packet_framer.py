"""Packet framer: packets come through whole, and what is not whole is ended."""

from collections.abc import Sequence
from typing import Any

import cocotb

from hw.packet import MAGIC, MAX_WORDS, Command
from hw.packet_framer import PacketFramer
from sim import clock
from sim.environment import generator, parameters
from sim.link_packets import beats, request
from sim.stalls import StallPattern
from sim.streams import StreamDriver, StreamMonitor
from sim.testbench import Testbench

TESTBENCH = Testbench(build=PacketFramer, everyday=[{"gap": 20}], long=[{"gap": 1}])

_GIVEN_UP = 1 << 32
"""The beat that ends what was given up."""


def _bytes(words: Sequence[int]) -> list[int]:
    return [byte for word in words for byte in word.to_bytes(4, "little")]


def _packets(key: str, count: int, *, first: int = MAGIC) -> list[list[int]]:
    """Draw packets whose payloads begin with the magic, as any may, or with another word."""
    random = generator(key)
    packets = []
    for sequence in range(count):
        length = int(random.choice([0, 1, 2, 7]))
        payload = [first, *random.integers(1 << 32, size=6).tolist()][:length]
        packets.append(request(payload, sequence=sequence, command=Command.WRITE))
    return packets


class _Bench:
    def __init__(self, dut: Any, source: str = "NEVER", sink: str = "NEVER") -> None:
        self.dut = dut
        self.driver = StreamDriver(dut, "i", stalls=StallPattern[source])
        self.monitor = StreamMonitor(dut, "o", stalls=StallPattern[sink])

    async def pause(self, cycles: int) -> None:
        for _ in range(cycles):
            await clock.edge(self.dut)

    def frames(self) -> list[list[int]]:
        """Return the frames that have come; all must have ended."""
        frames: list[list[int]] = [[]]
        for beat in self.monitor.beats:
            frames[-1].append(beat)
            if beat >> 32:
                frames.append([])
        assert frames.pop() == [], "a frame was not ended"
        return frames


@cocotb.test()
@cocotb.parametrize(source=["NEVER", "ALTERNATE", "RANDOM"])
async def packets_back_to_back(dut: Any, source: str) -> None:
    """Among bytes that begin no packet; as fast as bytes can come."""
    if parameters()["gap"] == 1 and source != "NEVER":
        return
    await clock.start(dut)
    bench, random = _Bench(dut, source), generator("garbage", source)
    packets = _packets("packets" + source, 40)
    for packet in packets:
        garbage = random.integers(256, size=int(random.integers(6))).tolist()
        await bench.driver.send([*garbage, *_bytes(packet)])
    await bench.pause(5)
    assert bench.frames() == [beats(packet) for packet in packets]


@cocotb.test()
async def the_longest_packet(dut: Any) -> None:
    """As long as a packet may be; one word more is given up behind the header."""
    await clock.start(dut)
    bench = _Bench(dut)
    longest = request([5] * MAX_WORDS, command=Command.WRITE)
    too_long = request([5] * (MAX_WORDS + 1), command=Command.WRITE)
    await bench.driver.send(_bytes(longest) + _bytes(too_long) + _bytes(longest))
    await bench.pause(5)
    whole = beats(longest)
    assert bench.frames() == [whole, [*too_long[:4], _GIVEN_UP], whole]


@cocotb.test()
async def a_gap_ends_a_packet(dut: Any) -> None:
    """Whatever has come of it; and the next one is found."""
    await clock.start(dut)
    gap, packet = parameters()["gap"], request([1, 2], command=Command.WRITE)
    bench = _Bench(dut)
    expected = []
    data = _bytes(packet)
    for length in range(1, len(data)):
        await bench.driver.send(data[:length])
        await bench.pause(gap + 5)
        await bench.driver.send(data)
        # Less than a magic begins nothing.
        expected += [[*packet[: length // 4], _GIVEN_UP]] if length >= 4 else []
        expected += [beats(packet)]
    await bench.pause(5)
    assert bench.frames() == expected


@cocotb.test()
async def a_pause_within_the_gap_does_not(dut: Any) -> None:
    """The packet goes on where it was."""
    await clock.start(dut)
    gap, packet = parameters()["gap"], request([1, 2], command=Command.WRITE)
    bench = _Bench(dut)
    for byte in _bytes(packet):
        await bench.driver.send([byte])
        await bench.pause(gap - 1)
    await bench.pause(5)
    assert bench.frames() == [beats(packet)]


@cocotb.test()
async def words_that_are_not_taken(dut: Any) -> None:
    """Then packets are lost, but what comes through is one of them or is ended early."""
    await clock.start(dut)
    bench = _Bench(dut, sink="BURSTS")
    packets = _packets("slow", 160, first=0)
    whole = [beats(packet) for packet in packets]
    for packet in packets:
        await bench.driver.send(_bytes(packet))
    await bench.pause(200)
    found = bench.frames()
    came = [frame for frame in found if frame in whole]
    assert 5 < len(came) < len(packets)
    for frame in found:
        if frame not in whole:
            assert frame[-1] == _GIVEN_UP
            assert any(frame[:-1] == other[: len(frame) - 1] for other in whole)


@cocotb.test()
async def garbage_does_not_hang_it(dut: Any) -> None:
    """Random bytes with magics among them, a gap, and then a packet."""
    await clock.start(dut)
    bench, random = _Bench(dut), generator("noise")
    for _ in range(40):
        noise = random.integers(256, size=int(random.integers(60))).tolist()
        await bench.driver.send([*_bytes([MAGIC]), *noise])
    await bench.pause(parameters()["gap"] + 5)
    packet = request([3], command=Command.WRITE)
    await bench.driver.send(_bytes(packet))
    await bench.pause(5)
    assert bench.frames()[-1] == beats(packet)
