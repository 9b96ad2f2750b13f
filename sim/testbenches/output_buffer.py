"""Output buffer: room that is lent is kept, and no result is lost if the reader stalls."""

from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import RisingEdge, Timer

from hw.output_buffer import OutputBuffer
from sim import clock
from sim.environment import generator, parameters
from sim.lanes import pack
from sim.scoreboard import Scoreboard
from sim.stalls import StallPattern
from sim.stimulus import weighted
from sim.streams import StreamMonitor
from sim.testbench import Testbench

BITS = 16
RESULTS = 300


def _build(*, depth: int, delay: int, at_output: bool = True) -> Any:
    return OutputBuffer(BITS, depth=depth, at_output=at_output)


TESTBENCH = Testbench(
    build=_build,
    # The delay is that of a pipeline, from the room that is taken to the result that needs it.
    everyday=[{"depth": 8, "delay": 3}, {"depth": 5, "delay": 2, "at_output": False}],
    long=[
        {"depth": depth, "delay": delay, "at_output": at_output}
        for depth, delay in ((3, 0), (5, 9), (64, 40))
        for at_output in (True, False)
    ],
)


async def _fill(dut: Any, beats: list[int], taken: list[int]) -> None:
    """Take room as soon as there is some, and bring a result for it `delay` cycles later.

    ``taken`` gets the cycle of each, which is that of the edge at its end.
    """
    under_way: list[int | None] = [None] * parameters()["delay"]
    left, said = list(beats), None
    while left or any(beat is not None for beat in under_way):
        await RisingEdge(dut.clk)
        await Timer(1, "ns")  # room is taken in the cycle in which it is seen
        has_room = int(dut.o_room.value)
        assert said in (None, has_room), f"room of {has_room} in the cycle after {said} was said"
        beat = left.pop(0) if left and has_room else None
        if beat is not None:
            taken.append(clock.cycle() + 1)
        under_way.append(beat)
        arriving = under_way.pop(0)
        dut.i_take_room.value = int(beat is not None)
        dut.i_valid.value = int(arriving is not None)
        dut.i_payload.value = 0 if arriving is None else arriving
        await Timer(1, "ns")
        said = int(dut.o_will_have_room.value)
    await RisingEdge(dut.clk)
    dut.i_take_room.value = 0
    dut.i_valid.value = 0


async def _pass_on(dut: Any, key: str, sink: StallPattern) -> tuple[list[int], list[int]]:
    """Return the cycles in which room was taken and those in which results were read."""
    rows = weighted(generator(key), (RESULTS, 1), bits=BITS)
    board = Scoreboard("o", rows, bits=BITS)
    taken: list[int] = []
    await clock.start(dut)
    monitor = StreamMonitor(dut, "o", stalls=sink, check=board.check)
    cocotb.start_soon(_fill(dut, [pack(row, BITS) for row in rows], taken))
    await monitor.receive(RESULTS, within=50 * RESULTS)
    monitor.stop()
    return taken, monitor.cycles


@cocotb.test()
@cocotb.parametrize(sink=list(StallPattern))
async def nothing_is_lost(dut: Any, sink: StallPattern) -> None:
    """Any reader; never is more lent than there is, and a reader that stalls long fills it all."""
    taken, read = await _pass_on(dut, sink.name, sink)
    # Before the n-th room is taken, n - depth results must have been read.
    depth = parameters()["depth"]
    returned = np.subtract(taken[depth:], read[:-depth])
    assert all(returned >= OutputBuffer.RETURN), "more room was lent than there is"
    if sink is StallPattern.LONG:
        outstanding = np.searchsorted(taken, read, side="left") - np.arange(len(read))
        assert outstanding.max() == depth, f"at most {outstanding.max()} of {depth} were lent"


@cocotb.test()
async def latency_and_throughput(dut: Any) -> None:
    """With room for all that is under way, one result a cycle, `LATENCY` cycles late."""
    depth, delay = parameters()["depth"], parameters()["delay"]
    taken, read = await _pass_on(dut, "throughput", StallPattern.NEVER)
    assert read[0] - taken[0] - delay == OutputBuffer.LATENCY
    if depth >= delay + OutputBuffer.LATENCY + OutputBuffer.RETURN:
        assert (np.diff(read) == 1).all(), f"read in cycles {read}"
