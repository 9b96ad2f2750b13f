"""Multiplier: every product of 8-bit operands, and the extremes and some more of wide ones."""

from typing import Any

import cocotb
import numpy as np
from amaranth.hdl import Shape

from golden.names import parse_name
from hw.multiplier import Multiplier
from hw.multiplier_kind import MultiplierKind
from sim import clock
from sim.environment import generator, parameters
from sim.lanes import pack
from sim.lockstep import play
from sim.scoreboard import Scoreboard
from sim.stimulus import Integers
from sim.testbench import Testbench


def _build(*, a: int, b: int, kind: str, unsigned: str = "") -> Any:
    a_shape, b_shape = (
        Shape(bits, signed=name not in unsigned) for name, bits in (("a", a), ("b", b))
    )
    return Multiplier(a_shape, b_shape, kind=parse_name(MultiplierKind, kind))


TESTBENCH = Testbench(
    build=_build,
    everyday=[
        *({"a": 18, "b": 18, "kind": kind} for kind in ("portable", "ecp5")),
        *({"a": 5, "b": 6, "kind": kind} for kind in ("lut", "ecp5_lut", "ice40")),
    ],
    long=[
        *(
            {"a": 8, "b": 8, "kind": kind}
            for kind in ("portable", "ecp5", "lut", "ecp5_lut", "ice40")
        ),
        *(
            {"a": a, "b": b, "unsigned": unsigned, "kind": kind}
            for kind in ("lut", "ecp5_lut")
            for a, b, unsigned in ((7, 9, "a"), (8, 8, "ab"), (2, 3, ""), (5, 2, ""), (16, 17, "b"))
        ),
        {"a": 4, "b": 7, "unsigned": "a", "kind": "ice40"},
        *({"a": 17, "b": 17, "unsigned": "ab", "kind": kind} for kind in ("portable", "ecp5")),
        {"a": 17, "b": 7, "unsigned": "a", "kind": "ecp5"},
        {"a": 2, "b": 18, "kind": "ecp5"},
    ],
)


def _range(shape: Shape) -> range:
    low = -(1 << shape.width - 1) if shape.signed else 0
    return range(low, low + (1 << shape.width))


def _draw(shape: Shape, count: int, key: str) -> Integers:
    """The ends of the range, the numbers about 0 and about each power of two, and any others."""
    legal = _range(shape)
    powers = [sign * (1 << n) for n in range(shape.width) for sign in (-1, 1)]
    corners = {near for power in powers for near in (power - 1, power, power + 1)}
    ends = [legal[0], legal[0] + 1, 0, legal[-1] - 1, legal[-1]]
    special = [*ends, *sorted(value for value in corners if value in legal)]
    random = generator(key)
    uniform = random.integers(legal[0], legal[-1] + 1, count)
    return np.where(random.random(count) < 0.5, random.choice(special, count), uniform)


async def _check(dut: Any, a: Integers, b: Integers, take: Integers) -> None:
    """Compare with the product of each `a` and the last `b` that was taken."""
    component = _build(**parameters())
    take[0] = 1
    inputs = {
        "a": [pack([value], component.a_shape.width) for value in a],
        "b": [pack([value], component.b_shape.width) for value in b],
        "take_b": take.tolist(),
    }
    await clock.start(dut)
    seen = await play(dut, inputs, ["o"])
    taken = b[np.maximum.accumulate(np.where(take, np.arange(len(b)), 0))]
    expected = (a * taken)[: len(a) - component.LATENCY, np.newaxis]
    shape = component.o_shape
    board = Scoreboard("o", expected, bits=shape.width, signed=shape.signed)
    board.check_all(seen["o"][component.LATENCY :])


@cocotb.test()
async def products(dut: Any) -> None:
    """Of 8 bits and fewer all of them; of more the extremes and random ones."""
    component = _build(**parameters())
    shapes = component.a_shape, component.b_shape
    if sum(shape.width for shape in shapes) <= 16:
        pairs = np.array([(a, b) for a in _range(shapes[0]) for b in _range(shapes[1])])
        a, b = np.vstack([pairs, np.zeros((component.LATENCY, 2), np.int64)]).T
    else:
        a, b = (_draw(shape, 5_000, f"operand {n}") for n, shape in enumerate(shapes))
    await _check(dut, a, b, np.ones(len(a), np.int64))


@cocotb.test()
async def an_operand_stays_until_the_next_is_taken(dut: Any) -> None:
    """`take_b` comes at random."""
    component = _build(**parameters())
    a, b = (
        _draw(shape, 1_000, f"taken {n}")
        for n, shape in enumerate((component.a_shape, component.b_shape))
    )
    await _check(dut, a, b, (generator("take").random(len(a)) < 0.3).astype(np.int64))
