"""Float32 arithmetic of x86-64 that NumPy does not offer."""

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["clipped", "fused_multiply_add", "sum_by_fours"]

Float32 = npt.NDArray[np.float32]

VECTOR = 4
"""Elements of an SSE vector."""


def fused_multiply_add(a: npt.ArrayLike, b: npt.ArrayLike, c: npt.ArrayLike) -> Float32:
    """f32(a * b + c) of float32 numbers, rounded once.

    The product of two float32 numbers is exact in float64. The sum is rounded to odd there, which
    leaves the last rounding, to float32, what it would be from the exact sum.
    """
    product = np.asarray(a, np.float32).astype(np.float64) * np.asarray(b, np.float32)
    addend = np.asarray(c, np.float32).astype(np.float64)
    total = np.atleast_1d(np.asarray(product + addend))
    virtual = total - product
    error = (product - (total - virtual)) + (addend - virtual)
    bits = total.view(np.int64)
    step = np.where((error > 0) == (total > 0), 1, -1)
    odd = np.where((error != 0) & (bits % 2 == 0), bits + step, bits).view(np.float64)
    with np.errstate(over="ignore", under="ignore"):
        return np.asarray(odd.astype(np.float32).reshape(np.shape(product + addend)))


def clipped(real: Float32, low: int, high: int) -> npt.NDArray[np.int64]:
    """Ties to even, then from `low` to `high`; what is outside int32 is the processor's -2**31."""
    inside = np.abs(real) < np.float32(2.0**31)
    return np.rint(np.where(inside, real, np.float32(low))).astype(np.int64).clip(low, high)


def sum_by_fours(rows: Float32, first: npt.NDArray[Any]) -> Float32:
    """Sums of rows (R, N) in the order of Eigen with SSE vectors.

    Two vectors of four collect sums side by side; they and then their halves are added, and after
    that the elements before and behind, one by one. They begin at the first aligned element, that
    is given for each row as (R,) numbers from 0 to 3.
    """
    sums = np.empty(len(rows), np.float32)
    for start in np.unique(first):
        chosen = first == start
        sums[chosen] = _sum_from(rows[chosen], int(start))
    return sums


def _sum_from(rows: Float32, start: int) -> Float32:
    vectors = max(0, (rows.shape[1] - start) // VECTOR)
    end = start + vectors * VECTOR
    if not vectors:
        return _add_in_turn(rows[:, 0].copy(), rows[:, 1:])
    parts = rows[:, start:end].reshape(-1, vectors, VECTOR)
    paired = vectors - vectors % 2
    total = parts[:, 0]
    if vectors > 1:
        other = parts[:, 1]
        for index in range(2, paired, 2):
            total = total + parts[:, index]
            other = other + parts[:, index + 1]
        total = total + other
        if vectors > paired:
            total = total + parts[:, paired]
    halves = total[:, :2] + total[:, 2:]
    result = halves[:, 0] + halves[:, 1]
    return _add_in_turn(_add_in_turn(result, rows[:, :start]), rows[:, end:])


def _add_in_turn(total: Float32, columns: Float32) -> Float32:
    for column in columns.T:
        total = total + column
    return total
