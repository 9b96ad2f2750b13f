"""Word reader with its memory: every word once, in order, one a cycle, and the host's view."""

from typing import Any

import cocotb
import numpy as np
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.memory import Memory

from hw.word_memory import WordMemory
from hw.word_reader import WordReader, WordRun
from sim import clock
from sim.environment import generator, parameters
from sim.stalls import StallPattern
from sim.streams import StreamDriver, StreamMonitor
from sim.testbench import Testbench

HOST = ("i_host", "host_address", "host_write", "host_data")


class _ReadMemory(wiring.Component):  # type: ignore[misc]
    """A reader and the memory that it reads."""

    def __init__(self, *, width: int, depth: int, fast: bool = False, **options: Any) -> None:
        self.memory = WordMemory(width, depth=depth, **options)
        self.reader = WordReader(
            width, depth=depth, read_latency=1 if fast else WordMemory.READ_LATENCY
        )
        members, reader = self.memory.signature.members, self.reader.signature.members
        super().__init__(
            {
                "i": reader["i"],
                "o": reader["o"],
                **{name: members[name] for name in (*HOST, "o_host_data")},
            }
        )

    def elaborate(self, platform: Any) -> Any:
        m = Module()
        m.submodules.memory = memory = self.memory
        m.submodules.reader = reader = self.reader
        m.d.comb += [
            *(getattr(memory, name).eq(getattr(self, name)) for name in HOST),
            self.o_host_data.eq(memory.o_host_data),
        ]
        if reader.read_latency == 1:
            self._read_a_fast_one(m)
        else:
            wiring.connect(m, reader.memory, memory.unit)
        wiring.connect(m, wiring.flipped(self.i), reader.i)
        wiring.connect(m, reader.o, wiring.flipped(self.o))
        return m

    def _read_a_fast_one(self, m: Any) -> None:
        """Let the reader read another memory, of words of 32 bits, that the host writes, too."""
        m.submodules.fast = fast = Memory(shape=32, depth=self.memory.depth, init=[])
        write, read, port = fast.write_port(), fast.read_port(), self.reader.memory
        m.d.comb += [
            write.addr.eq(self.host_address),
            write.data.eq(self.host_data),
            write.en.eq(self.host_write),
            read.addr.eq(port.address),
            port.data.eq(read.data),
        ]


def _build(**parameters: Any) -> Any:
    return _ReadMemory(**parameters)


TESTBENCH = Testbench(
    build=_build,
    everyday=[{"width": 90, "depth": 24}],
    long=[
        {"width": 8, "depth": 2},
        {"width": 32, "depth": 24, "fast": True},
        {"width": 32, "depth": 64},
        {"width": 33, "depth": 13},
        {"width": 512, "depth": 40},
        {"width": 65, "depth": 24, "slice_bits": 24 * 96 - 1},
        {"width": 64, "depth": 24, "slice_bits": 24 * 8},
    ],
)


def _words() -> list[int]:
    """What the memory holds."""
    width, depth = parameters()["width"], parameters()["depth"]
    random = generator("words")
    return [int.from_bytes(random.bytes(64), "little") & ((1 << width) - 1) for _ in range(depth)]


async def _access(dut: Any, address: int, value: int | None = None) -> None:
    """Read or write as the host does."""
    dut.i_host.value = 1
    dut.host_address.value = address
    dut.host_write.value = int(value is not None)
    dut.host_data.value = value or 0
    await clock.edge(dut)
    dut.host_write.value = 0


async def _load(dut: Any) -> WordMemory:
    memory: WordMemory = _build(**parameters()).memory
    for index, word in enumerate(_words()):
        for lane in range(memory.stride):
            await _access(dut, index * memory.stride + lane, word >> 32 * lane & 0xFFFFFFFF)
    dut.i_host.value = 0
    await clock.edge(dut)
    return memory


@cocotb.test()
async def host_reads_what_it_wrote(dut: Any) -> None:
    """Lanes in any order, padding 0, `HOST_LATENCY` cycles after the address."""
    await clock.start(dut)
    memory = await _load(dut)
    random, words = generator("host"), _words()
    addresses = random.permutation(memory.depth * memory.stride).tolist()
    stored = (1 << 32 * memory.lanes) - 1
    seen = []
    for address in addresses + [0] * memory.HOST_LATENCY:
        await _access(dut, address)
        seen.append(dut.o_host_data.value)
    for n, address in enumerate(addresses):
        index, lane = divmod(address, memory.stride)
        written = words[index] >> 32 * lane & 0xFFFFFFFF if stored >> 32 * lane else 0
        assert int(seen[n + memory.HOST_LATENCY]) == written, f"lane {lane} of word {index}"


def _runs(count: int) -> list[tuple[int, int]]:
    """Draw runs (address, words), the first and the last word and all of them among them."""
    depth, random = parameters()["depth"], generator("runs")
    runs = [(0, 1), (depth - 1, 1), (0, depth), (0, 2), (1, 1)]
    for _ in range(count):
        address = int(random.integers(depth))
        runs.append((address, int(random.integers(1, depth - address + 1))))
    return runs


async def _read(
    dut: Any, runs: list[tuple[int, int]], source: StallPattern, sink: StallPattern
) -> tuple[StreamDriver, StreamMonitor]:
    words, layout = _words(), WordRun(depth=parameters()["depth"])
    expected = [word for address, count in runs for word in words[address : address + count]]
    monitor = StreamMonitor(dut, "o", stalls=sink)
    driver = StreamDriver(dut, "i", stalls=source)
    driver.start(
        layout.const({"address": address, "words_minus_1": count - 1}).as_bits()
        for address, count in runs
    )
    beats = await monitor.receive(len(expected), within=100 + 20 * len(expected) + 90 * len(runs))
    for _ in range(10):
        await clock.edge(dut)
    monitor.stop()
    assert beats == expected, f"word {next(n for n, e in enumerate(expected) if e != beats[n])}"
    return driver, monitor


@cocotb.test()
@cocotb.parametrize(
    source=[pattern.name for pattern in StallPattern.of_sources()],
    sink=[pattern.name for pattern in StallPattern],
)
async def every_word_once(dut: Any, source: str, sink: str) -> None:
    """Every pattern of the runs against every pattern of the reader."""
    await clock.start(dut)
    await _load(dut)
    await _read(dut, _runs(12), StallPattern[source], StallPattern[sink])


@cocotb.test()
async def latency_and_no_bubble_between_runs(dut: Any) -> None:
    """Without stalls the first word comes `latency` cycles after its run, then one a cycle."""
    await clock.start(dut)
    await _load(dut)
    driver, monitor = await _read(dut, _runs(12), StallPattern.NEVER, StallPattern.NEVER)
    reader = _build(**parameters()).reader
    assert monitor.cycles[0] - driver.cycles[0] == reader.latency
    assert (np.diff(monitor.cycles) == 1).all(), f"cycles {monitor.cycles}"
