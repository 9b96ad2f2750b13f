"""Operands that go where mistakes are: the ends of the range, their neighbours and around zero."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

__all__ = ["corners", "extreme", "operand_pairs", "weighted"]

Integers = npt.NDArray[np.int64]


def corners(bits: int = 8) -> Integers:
    """Return the values that get extra weight.

    >>> corners(8).tolist()
    [-128, -127, -1, 0, 1, 126, 127]
    """
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    return np.unique(np.array([low, low + 1, -1, 0, 1, high - 1, high]).clip(low, high))


def weighted(
    random: np.random.Generator, shape: tuple[int, ...], *, bits: int = 8, weight: float = 0.5
) -> Integers:
    """Return two's complement integers, a share ``weight`` of them corners, the others uniform."""
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    uniform = random.integers(low, high, shape, dtype=np.int64, endpoint=True)
    return np.where(random.random(shape) < weight, random.choice(corners(bits), shape), uniform)


def extreme(
    random: np.random.Generator, shape: tuple[int, ...], *, bits: int = 8
) -> Iterator[tuple[str, Integers]]:
    """Yield arrays of nothing but extremes, each with its name: one per corner, and mixed."""
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    for value in corners(bits).tolist():
        yield f"all {value}", np.full(shape, value)
    yield "lowest and highest", random.choice(np.array([low, high]), shape)


def operand_pairs(
    random: np.random.Generator, a: tuple[int, ...], b: tuple[int, ...], *, bits: int = 8
) -> Iterator[tuple[str, Integers, Integers]]:
    """Yield operands of a product, each pair with its name.

    Every pair of all-extreme arrays that bounds a product, (-128)(-128) among them, and then
    weighted ones.
    """
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    for x in (low, high):
        for y in (low, high):
            yield f"all ({x})({y})", np.full(a, x), np.full(b, y)
    yield "weighted", weighted(random, a, bits=bits), weighted(random, b, bits=bits)
