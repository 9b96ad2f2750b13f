"""A stock counts what is put and taken, whatever its limit and what there is at first."""

import random

import pytest
from amaranth.sim import Simulator

from hw.stock import Stock

CYCLES = 400


@pytest.mark.parametrize(
    ("limit", "init"), [(1, 0), (2, 2), (3, 0), (4, 4), (5, 2), (8, 8), (17, 0)]
)
def test_it_tells_none_from_one_from_several(limit, init):
    stock = Stock(limit=limit, init=init)
    rng = random.Random(f"{limit} {init}")

    async def put_and_take(ctx):
        there = before = init
        for cycle in range(CYCLES):
            puts = 0.8 if cycle // (4 * limit) % 2 else 0.3  # full and empty in turn
            put, take = there < limit and rng.random() < puts, rng.random() < 0.55
            ctx.set(stock.i_put, put)
            ctx.set(stock.i_take, take)
            seen = [bool(ctx.get(signal)) for signal in (stock.o_some, stock.o_several)]
            assert seen == [there > 0, there > 1], f"cycle {cycle}: {there} are there"
            assert ctx.get(stock.o.now) == (before > 0), f"cycle {cycle}"
            before = there - (take and there > 0)
            there = before + put
            await ctx.tick()

    simulator = Simulator(stock)
    simulator.add_clock(1e-8)
    simulator.add_testbench(put_and_take)
    simulator.run()


@pytest.mark.parametrize(
    ("limit", "init", "message"),
    [
        (0, 0, "limit of a stock must be 1 or more, not 0"),
        (4, 5, "init of a stock must be from 0 to 4, not 5"),
    ],
)
def test_limits(limit, init, message):
    with pytest.raises(ValueError, match=message):
        Stock(limit=limit, init=init)
