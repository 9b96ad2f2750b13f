import random

import pytest
from amaranth.sim import Simulator

from hw.config import EngineConfig
from hw.drainer import Drainer

ENTRIES = 4
CYCLES = 1000


class Bench:
    """Fills banks and gives room and parameters at random; keeps what is drained."""

    def __init__(self, config, seed):
        self.dut = Drainer(config, entries=ENTRIES)
        self.random = random.Random(seed)
        self.lent, self.launched, self.filled = [], [], []  # rows of banks, each once
        self.words, self.entries, self.drains = [], [], []

    def chance(self, probability):
        return self.random.random() < probability

    async def play(self, ctx):
        dut, has_bank = self.dut, 1
        for cycle in range(CYCLES):
            assert ctx.get(dut.o_bank.now) == has_bank
            take = has_bank and self.chance(0.5)
            launch = len(self.launched) < len(self.lent) and self.chance(0.3)
            fill = len(self.filled) < len(self.launched) and self.chance(0.3)
            room, loaded = self.chance(0.7), self.chance(0.5)
            ctx.set(dut.i_take_bank, take)
            ctx.set(dut.i_pass, launch)
            ctx.set(dut.i_rows_minus_1, self.lent[len(self.launched)] - 1 if launch else 0)
            ctx.set(dut.i_filled, fill)
            ctx.set(dut.i_room, room)
            ctx.set(dut.i_entry_loaded, loaded)
            ctx.set(dut.i_entry, entry := self.random.randrange(ENTRIES))
            if ctx.get(dut.o_take_room):
                assert room
                self.drains.append(cycle)
            if ctx.get(dut.o_take_entry):
                assert loaded
                self.entries.append(entry)
            has_bank = ctx.get(dut.o_bank.if_taken if take else dut.o_bank.if_kept)
            if take:
                self.lent.append(self.random.randint(1, dut.config.depth))
            if launch:
                self.launched.append(self.lent[len(self.launched)])
            if fill:
                self.filled.append(self.launched[len(self.filled)])
            await ctx.tick()
            if ctx.get(dut.o_control.valid):
                self.words.append(tuple(
                    int(ctx.get(getattr(dut.o_control, name)))
                    for name in ("bank", "row", "last", "entry")
                ))
            emptied = sum(last for _, _, last, _ in self.words)
            assert len(self.lent) - emptied <= dut.BANKS

    def run(self):
        simulator = Simulator(self.dut)
        simulator.add_clock(1e-6)
        simulator.add_testbench(self.play)
        simulator.run()


@pytest.mark.parametrize(("cols", "lanes", "depth"), [(2, 1, 4), (6, 2, 9), (3, 1, 2)])
def test_banks_are_drained_in_turn_and_lent_again(cols, lanes, depth):
    config = EngineConfig(rows=2, cols=cols, lanes=lanes, depth=depth)
    bench = Bench(config, seed=cols)
    bench.run()
    expected = [
        (number % 2, row, int(row == rows - 1), entry)
        for number, (rows, entry) in enumerate(zip(bench.filled, bench.entries, strict=False))
        for row in range(rows)
    ]
    assert len(bench.entries) >= 20
    assert bench.words == expected[:len(bench.words)]
    assert len(bench.words) == len(bench.drains)
    gaps = [later - earlier for earlier, later in zip(bench.drains, bench.drains[1:], strict=False)]
    assert min(gaps) == config.lane_columns
