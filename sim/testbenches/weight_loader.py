"""Weight loader: every row of every tile once, to its group, one tile ahead."""

from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import RisingEdge, Timer

from hw.weight_loader import WeightLoader
from sim import clock
from sim.engine_parameters import engine_config
from sim.environment import generator, parameters
from sim.lanes import pack, unpack
from sim.scoreboard import Scoreboard
from sim.stalls import StallPattern
from sim.stimulus import weighted
from sim.streams import StreamDriver
from sim.testbench import Testbench

TILES = 30


def _build(**sizes: Any) -> Any:
    return WeightLoader(engine_config(**sizes))


TESTBENCH = Testbench(
    build=_build,
    everyday=[{"rows": 4, "cols": 5, "group": 2}],
    long=[
        {"rows": 1, "cols": 1},
        {"rows": 5, "cols": 9, "group": 1},
        {"rows": 8, "cols": 8, "group": 4},
    ],
)


async def _load(dut: Any, source: StallPattern, swaps: StallPattern) -> list[int]:
    """Load tiles, each used some time after it is loaded; return the cycles of the swaps."""
    config = engine_config(**parameters())
    bits = config.weight.bits
    rows = weighted(generator(source.name), (TILES * config.rows, config.cols))
    board = Scoreboard("o_weight", rows, bits=bits)
    late = swaps.start(generator("swaps", swaps.name))
    await clock.start(dut)
    driver = StreamDriver(dut, "i", stalls=source)
    driver.start([pack(row, bits) for row in rows])

    in_use: list[int] = []
    loads: list[int] = []
    seen: list[list[int]] = []  # of each cycle, the weights
    starts: list[int] = []  # of each row, where it begins there
    while len(in_use) < TILES or len(seen) < starts[-1] + config.cols:
        await RisingEdge(dut.clk)
        await Timer(1, "ns")  # the swap comes in the cycle in which the tile is seen to be loaded
        seen.append(unpack(int(dut.o_weight.value), config.cols, bits))
        if load := int(dut.o_load.value):
            group = len(loads) % config.rows // config.group
            assert load == 1 << group, f"row {len(loads)} went to groups {load:#b}, not {group}"
            starts.append(len(seen) - 1)
            loads.append(clock.cycle() + 1)
        swap = int(dut.o_loaded.value) and not late(False)
        dut.i_swap.value = int(swap)
        if swap:
            assert len(loads) == config.rows * (len(in_use) + 1), "swapped before it was loaded"
            in_use.append(clock.cycle() + 1)
    # A first row waits for the swap of the tile before; no other row waits.
    freed = [1 + cycle for cycle in in_use[:-1]]
    expected = np.add(driver.cycles, WeightLoader.LATENCY)
    expected[config.rows :: config.rows] = np.maximum(expected[config.rows :: config.rows], freed)
    assert (expected == loads).all()
    for start in starts:
        board.check(pack((seen[start + col][col] for col in range(config.cols)), bits))
    board.finish()
    return in_use


@cocotb.test()
@cocotb.parametrize(
    source=StallPattern.of_sources(),
    swaps=StallPattern.of_sources(),
)
async def every_row_once(dut: Any, source: StallPattern, swaps: StallPattern) -> None:
    """Rows that come in any pattern, tiles that are used at any time."""
    await _load(dut, source, swaps)


@cocotb.test()
async def tiles_follow_each_other(dut: Any) -> None:
    """With nothing to wait for, a tile every `rows` cycles."""
    in_use = await _load(dut, StallPattern.NEVER, StallPattern.NEVER)
    assert (np.diff(in_use) == parameters()["rows"]).all(), f"swaps in cycles {in_use}"
