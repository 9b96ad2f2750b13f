"""Stream buffer: every beat once, in order, one a cycle if nobody stalls; also in a memory."""

from typing import Any

import cocotb
import numpy as np

from hw.stream_buffer import StreamBuffer
from sim import clock
from sim.environment import generator, parameters
from sim.lanes import pack
from sim.scoreboard import Scoreboard
from sim.stalls import StallPattern
from sim.stimulus import Integers, weighted
from sim.streams import StreamDriver, StreamMonitor
from sim.testbench import Testbench


def _build(*, bits: int, in_memory: bool = False) -> Any:
    return StreamBuffer(bits, in_memory=in_memory)


TESTBENCH = Testbench(
    build=_build,
    everyday=[{"bits": 8}, {"bits": 8, "in_memory": True}],
    long=[{"bits": bits, **options} for options in ({}, {"in_memory": True}) for bits in (1, 96)],
)


def _draw(key: str) -> Integers:
    return weighted(generator(key), (200, 1), bits=min(parameters()["bits"], 62))


async def _pass_on(
    dut: Any, rows: Integers, source: StallPattern, sink: StallPattern
) -> tuple[StreamDriver, StreamMonitor]:
    bits = parameters()["bits"]
    board = Scoreboard("o", rows, bits=bits)
    monitor = StreamMonitor(dut, "o", stalls=sink, check=board.check)
    driver = StreamDriver(dut, "i", stalls=source)
    driver.start([pack(row, bits) for row in rows])
    await monitor.receive(len(rows), within=20 * len(rows))
    monitor.stop()
    return driver, monitor


@cocotb.test()
@cocotb.parametrize(
    source=StallPattern.of_sources(),
    sink=list(StallPattern),
)
async def nothing_is_lost(dut: Any, source: StallPattern, sink: StallPattern) -> None:
    """Every pattern of one side against every pattern of the other."""
    await clock.start(dut)
    await _pass_on(dut, _draw(source.name + sink.name), source, sink)


@cocotb.test()
async def latency_and_throughput(dut: Any) -> None:
    """Without stalls every beat comes out `LATENCY` cycles later, one a cycle."""
    await clock.start(dut)
    driver, monitor = await _pass_on(dut, _draw("latency"), StallPattern.NEVER, StallPattern.NEVER)
    late = np.subtract(monitor.cycles, driver.cycles)
    assert (late[3:] == StreamBuffer.LATENCY).all(), f"latencies {late}"
    assert (np.diff(monitor.cycles)[3:] == 1).all(), f"cycles {monitor.cycles}"


@cocotb.test()
async def reset_empties_it(dut: Any) -> None:
    """Beats that wait inside are gone after a reset, and the next ones come in order."""
    bits = parameters()["bits"]
    await clock.start(dut)
    for _ in range(3):
        driver = StreamDriver(dut, "i")
        task = driver.start([1, 0, 1])
        for _ in range(5):
            await clock.edge(dut)
        task.cancel()
        driver.stop()
        await clock.reset(dut, cycles=1)
        rows = _draw("after")[:20]
        board = Scoreboard("o", rows, bits=bits)
        monitor = StreamMonitor(dut, "o", check=board.check)
        StreamDriver(dut, "i").start([pack(row, bits) for row in rows])
        await monitor.receive(len(rows), within=100)
        monitor.stop()
