"""The reset at power-up."""

import pytest
from amaranth.hdl import *
from amaranth.sim import Simulator

from hw.heartbeat import Heartbeat
from hw.start_reset import StartReset


def resets(locked):
    """The reset in each cycle, for what `i_locked` is."""
    dut, seen = StartReset(), []

    async def bench(ctx):
        for level in locked:
            ctx.set(dut.i_locked, level)
            seen.append(ctx.get(dut.o_reset))
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()
    return seen


@pytest.mark.parametrize("wait", [0, 1, 7])
def test_it_ends_a_while_after_the_clock_is_right(wait):
    seen = resets([0] * wait + [1] * 40)
    assert seen == [1] * (wait + StartReset.LATENCY) + [0] * (40 - StartReset.LATENCY)


def test_it_begins_again_when_the_clock_goes_wrong():
    seen = resets([1] * 30 + [0] * 1 + [1] * 40)
    assert seen[29] == 0
    assert seen[30:34] == [0, 0, 0, 1]
    assert seen[33:].index(0) == StartReset.CYCLES + 1


def test_a_light_is_on_for_half_of_a_power_of_two():
    dut, seen = Heartbeat(period=5), []

    async def bench(ctx):
        for _ in range(16):
            seen.append(ctx.get(dut.o))
            await ctx.tick()

    simulator = Simulator(dut)
    simulator.add_clock(1e-8)
    simulator.add_testbench(bench)
    simulator.run()
    assert dut.period == 8
    assert seen == [0, 0, 0, 0, 1, 1, 1, 1] * 2
