"""Output writer: every row to its place, in order, without a bubble."""

from typing import Any

import cocotb
import numpy as np

from hw.job_layout import job_layout
from hw.loop_nest import LoopNest
from hw.output_writer import OutputWriter
from sim import clock
from sim.environment import generator, parameters
from sim.lanes import pack, unpack
from sim.loop_nest import writes
from sim.stalls import StallPattern
from sim.stimulus import weighted
from sim.streams import StreamDriver
from sim.testbench import Testbench

QUIET = 20
JOB = job_layout(*OutputWriter.FIELDS)

Job = dict[str, int]
Write = tuple[int, list[int]]
"""The address of a write and the bytes that it writes."""


def _build(*, cols: int, size: int) -> Any:
    return OutputWriter(cols=cols, size=size)


TESTBENCH = Testbench(
    build=_build,
    everyday=[{"cols": 8, "size": 4096}, {"cols": 3, "size": 300}],
    long=[{"cols": 1, "size": 64}, {"cols": 64, "size": 65536}, {"cols": 7, "size": 1000}],
)


class _Memory:
    """Keeps what is written, and when."""

    def __init__(self, dut: Any) -> None:
        self._dut = dut
        self.writes: list[Write] = []
        self.cycles: list[int] = []
        self.counts: list[int] = []
        """`o_written` in the cycle of each write."""
        cocotb.start_soon(self._watch())

    async def _watch(self) -> None:
        dut, edge = self._dut, clock.edge(self._dut)
        while True:
            await edge
            if int(dut.write_en.value):
                row = unpack(int(dut.write_data.value), parameters()["cols"], 8)
                self.writes.append(
                    (int(dut.write_address.value), row[: int(dut.write_count.value)])
                )
                self.cycles.append(clock.cycle())
                self.counts.append(int(dut.o_written.value))


def _draw_job(random: np.random.Generator) -> Job:
    """Draw a job whose writes lie in memory."""
    cols, size = parameters()["cols"], parameters()["size"]
    while True:
        job = {
            **{name: int(random.integers(1, cols + 1)) for name in ("width", "last_width")},
            **{name: int(random.choice([1, 1, 2, 5])) for name in ("tiles_n", "rows_y", "rows_x")},
            "output_address": int(random.integers(size)),
            "output_step_n": int(random.choice([0, cols, int(random.integers(size))])),
            "output_pitch_y": int(random.choice([0, 1, 2 * cols + 1, int(random.integers(size))])),
            "output_pitch_x": int(random.choice([0, 1, cols, int(random.integers(size))])),
        }
        last = max(address + width for address, width in writes(job))
        if last > size:
            # As near to the end as it goes.
            job["output_address"] -= last - size
        if job["output_address"] >= 0:
            return job


def _draw_outputs(random: np.random.Generator, jobs: list[Job]) -> list[list[int]]:
    count = sum(1 for job in jobs for _ in writes(job))
    rows: list[list[int]] = weighted(random, (count, parameters()["cols"])).tolist()
    return rows


def _expected(jobs: list[Job], outputs: list[list[int]]) -> tuple[list[Write], int | None]:
    """Return the writes of jobs, and the first job that writes outside the memory."""
    done: list[Write] = []
    for index, job in enumerate(jobs):
        for address, width in writes(job):
            if address + width > parameters()["size"]:
                return done, index
            done.append((address, outputs[len(done)][:width]))
    return done, None


async def _run(
    dut: Any,
    jobs: list[Job],
    outputs: list[list[int]],
    source: StallPattern = StallPattern.NEVER,
    sink: StallPattern = StallPattern.NEVER,
) -> tuple[StreamDriver, StreamDriver]:
    """Send jobs and their results, ``source`` and ``sink`` stalling the one and the other."""
    drivers = StreamDriver(dut, "i", stalls=source), StreamDriver(dut, "i_output", stalls=sink)
    tasks = [
        drivers[0].start([JOB.const(job).as_bits() for job in jobs]),
        drivers[1].start([pack(row, 8) for row in outputs]),
    ]
    for task in tasks:
        await task
    for _ in range(QUIET):
        await clock.edge(dut)
    return drivers


@cocotb.test(timeout_time=200, timeout_unit="us")
@cocotb.parametrize(
    source=[pattern.name for pattern in StallPattern.of_sources()],
    outputs=[pattern.name for pattern in StallPattern.of_sources()],
)
async def every_row_is_written(dut: Any, source: str, outputs: str) -> None:
    """Jobs of every kind, under every pattern of stalls."""
    random = generator("rows", source, outputs)
    jobs = [_draw_job(random) for _ in range(6)]
    rows = _draw_outputs(random, jobs)
    await clock.start(dut)
    memory = _Memory(dut)
    await _run(dut, jobs, rows, StallPattern[source], StallPattern[outputs])
    assert (memory.writes, None) == _expected(jobs, rows)
    assert int(dut.o_written.value) == len(jobs)
    assert not int(dut.o_error.value)


@cocotb.test(timeout_time=200, timeout_unit="us")
async def jobs_follow_without_a_bubble(dut: Any) -> None:
    """A row a cycle; jobs of fewer rows begin a few cycles apart. Written ones are counted."""
    random = generator("bubbles")
    jobs = [_draw_job(random) for _ in range(60)]
    for job in jobs[20:40]:
        job |= {"tiles_n": 1, "rows_y": 1, "rows_x": 1}
    rows = _draw_outputs(random, jobs)
    await clock.start(dut)
    memory = _Memory(dut)
    first, taken = await _run(dut, jobs, rows)
    assert memory.cycles == taken.cycles
    rows_of = [len(list(writes(job))) for job in jobs]
    begins = np.asarray(memory.cycles)[np.cumsum([0, *rows_of[:-1]])]
    assert (np.diff(begins) == np.maximum(rows_of[:-1], LoopNest.OVERLAP)).all(), f"{begins}"
    assert memory.cycles[-1] - begins[-1] == rows_of[-1] - 1
    assert memory.cycles[0] - first.cycles[0] == OutputWriter.LATENCY
    counted = np.asarray(memory.cycles)[np.cumsum(rows_of) - 1] + OutputWriter.COUNTED_AFTER
    assert memory.counts == [(counted <= cycle).sum() % 16 for cycle in memory.cycles]


@cocotb.test(timeout_time=500, timeout_unit="us")
async def writing_outside_the_memory_is_an_error(dut: Any) -> None:
    """The rows before it are written, none is later, all are taken, and a reset mends it."""
    size, cols = parameters()["size"], parameters()["cols"]
    random = generator("outside")
    await clock.start(dut)
    for _ in range(40):
        jobs = [_draw_job(random) for _ in range(3)]
        name, high = random.choice(
            [
                ("output_address", size),
                ("output_address", size - cols + 1),
                ("output_address", (1 << 32) - 1),
                ("output_step_n", (1 << 16) - 1),
                ("output_pitch_y", (1 << 32) - 1),
                ("output_pitch_y", 1 << 31),
                ("output_pitch_x", (1 << 16) - 1),
            ]
        )
        jobs[int(random.integers(1, 3))][str(name)] = int(high)
        rows = _draw_outputs(random, jobs)
        expected, bad = _expected(jobs, rows)
        memory = _Memory(dut)
        await _run(dut, jobs, rows)
        assert memory.writes == expected
        assert int(dut.o_error.value) == (bad is not None), f"o_error after {jobs}"
        assert int(dut.o_written.value) == (len(jobs) if bad is None else bad)
        await clock.reset(dut, cycles=1)
