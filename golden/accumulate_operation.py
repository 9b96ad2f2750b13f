"""What an engine does with a partial sum and the accumulator it belongs to."""

from enum import Enum

import numpy as np
import numpy.typing as npt

from golden.accumulate import wrap

__all__ = ["AccumulateOperation", "combine"]

Integers = npt.NDArray[np.int64]

_SHIFTED = 1 << 8


class AccumulateOperation(Enum):
    """How a partial sum changes an accumulator; all but MAX wrap."""

    SET = "set"
    """accumulator = sum"""
    ADD = "add"
    """accumulator = accumulator + sum"""
    SHIFT_ADD = "shift_add"
    """accumulator = accumulator * 256 + sum"""
    MAX = "max"
    """accumulator = max(accumulator, sum)"""


def combine(
    operation: AccumulateOperation,
    accumulators: npt.ArrayLike,
    sums: npt.ArrayLike,
    *,
    bits: int = 32,
) -> Integers:
    """Return the accumulators, of so many bits, after an operation with partial sums.

    >>> combine(AccumulateOperation.SHIFT_ADD, [1, -1, 2**23], [2, 2, 0])
    array([        258,        -254, -2147483648])
    """
    if not isinstance(operation, AccumulateOperation):
        raise TypeError(f"operation must be an AccumulateOperation, not {operation!r}")
    before, partial = wrap(accumulators, bits), wrap(sums, bits)
    match operation:
        case AccumulateOperation.SET:
            after = np.broadcast_to(partial, np.broadcast_shapes(before.shape, partial.shape))
        case AccumulateOperation.ADD:
            after = before + partial
        case AccumulateOperation.SHIFT_ADD:
            after = before * _SHIFTED + partial
        case AccumulateOperation.MAX:
            after = np.maximum(before, partial)
    return wrap(after, bits)
