"""Pass generator: the passes of every tile, in order, one a cycle."""

from typing import Any

import cocotb
import numpy as np

from hw.instruction import AccumulateOperation
from hw.pass_buffer import Pass
from hw.pass_generator import PassGenerator, PassRun
from sim import clock
from sim.environment import generator, parameters
from sim.stalls import StallPattern
from sim.streams import StreamDriver, StreamMonitor
from sim.testbench import Testbench


def _build(*, passes: int, depth: int) -> Any:
    return PassGenerator(passes=passes, depth=depth)


TESTBENCH = Testbench(
    build=_build,
    everyday=[{"passes": 40, "depth": 512}],
    long=[{"passes": 2, "depth": 2}, {"passes": 1024, "depth": 9}],
)


def _runs() -> list[dict[str, int]]:
    """Draw runs of few tiles and passes, and the longest ones."""
    random, limit = generator("runs"), parameters()["passes"]
    runs = []
    for n in range(40):
        tiles = int(random.integers(1, min(limit, 5) + 1))
        passes = int(random.integers(1, min(limit // tiles, 6) + 1))
        if n < 2:
            tiles, passes = ((limit, 1), (1, limit))[n]
        runs.append(
            {
                "tiles_minus_1": tiles - 1,
                "passes_minus_1": passes - 1,
                "rows_minus_1": int(random.integers(parameters()["depth"])),
                "first": int(random.integers(4)),
                "rest": int(random.integers(4)),
                "drain": int(random.integers(2)),
            }
        )
    return runs


def _passes(run: dict[str, int]) -> list[int]:
    layout, beats = Pass(depth=parameters()["depth"]), []
    for _ in range(run["tiles_minus_1"] + 1):
        for n in range(run["passes_minus_1"] + 1):
            operation = AccumulateOperation(run["rest" if n else "first"])
            drain = run["drain"] * (n == run["passes_minus_1"])
            fields = {"rows_minus_1": run["rows_minus_1"], "drain": drain, "operation": operation}
            beats.append(layout.const(fields).as_bits())
    return beats


async def _check(
    dut: Any, source: StallPattern, sink: StallPattern
) -> tuple[StreamDriver, StreamMonitor]:
    await clock.start(dut)
    runs = _runs()
    layout = PassRun(**parameters())
    expected = [beat for run in runs for beat in _passes(run)]
    monitor = StreamMonitor(dut, "o", stalls=sink)
    driver = StreamDriver(dut, "i", stalls=source)
    driver.start(layout.const(run).as_bits() for run in runs)
    beats = await monitor.receive(len(expected), within=500 + 100 * len(expected))
    for _ in range(5):
        await clock.edge(dut)
    assert beats == expected
    return driver, monitor


@cocotb.test()
@cocotb.parametrize(
    source=[pattern.name for pattern in StallPattern.of_sources()],
    sink=[pattern.name for pattern in StallPattern],
)
async def every_pass_in_order(dut: Any, source: str, sink: str) -> None:
    """Every pattern of the runs against every pattern of the reader."""
    await _check(dut, StallPattern[source], StallPattern[sink])


@cocotb.test()
async def latency_and_no_bubble_between_runs(dut: Any) -> None:
    """Without stalls the first pass comes `LATENCY` cycles after its run, then one a cycle."""
    driver, monitor = await _check(dut, StallPattern.NEVER, StallPattern.NEVER)
    assert monitor.cycles[0] - driver.cycles[0] == PassGenerator.LATENCY
    assert (np.diff(monitor.cycles) == 1).all(), f"cycles {monitor.cycles}"
