"""Parameter loader: every word once, to its lane and place; no entry is written while in use."""

from collections import deque
from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import RisingEdge, Timer

from hw.parameter_loader import ParameterLoader
from sim import clock
from sim.environment import generator, parameters
from sim.lanes import pack
from sim.scoreboard import Scoreboard
from sim.stalls import StallPattern
from sim.stimulus import weighted
from sim.streams import StreamDriver
from sim.testbench import Testbench

BITS = 24
FILLED = 40
"""Entries that are filled in a test."""


def _build(*, cols: int, lanes: int, entries: int) -> Any:
    return ParameterLoader(BITS, cols=cols, lanes=lanes, entries=entries)


TESTBENCH = Testbench(
    build=_build,
    everyday=[{"cols": 3, "lanes": 3, "entries": 4}, {"cols": 6, "lanes": 2, "entries": 4}],
    long=[
        {"cols": 1, "lanes": 1, "entries": 2},
        {"cols": 8, "lanes": 8, "entries": 8},
        {"cols": 8, "lanes": 1, "entries": 8},
    ],
)


async def _fill(dut: Any, source: StallPattern, takes: StallPattern, frees: StallPattern) -> None:
    """Fill entries, take and free each some time later, and follow every write."""
    cols, lanes, entries = (parameters()[name] for name in ("cols", "lanes", "entries"))
    share = cols // lanes
    stride = 1 << (share - 1).bit_length()
    words = weighted(generator(source.name), (FILLED * cols, 1), bits=BITS)
    board = Scoreboard("o_write_word", words, bits=BITS)
    take_late, free_late = (
        pattern.start(generator(name, pattern.name))
        for name, pattern in (("take", takes), ("free", frees))
    )
    await clock.start(dut)
    driver = StreamDriver(dut, "i", stalls=source)
    driver.start([pack(row, BITS) for row in words])

    writes: list[int] = []
    taken = freed = 0
    in_use: deque[int] = deque()
    while freed < FILLED:
        await RisingEdge(dut.clk)
        await Timer(1, "ns")  # an entry is taken in the cycle in which it is seen to be loaded
        if write := int(dut.o_write.value):
            entry, column = divmod(len(writes), cols)
            assert write == 1 << column // share, f"word {len(writes)} went to lanes {write:#b}"
            index = entry % entries * stride + column % share
            assert int(dut.o_write_index.value) == index
            assert entry - freed < entries, f"entry {entry % entries} is written while in use"
            board.check(int(dut.o_write_word.value))
            writes.append(clock.cycle() + 1)
        free = bool(in_use) and not free_late(False)
        take = bool(int(dut.o_loaded.value)) and not take_late(False)
        if take:
            assert len(writes) >= cols * (taken + 1), "an entry was taken before it was loaded"
            assert int(dut.o_entry.value) == taken % entries
            in_use.append(taken)
            taken += 1
        if free:
            in_use.popleft()
            freed += 1
        dut.i_take.value, dut.i_free.value = int(take), int(free)
    assert (np.subtract(writes, driver.cycles) == ParameterLoader.LATENCY).all()
    board.finish()


@cocotb.test()
@cocotb.parametrize(
    source=StallPattern.of_sources(),
    takes=StallPattern.of_sources(),
)
async def every_word_once(dut: Any, source: StallPattern, takes: StallPattern) -> None:
    """Words that come in any pattern, entries that are taken at any time."""
    await _fill(dut, source, takes, StallPattern.RANDOM)


@cocotb.test()
@cocotb.parametrize(frees=StallPattern.of_sources())
async def full_tables_hold_up_the_words(dut: Any, frees: StallPattern) -> None:
    """Words that come at once, and entries that are freed late."""
    await _fill(dut, StallPattern.NEVER, StallPattern.NEVER, frees)
