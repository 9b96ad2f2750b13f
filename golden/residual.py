"""Residual addition: the sum of two int8 tensors with scales and zero points of their own.

::

    t = (a - zero_a) * multiplier_a + (b - zero_b) * multiplier_b
    output = requantize(t)

The multipliers are integers of three signed 8-bit limbs, so that an array of 8-bit multipliers
computes t in three steps. They share a power of two s: multiplier_a = rint(scale_a / scale_out *
2**s), likewise b, and the requantization is that of Scheme.SHIFT with shift s.

No overflow: |a - zero_a| <= 255 and multiplier_a + multiplier_b <= `LARGEST_SUM`, so that
|t| <= 255 * LARGEST_SUM < 2**31.

Accuracy: each multiplier is off by at most 1/2, so t * 2**-s is off by at most 255 * 2**-s steps of
the output. s is the largest that the bounds allow, at most 31: where both scales are within a
factor of two of the output's, it is at least 20, and the output is the correctly rounded real sum
unless that is within 0.00025 of half way between two codes.
"""

import math

import numpy as np
import numpy.typing as npt

from golden.formats import INT8
from golden.requantize import Requantization, requantize
from golden.rounding import Rounding
from golden.scaling import ShiftScaling

__all__ = [
    "LARGEST_MULTIPLIER",
    "LARGEST_SUM",
    "check_multipliers",
    "limbs",
    "residual_add",
    "residual_parameters",
]

LARGEST_MULTIPLIER = 127 * (1 + 256 + 65536)
"""The largest number of three signed limbs."""

LARGEST_SUM = (2**31 - 1) // 255
"""Of both multipliers."""

_LARGEST_SHIFT = 31

Int8Array = npt.NDArray[np.int8]


def limbs(multiplier: int) -> tuple[int, int, int]:
    """Split a multiplier into signed 8-bit limbs, the high one first.

    >>> limbs(0x01FF80)
    (2, 0, -128)
    """
    if not 0 <= multiplier <= LARGEST_MULTIPLIER:
        raise ValueError(f"multiplier must be from 0 to {LARGEST_MULTIPLIER}, not {multiplier}")
    low = (multiplier + 128) % 256 - 128
    rest = (multiplier - low) >> 8
    middle = (rest + 128) % 256 - 128
    return (rest - middle) >> 8, middle, low


def residual_parameters(
    scales: tuple[float, float],
    scale_out: float,
    *,
    tie: Rounding = Rounding.HALF_EVEN,
    zero_point: int = 0,
    low: int = INT8.min,
    high: int = INT8.max,
) -> tuple[tuple[int, int], Requantization]:
    """The multipliers of real scales, and the requantization that goes with them.

    >>> multipliers, r = residual_parameters((0.5, 0.25), 0.5)
    >>> multipliers, int(r.scaling.shift[0])
    ((4194304, 2097152), 22)
    """
    for scale in (*scales, scale_out):
        if not (math.isfinite(scale) and scale > 0):
            raise ValueError(f"scale must be finite and above 0, not {scale}")
    ratios = [scale / scale_out for scale in scales]
    for shift in range(_LARGEST_SHIFT, -1, -1):
        multipliers = [round(math.ldexp(ratio, shift)) for ratio in ratios]
        if max(multipliers) <= LARGEST_MULTIPLIER and sum(multipliers) <= LARGEST_SUM:
            break
    else:
        raise ValueError(
            f"the scales must add up to at most {LARGEST_SUM} output scales, not {sum(ratios):g}"
        )
    scaling = ShiftScaling(np.array([shift], np.int64), tie)
    requantization = Requantization.of(scaling, zero_point=zero_point, low=low, high=high)
    return (multipliers[0], multipliers[1]), requantization


def residual_add(
    a: Int8Array,
    b: Int8Array,
    multipliers: tuple[int, int],
    zero_points: tuple[int, int],
    requantization: Requantization,
) -> Int8Array:
    """Add two int8 tensors of one shape by the rule above; one channel of parameters."""
    check_multipliers(multipliers)
    t = sum(
        (values.astype(np.int64) - zero) * multiplier
        for values, multiplier, zero in zip((a, b), multipliers, zero_points, strict=True)
    )
    return requantize(np.asarray(t).astype(np.int32), requantization).astype(np.int8)


def check_multipliers(multipliers: tuple[int, int]) -> None:
    """ValueError unless the sum of products cannot overflow."""
    for multiplier in multipliers:
        limbs(multiplier)
    if sum(multipliers) > LARGEST_SUM:
        raise ValueError(
            f"the multipliers must add up to at most {LARGEST_SUM}, not {sum(multipliers)}"
        )
