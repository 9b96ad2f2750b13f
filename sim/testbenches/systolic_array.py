"""Systolic array: bit-exact matrix products, tile after tile without a bubble."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cocotb
import numpy as np

from golden.gemm import matmul
from hw.systolic_array import SystolicArray
from sim import clock
from sim.engine_parameters import engine_config
from sim.environment import generator, parameters
from sim.lanes import pack, unpack
from sim.lockstep import play
from sim.scoreboard import Scoreboard
from sim.stimulus import Integers, operand_pairs, weighted
from sim.testbench import Testbench


def _build(**sizes: Any) -> Any:
    return SystolicArray(engine_config(**sizes))


TESTBENCH = Testbench(
    build=_build,
    everyday=[
        {"rows": 4, "cols": 3, "group": 2},
        {"rows": 1, "cols": 1},
        {"rows": 8, "cols": 8, "group": 4},
        {"rows": 12, "cols": 3, "multiplier": "ecp5"},
        {"rows": 12, "cols": 3, "multiplier": "ecp5", "dsp_rows": 4, "dsp_cols": 2},
        {"rows": 4, "cols": 3, "group": 2, "multiplier": "xc7"},
    ],
    long=[
        {"rows": 3, "cols": 5, "group": 1},
        {"rows": 8, "cols": 1, "group": 1},
        {"rows": 6, "cols": 7, "group": 2},
        {"rows": 16, "cols": 16, "group": 4},
        {"rows": 12, "cols": 4, "group": 4, "weight": "int4"},
        {"rows": 8, "cols": 8, "multiplier": "ecp5"},
        {"rows": 16, "cols": 4, "multiplier": "ecp5", "weight": "int4"},
        {"rows": 6, "cols": 3, "group": 2, "multiplier": "ecp5"},
        {"rows": 6, "cols": 3, "multiplier": "ice40", "dsp_cols": 2},
        {"rows": 3, "cols": 2, "group": 1, "multiplier": "xc7"},
        {"rows": 8, "cols": 6, "multiplier": "xc7", "dsp_cols": 4, "weight": "int4"},
        {"rows": 16, "cols": 16, "multiplier": "ecp5", "dsp_rows": 12, "dsp_cols": 13},
    ],
)


@dataclass(frozen=True)
class _Tile:
    """Activations (M, rows) and the weights (rows, cols) that they meet."""

    activations: Integers
    weights: Integers


def _schedule(tiles: Sequence[_Tile]) -> list[tuple[int, int]]:
    """Return when each tile's loading and streaming starts, as early as the contract allows."""
    starts, load, stream = [], 0, 0
    for tile in tiles:
        stream = max(stream, load + len(tile.weights))
        starts.append((load, stream))
        load, stream = stream, stream + len(tile.activations)
    return starts


async def _check(dut: Any, tiles: Sequence[_Tile]) -> None:
    """Stream the tiles with no bubble that can be avoided, and compare every sum with golden."""
    component: Any = _build(**parameters())
    config = component.config
    # Before the first weights are swapped in, sums may be unknown.
    unchecked = np.zeros((max(config.rows, config.cols), config.rows), np.int64)
    tiles = [_Tile(unchecked, np.zeros((config.rows, config.cols), np.int64)), *tiles]
    starts = _schedule(tiles)
    cycles = starts[-1][1] + len(tiles[-1].activations) + config.groups + config.cols
    cycles += component.latency
    random = generator("bubbles")
    # Bubbles hold operands too, so a component that takes them for rows is found.
    activation = weighted(random, (cycles, config.groups, config.group))
    weight = weighted(random, (cycles, config.cols), bits=config.weight.bits)
    swap, load = np.zeros((2, cycles, config.groups), np.int64)
    for tile, (loads, streams) in zip(tiles, starts, strict=True):
        rows = tile.activations.reshape(-1, config.groups, config.group)
        for g in range(config.groups):
            first = streams + config.group_delay(g)
            activation[first : first + len(rows), g] = rows[:, g]
            swap[first, g] = 1
        for r in range(config.rows):
            load[loads + r, r // config.group] = 1
        for c in range(config.cols):
            weight[loads + c : loads + c + config.rows, c] = tile.weights[:, c]

    inputs = {
        "i_activation": [pack(row.ravel(), config.activation.bits) for row in activation],
        "i_weight": [pack(row, config.weight.bits) for row in weight],
        "i_swap": [pack(row, 1) for row in swap],
        "i_load": [pack(row, 1) for row in load],
    }
    await clock.start(dut)
    seen = await play(dut, inputs, ["o_sum"])

    bits = len(dut.o_sum) // config.cols
    begin = starts[1][1] + component.latency
    assert None not in seen["o_sum"][begin:], "o_sum has unknown bits"
    sums = np.array([unpack(vector or 0, config.cols, bits) for vector in seen["o_sum"]])
    for index, (tile, (_, streams)) in enumerate(zip(tiles[1:], starts[1:], strict=True)):
        expected = matmul(tile.activations.astype(np.int8), tile.weights.astype(np.int8))
        first = streams + component.latency
        columns = [sums[first + c : first + c + len(expected), c] for c in range(config.cols)]
        board = Scoreboard(f"o_sum of tile {index}", expected, bits=bits)
        board.check_all(pack(row, bits) for row in np.stack(columns, axis=1))


@cocotb.test()
async def extreme_and_weighted_tiles(dut: Any) -> None:
    """Every all-extreme pair of operands, (-128)(-128) among them, then weighted ones."""
    config = engine_config(**parameters())
    pairs = operand_pairs(
        generator("operands"),
        (config.rows, config.rows),
        (config.rows, config.cols),
        bits=config.weight.bits,
    )
    await _check(dut, [_Tile(a, w) for _, a, w in pairs])


@cocotb.test()
async def passes_of_any_length(dut: Any) -> None:
    """Tiles with one row, fewer rows than the array has, as many, and more."""
    config, random = engine_config(**parameters()), generator("lengths")
    lengths = [1, 1, config.rows, 1, config.rows + 1, *random.integers(1, 3 * config.rows + 2, 20)]
    await _check(
        dut,
        [
            _Tile(
                weighted(random, (int(length), config.rows)),
                weighted(random, (config.rows, config.cols), bits=config.weight.bits),
            )
            for length in lengths
        ],
    )
