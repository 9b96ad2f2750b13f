"""Processing element: sums of products with the active weights, which swap without a bubble."""

from typing import Any

import cocotb
import numpy as np

from hw.processing_element import ProcessingElement
from sim import clock
from sim.engine_parameters import engine_config
from sim.environment import generator, parameters
from sim.lanes import pack
from sim.lockstep import play
from sim.scoreboard import Scoreboard
from sim.stimulus import Integers, weighted
from sim.testbench import Testbench

CYCLES = 1500


def _config() -> Any:
    return _build(**parameters()).config


def _build(*, group: int, above: int, sum_latency: int = 1, **formats: str) -> Any:
    config = engine_config(rows=group, group=group, **formats)
    return ProcessingElement(config, above=above, sum_latency=sum_latency)


TESTBENCH = Testbench(
    build=_build,
    everyday=[
        {"group": 2, "above": 2},
        {"group": 1, "above": 0},
        {"group": 4, "above": 4},
        {"group": 4, "above": 4, "sum_latency": 2, "multiplier": "ecp5"},
        {"group": 4, "above": 4, "multiplier": "ice40"},
    ],
    long=[
        {"group": 1, "above": 1},
        {"group": 1, "above": 63},
        {"group": 2, "above": 0},
        {"group": 4, "above": 0},
        {"group": 4, "above": 60},
        {"group": 4, "above": 8, "weight": "int4"},
        {"group": 4, "above": 0, "multiplier": "ecp5"},
        {"group": 1, "above": 1, "multiplier": "ecp5", "weight": "int4"},
        {"group": 1, "above": 1, "multiplier": "ice40", "weight": "int4"},
        {"group": 2, "above": 2, "multiplier": "ice40"},
        {"group": 2, "above": 0, "multiplier": "lut", "weight": "int4"},
        {"group": 4, "above": 4, "multiplier": "ecp5_lut"},
    ],
)


def _sums_of_products(
    activations: Integers, weights: Integers, load: Integers, swap: Integers
) -> Integers:
    """Return the sum of products of every cycle, by the rules of loading and swapping."""
    group = activations.shape[1]
    shadow, active = np.zeros(group, np.int64), np.zeros(group, np.int64)
    sums = np.zeros(len(activations), np.int64)
    for t, row in enumerate(activations):
        if swap[t]:
            active = shadow
        if load[t]:
            shadow = np.append(shadow[1:], weights[t])
        sums[t] = row @ active
    return sums


async def _check(dut: Any, activations: Integers, weights: Integers, above: Integers) -> None:
    """Play operands with random loads and swaps, and compare every sum and all that moves on."""
    component: Any = _build(**parameters())
    random, cycles = generator("control"), len(activations)
    a_bits, w_bits = (getattr(component.config, name).bits for name in ("activation", "weight"))
    load = (random.random(cycles) < 0.6).astype(np.int64)
    swap = (random.random(cycles) < 0.2).astype(np.int64)
    # Loading and swapping once defines the weights, whatever a test before this one left.
    load[: component.config.group], swap[component.config.group] = 1, 1
    sums = _sums_of_products(activations, weights, load, swap)

    inputs = {
        "i_activation": [pack(row, a_bits) for row in activations],
        "i_weight": [pack([value], w_bits) for value in weights],
        "i_load": load.tolist(),
        "i_swap": swap.tolist(),
    }
    if parameters()["above"]:
        inputs["i_sum"] = [pack([value], len(dut.i_sum)) for value in above]
        later = component.latency - component.sum_latency
        sums[-later:] = 0  # their sum from above comes after the end
        sums[:-later] += above[later:]
    outputs = ["o_sum", "o_activation", "o_load", "o_swap"]
    await clock.start(dut)
    seen = await play(dut, inputs, outputs)

    first = component.config.group
    expected = sums[first : cycles - component.latency, np.newaxis]
    board = Scoreboard("o_sum", expected, bits=len(dut.o_sum))
    board.check_all(seen["o_sum"][first + component.latency :])
    for name in ("activation", "load", "swap"):
        assert seen[f"o_{name}"][1:] == inputs[f"i_{name}"][:-1], f"o_{name} is not a cycle late"


@cocotb.test()
async def weighted_operands(dut: Any) -> None:
    """Weighted activations, weights and sums from above; loads and swaps at any time."""
    random, group = generator("weighted"), parameters()["group"]
    config = _config()
    bound = parameters()["above"] * config.activation.min * config.weight.min
    await _check(
        dut,
        weighted(random, (CYCLES, group)),
        weighted(random, (CYCLES,), bits=config.weight.bits),
        np.clip(random.integers(-2 * bound, 2 * bound + 1, CYCLES), -bound + 1, bound),
    )


@cocotb.test()
async def all_extreme(dut: Any) -> None:
    """Every product is (-128)(-128), on top of the largest sum from above: the largest sum."""
    config = _config()
    lowest = config.activation.min * config.weight.min
    await _check(
        dut,
        np.full((60, parameters()["group"]), config.activation.min),
        np.full(60, config.weight.min),
        np.full(60, parameters()["above"] * lowest),
    )
