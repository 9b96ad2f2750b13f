"""Loop nest: every iteration of every job, with its sums, without a bubble."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import cocotb
import numpy as np

from hw.job_layout import job_layout
from hw.loop import Loop
from hw.loop_nest import LoopNest
from sim import clock
from sim.environment import generator, parameters
from sim.stalls import StallPattern
from sim.streams import StreamDriver, StreamMonitor
from sim.testbench import Testbench

JOB = job_layout(
    "tiles_n", "step_n", "x_start", "steps_ky", "step_ky", "y_start", "rows_x", "step_x"
)
LOOPS = {
    "n": Loop("tiles_n", "step_n", "x_start"),
    "ky": Loop("steps_ky", "step_ky", "y_start"),
    "x": Loop("rows_x", "step_x"),
}


def _build(*, loops: int, limit: int | None = None) -> Any:
    chosen = list(LOOPS.items())[-loops:]
    return LoopNest(JOB, {name: replace(loop, limit=limit) for name, loop in chosen})


TESTBENCH = Testbench(
    build=_build,
    everyday=[{"loops": 3}, {"loops": 3, "limit": 1000}],
    long=[{"loops": 1}, {"loops": 3, "limit": 0}, {"loops": 3, "limit": 70000}],
)


def _draw(key: str, count: int) -> list[dict[str, int]]:
    """Draw jobs of few iterations, many loops single, steps and starts of any size."""
    random = generator(key)
    jobs = []
    for _ in range(count):
        job = {}
        for name, field in JOB:
            shape: Any = field.shape
            low = -(1 << shape.width - 1) if shape.signed else 0
            ends = [low, low + 1, -1 if shape.signed else 1, low + (1 << shape.width) - 1]
            chosen = random.choice([*ends, int(random.integers(low, low + (1 << shape.width)))])
            job[name] = int(chosen)
        for loop in LOOPS.values():
            job[loop.count] = int(random.choice([1, 1, 2, 3, int(random.integers(1, 9))]))
        jobs.append(job)
    return jobs


def _iterations(job: dict[str, int]) -> Iterator[dict[str, Any]]:
    loops: dict[str, Loop] = _build(**parameters()).loops
    for indices in product(*(range(job[loop.count]) for loop in loops.values())):
        at = dict(zip(loops, indices, strict=True))
        yield {
            "sums": {
                name: (job[loop.start] if loop.start else 0) + at[name] * job[loop.step]
                for name, loop in loops.items()
            },
            "last": {name: int(at[name] == job[loop.count] - 1) for name, loop in loops.items()},
            "job": job,
        }


def _expected(beat: int, iteration: dict[str, Any]) -> int:
    """Return an iteration as it must be seen: above its limit a sum may be less than it is."""
    nest = _build(**parameters())
    seen, sums = nest.iteration.from_bits(beat).sums, dict(iteration["sums"])
    for name, loop in nest.loops.items():
        if loop.limit is not None and loop.limit < seen[name] <= sums[name]:
            sums[name] = seen[name]
    return int(nest.iteration.const(iteration | {"sums": sums}).as_bits())


async def _make_room(dut: Any, sink: StallPattern) -> None:
    """Have room behind the nest as a reader that stalls would."""
    stalls = sink.start(generator("room"))
    while True:
        dut.i_will_have_room.value = int(not stalls(bool(dut.o_take_room.value)))
        await clock.edge(dut)


async def _walk(
    dut: Any, jobs: list[dict[str, int]], source: StallPattern, sink: StallPattern
) -> tuple[StreamDriver, StreamMonitor]:
    iterations = [step for job in jobs for step in _iterations(job)]
    monitor = StreamMonitor(dut, "o")
    room = cocotb.start_soon(_make_room(dut, sink))
    driver = StreamDriver(dut, "i", stalls=source)
    driver.start([JOB.const(job).as_bits() for job in jobs])
    beats = await monitor.receive(len(iterations), within=2000 + 20 * len(iterations))
    room.cancel()
    monitor.stop()
    expected = [_expected(*pair) for pair in zip(beats, iterations, strict=True)]
    wrong = [
        index for index, pair in enumerate(zip(beats, expected, strict=True)) if len({*pair}) > 1
    ]
    assert not wrong, f"iteration {wrong[0]}: {beats[wrong[0]]:#x}, not {expected[wrong[0]]:#x}"
    return driver, monitor


@cocotb.test()
@cocotb.parametrize(
    source=[pattern.name for pattern in StallPattern.of_sources()],
    # Room is taken only when it is there, so nobody can ask for it.
    sink=[pattern.name for pattern in StallPattern if pattern is not StallPattern.WHEN_ASKED],
)
async def every_iteration_comes(dut: Any, source: str, sink: str) -> None:
    """Every pattern of stalls of one side against every pattern of the other."""
    await clock.start(dut)
    await _walk(dut, _draw(source + sink, 10), StallPattern[source], StallPattern[sink])


@cocotb.test()
async def no_bubbles(dut: Any) -> None:
    """Jobs of a few iterations follow each other without a bubble; shorter ones last as long."""
    await clock.start(dut)
    jobs = _draw("bubbles", 60)
    for job in jobs[20:40]:
        job |= dict.fromkeys((loop.count for loop in LOOPS.values()), 1)
    driver, monitor = await _walk(dut, jobs, StallPattern.NEVER, StallPattern.NEVER)
    counts = [len(list(_iterations(job))) for job in jobs]
    firsts = np.cumsum([0, *counts[:-1]])
    expected = np.cumsum([0, *(max(count, LoopNest.OVERLAP) for count in counts[:-1])])
    begins = np.asarray(monitor.cycles)[firsts]
    assert (begins - begins[0] == expected).all(), f"begins in cycles {begins}"
    assert monitor.cycles[-1] - begins[-1] == counts[-1] - 1
    assert monitor.cycles[0] - driver.cycles[0] == LoopNest.LATENCY
