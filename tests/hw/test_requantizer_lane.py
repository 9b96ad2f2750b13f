
import numpy as np
import pytest
from amaranth.sim import Simulator

from golden.scheme import Scheme
from hw.requantizer_lane import RequantizerLane
from sim.requantizer_rows import requantizer_rows

EVERY = (Scheme.FLOAT32, Scheme.FIXED, Scheme.SHIFT)


def run(lane, rows, *, bubbles):
    """Give every row an entry that no other row in the lane uses; return the outputs by cycle.

    Words are written while older rows are on their way.
    """
    outputs = {}

    async def testbench(ctx):
        for cycle in range(len(rows) + lane.latency + 2):
            row = rows[cycle] if cycle < len(rows) else None
            following = rows[cycle + 1] if cycle + 1 < len(rows) else None
            ctx.set(lane.write_en, following is not None)
            if following:
                ctx.set(lane.write_index, (cycle + 1) % lane.entries)
                ctx.set(lane.write_word.as_value(), lane.plan.word.encode(following.parameters))
            ctx.set(lane.i_valid, row is not None and not bubbles[cycle])
            ctx.set(lane.i_index, cycle % lane.entries)
            ctx.set(lane.i_acc, row.acc if row else 0)
            await ctx.tick()
            if ctx.get(lane.o_valid):
                outputs[cycle + 1] = ctx.get(lane.o_value)

    simulator = Simulator(lane)
    simulator.add_clock(1e-6)
    simulator.add_testbench(testbench)
    simulator.run()
    return outputs


@pytest.mark.parametrize("schemes", [(Scheme.FLOAT32,), (Scheme.SHIFT,), EVERY],
                         ids=["FLOAT32", "SHIFT", "every"])
def test_equals_golden_with_an_entry_for_every_row_and_bubbles(schemes):
    random = np.random.default_rng(5)
    rows = list(requantizer_rows(random, 400, schemes=schemes))
    bubbles = random.random(len(rows)) < 0.3
    bubbles[0] = True  # the first word is not written yet
    lane = RequantizerLane(schemes=schemes, entries=32)
    expected = {cycle + lane.latency: row.expected
                for cycle, row in enumerate(rows) if not bubbles[cycle]}
    assert run(lane, rows, bubbles=bubbles) == expected


@pytest.mark.parametrize(("schemes", "latency"), [((Scheme.SHIFT,), 10), (EVERY, 21)])
def test_latency(schemes, latency):
    assert RequantizerLane(schemes=schemes).latency == latency
