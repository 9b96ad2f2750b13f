"""What happens in a lane comes out once, and in time."""

import pytest
from amaranth.sim import Simulator

from hw.result_watch import ResultWatch

BITS = 20
ACCUMULATORS = [-(1 << (BITS - 1)), -1, 0, 1, (1 << (BITS - 1)) - 1]


@pytest.mark.parametrize("lanes", [1, 2, 3, 8])
def test_all_is_told_within_the_latency(lanes):
    watch = ResultWatch(lanes=lanes, accumulator_bits=BITS)

    async def use_each_lane(ctx):
        for lane in range(lanes):
            for accumulator in ACCUMULATORS:
                word = {"acc": accumulator, "acc_valid": 1, "valid": 1, "tied": 1}
                ctx.set(watch.i[lane], word)
                told = 0
                # The low half of a peak comes a cycle after its high half.
                high, low = [], []
                for _ in range(watch.latency):
                    await ctx.tick()
                    ctx.set(watch.i[lane], {"acc_valid": 0, "valid": 0})
                    told += ctx.get(watch.o.tied)
                    high.append(ctx.get(watch.o.peak.high))
                    low.append(ctx.get(watch.o.peak.low))
                peaks = {a << BITS // 2 | b for a, b in zip(high, low[1:], strict=False)}
                magnitude = accumulator if accumulator >= 0 else ~accumulator
                assert max(peaks) == 2 * magnitude + (accumulator < 0), f"lane {lane}"
                assert told == 1, f"lane {lane}"

    simulator = Simulator(watch)
    simulator.add_clock(1e-8)
    simulator.add_testbench(use_each_lane)
    simulator.run()
