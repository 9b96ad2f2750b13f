"""Activation reader: every row of every job, as the loop nest has it, without a bubble."""

from collections import deque
from typing import Any

import cocotb
import numpy as np
import numpy.typing as npt
from amaranth.lib.data import StructLayout

from golden.names import parse_name
from hw.accelerator_config import AcceleratorConfig
from hw.activation_reader import ActivationReader
from hw.config import EngineConfig
from hw.loop_nest import LoopNest
from hw.multiplier_kind import MultiplierKind
from hw.narrow_instruction import NarrowInstruction
from sim import clock
from sim.activation_jobs import COUNTS, draw_job, draw_job_at_the_end
from sim.environment import generator, parameters
from sim.instruction_rules import narrowed
from sim.lanes import pack
from sim.loop_nest import OutsideError, read_rows
from sim.scoreboard import Scoreboard
from sim.stalls import StallPattern
from sim.stimulus import weighted
from sim.streams import StreamDriver, StreamMonitor
from sim.testbench import Testbench

QUIET = 40

Job = dict[str, int]


def _narrow(rows: int, size: int) -> NarrowInstruction:
    engine = EngineConfig(rows=rows, cols=rows, depth=64)
    return NarrowInstruction(AcceleratorConfig(engine, activation_bytes=size))


def _build(
    *, rows: int, size: int, read_latency: int, narrow: bool = False, kind: str = "portable"
) -> Any:
    return ActivationReader(
        rows=rows,
        size=size,
        read_latency=read_latency,
        instruction=_narrow(rows, size) if narrow else None,
        multiplier=parse_name(MultiplierKind, kind),
    )


TESTBENCH = Testbench(
    build=_build,
    everyday=[
        {"rows": 8, "size": 256, "read_latency": 5, "narrow": True},
        {"rows": 3, "size": 100, "read_latency": 4},
    ],
    long=[
        {"rows": 8, "size": 256, "read_latency": 5},
        {"rows": 8, "size": 65536, "read_latency": 7, "narrow": True, "kind": "ecp5"},
        {"rows": 3, "size": 100, "read_latency": 4, "narrow": True, "kind": "ecp5"},
        {"rows": 1, "size": 64, "read_latency": 3},
        {"rows": 2, "size": 1000, "read_latency": 3, "narrow": True},
        {"rows": 4, "size": 4096, "read_latency": 4, "narrow": True},
        {"rows": 4, "size": 65536, "read_latency": 4},
        {"rows": 7, "size": 1000, "read_latency": 8},
        {"rows": 64, "size": 512, "read_latency": 6},
    ],
)


def _contents() -> npt.NDArray[np.int8]:
    return weighted(generator("memory"), (parameters()["size"],)).astype(np.int8)


class _Memory:
    """The read side of a memory: the bytes at an address, `read_latency` cycles after it."""

    def __init__(self, dut: Any) -> None:
        self._dut = dut
        self._contents = _contents()
        self.reads: list[int] = []
        """The cycle of each read."""
        cocotb.start_soon(self._serve())

    async def _serve(self) -> None:
        rows, edge = parameters()["rows"], clock.edge(self._dut)
        modulus = 1 << len(self._dut.read_address)
        # A window that nobody asked for holds a value that changes.
        late = deque([0] * (parameters()["read_latency"] - 1))
        while True:
            await edge
            beat = (clock.cycle() * 0x9E3779B97F4A7C15) & ((1 << (8 * rows)) - 1)
            if int(self._dut.read_en.value):
                self.reads.append(clock.cycle())
                places = (int(self._dut.read_address.value) + np.arange(rows)) % modulus
                beat = pack(self._contents[places % len(self._contents)], 8)
            late.append(beat)
            self._dut.read_data.value = late.popleft()


def _bits(job: Job) -> int:
    given = parameters()
    if given.get("narrow"):
        job = narrowed(_narrow(given["rows"], given["size"]), job)
    layout: StructLayout = _build(**given).job
    bits: int = layout.const(job).as_bits()
    return bits


def _rows_before_an_error(jobs: list[Job]) -> tuple[list[list[int]], bool, int]:
    """Return what is read of the jobs, whether that ends with an error, and after how many jobs."""
    contents, rows = _contents(), []
    for index, job in enumerate(jobs):
        try:
            for row in read_rows(contents, job, parameters()["rows"]):
                rows.append(row)
        except OutsideError:
            return rows, True, index
    return rows, False, len(jobs)


def _draw_job(random: np.random.Generator) -> Job:
    return draw_job(random, rows=parameters()["rows"], size=parameters()["size"])


def _draw_jobs(key: str, count: int) -> list[Job]:
    random = generator(key)
    return [_draw_job(random) for _ in range(count)]


def _rows(jobs: list[Job]) -> list[list[int]]:
    return _rows_before_an_error(jobs)[0]


async def _run(
    dut: Any,
    jobs: list[Job],
    source: StallPattern = StallPattern.NEVER,
    sink: StallPattern = StallPattern.NEVER,
) -> tuple[StreamDriver, StreamMonitor]:
    expected = _rows(jobs)
    before = int(dut.o_read.value)
    board = Scoreboard("o", expected, bits=8)
    monitor = StreamMonitor(dut, "o", stalls=sink, check=board.check)
    driver = StreamDriver(dut, "i", stalls=source)
    driver.start([_bits(job) for job in jobs])
    await monitor.receive(len(expected), within=500 + 20 * len(expected))
    for _ in range(QUIET):
        await clock.edge(dut)
    monitor.stop()
    assert int(dut.o_read.value) == (before + len(jobs)) % 16
    assert not int(dut.o_error.value), "an error without a cause"
    return driver, monitor


@cocotb.test()
@cocotb.parametrize(
    (
        ("source", "sink"),
        [
            *((pattern.name, "NEVER") for pattern in StallPattern.of_sources()),
            *(("NEVER", pattern.name) for pattern in StallPattern),
            ("RANDOM", "RANDOM"),
        ],
    )
)
async def every_row_comes(dut: Any, source: str, sink: str) -> None:
    """Jobs of every kind, under every pattern of stalls."""
    await clock.start(dut)
    _Memory(dut)
    await _run(
        dut, _draw_jobs(f"rows {source} {sink}", 6), StallPattern[source], StallPattern[sink]
    )


@cocotb.test()
async def jobs_follow_without_a_bubble(dut: Any) -> None:
    """A row a cycle, at loop ends and between jobs; jobs of fewer rows begin a few cycles apart."""
    await clock.start(dut)
    memory = _Memory(dut)
    jobs = _draw_jobs("bubbles", 30)
    for job in jobs[10:20]:
        job |= dict.fromkeys(COUNTS, 1)
    driver, monitor = await _run(dut, jobs)
    counts = [len(_rows([job])) for job in jobs]
    firsts = np.cumsum([0, *counts[:-1]])
    expected = np.cumsum([0, *(max(count, LoopNest.OVERLAP) for count in counts[:-1])])
    begins = np.asarray(monitor.cycles)[firsts]
    assert (begins - begins[0] == expected).all(), f"begins in cycles {begins}"
    # The driver's cycle is that in which the job was taken.
    late = ActivationReader.READ_AFTER - ActivationReader.BEGIN_AFTER
    assert memory.reads[0] - driver.cycles[0] == late
    assert monitor.cycles[0] - memory.reads[0] == _build(**parameters()).row_latency


@cocotb.test()
async def a_job_waits_for_what_it_reads(dut: Any) -> None:
    """It begins when exactly the number of jobs it names is written, and not before."""
    await clock.start(dut)
    memory = _Memory(dut)
    random = generator("wait")
    for wait_for in (3, 15, 0):
        job = _draw_job(random) | {"wait": 1, "wait_for": wait_for}
        before = _draw_job(random) | {"wait": 0}
        board = Scoreboard("o", _rows([before, job]), bits=8)
        monitor = StreamMonitor(dut, "o", check=board.check)
        dut.i_written.value = (wait_for - 1) % 16
        StreamDriver(dut, "i").start([_bits(before), _bits(job)])
        first = len(_rows([before]))
        await monitor.receive(first, within=500 + 5 * first)
        for _ in range(QUIET):
            await clock.edge(dut)
        assert len(monitor.beats) == first, "began before the job it waits for was written"
        memory.reads.clear()
        dut.i_written.value = wait_for
        await clock.edge(dut)
        written = clock.cycle()
        await monitor.receive(len(board), within=500 + 5 * len(board))
        assert memory.reads[0] - written == ActivationReader.READ_AFTER
        monitor.stop()


@cocotb.test()
async def reading_outside_the_memory_is_an_error(dut: Any) -> None:
    """The rows before it come, no later one does, and a reset mends it.

    An image that reaches over the end is none, as long as nothing is read there.
    """
    await clock.start(dut)
    _Memory(dut)
    random = generator("outside")
    outcomes = []
    for _ in range(40):
        jobs = [
            _draw_job(random),
            draw_job_at_the_end(random, rows=parameters()["rows"], size=parameters()["size"]),
            _draw_job(random),
        ]
        rows, error, read = _rows_before_an_error(jobs)
        board = Scoreboard("o", rows, bits=8)
        monitor = StreamMonitor(dut, "o", check=board.check)
        driver = StreamDriver(dut, "i")
        task = driver.start([_bits(job) for job in jobs])
        await monitor.receive(len(rows), within=500 + 5 * len(rows))
        for _ in range(QUIET):
            await clock.edge(dut)
        board.finish()
        assert int(dut.o_error.value) == error, f"o_error is not {error} after {jobs}"
        assert int(dut.o_read.value) == read, f"o_read is not {read} after {jobs}"
        task.cancel()
        driver.stop()
        monitor.stop()
        await clock.reset(dut, cycles=1)
        outcomes.append(error)
    assert {*outcomes} == {False, True}
