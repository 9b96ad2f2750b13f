"""The float32 requantization rule with integers only: what the hardware is proven against.

A float32 scale is ``multiplier * 2**-shift`` with a 24-bit multiplier, and a float32 operation
keeps 24 significant bits, ties to even. So ``rne(f32(f32(t) * scale))`` is three roundings of
integers: t to 24 significant bits, its product with the multiplier to 24 significant bits, and that
at the binary point.
"""

import numpy as np
import numpy.typing as npt

from golden.real_scale import checked_scale
from golden.rounding import Rounding, round_shift

__all__ = [
    "MULTIPLIER_BITS",
    "ZERO_SHIFT",
    "compose",
    "decompose",
    "scale_float32_integer",
    "significant_bits",
]

MULTIPLIER_BITS = 24
"""Significant bits of a float32, and so of a multiplier: 2**23 <= multiplier < 2**24."""

ZERO_SHIFT = 56
"""From this shift on the result is 0: 2**31 * (2**24 - 1) * 2**-56 is below one half."""

_LARGEST_RESULT_SHIFT = 38
"""A 24-bit number moved this far left fits int64 and is past every output format."""

Integers = npt.NDArray[np.int64]


def decompose(scale: npt.ArrayLike) -> tuple[Integers, Integers]:
    """Split float32 scales into 24-bit multipliers and shifts: scale = multiplier * 2**-shift.

    The multiplier is in [2**23, 2**24), the shift of a normal scale from -104 to 149. A scale that
    is zero or subnormal becomes 2**23 with `ZERO_SHIFT`: it too takes every int32 to 0.

    >>> decompose(np.float32(0.75))
    (array(12582912), array(24))
    """
    bits = checked_scale(scale).view(np.uint32).astype(np.int64)
    exponent = (bits >> 23) & 0xFF
    normal = exponent > 0
    multiplier = np.where(normal, (1 << 23) | (bits & 0x7FFFFF), 1 << 23)
    shift = np.where(normal, 150 - exponent, ZERO_SHIFT)
    return multiplier, shift


def compose(multiplier: npt.ArrayLike, shift: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """The float32 scale multiplier * 2**-shift; the inverse of `decompose` for normal scales."""
    exponent = -np.asarray(shift, np.int64).astype(np.int32)
    scale = np.ldexp(np.asarray(multiplier, np.int64).astype(np.float64), exponent)
    return scale.astype(np.float32)


def significant_bits(magnitude: Integers) -> Integers:
    """Bits needed to write non-negative integers: 0 for 0, 3 for 4 to 7."""
    filled = magnitude
    for distance in (1, 2, 4, 8, 16, 32):
        filled = filled | (filled >> distance)
    return np.bitwise_count(filled).astype(np.int64)


def _round_significant(magnitude: Integers) -> tuple[Integers, Integers]:
    """Keep 24 significant bits, ties to even; returns the kept ones and how many were dropped."""
    dropped = np.maximum(significant_bits(magnitude) - MULTIPLIER_BITS, 0)
    return round_shift(magnitude, dropped, Rounding.HALF_EVEN), dropped


def scale_float32_integer(
    t: npt.ArrayLike, multiplier: npt.ArrayLike, shift: npt.ArrayLike
) -> Integers:
    """The integer nearest to f32(f32(t) * scale), ties to even, computed without floating point.

    `t` holds int32 values; `multiplier` and `shift` come from `decompose` and broadcast against it.
    The result is exact below 2**61 in magnitude. Whatever is larger comes back as some number of at
    least 2**61 with the right sign, which every output format clips.
    """
    t = np.asarray(t, np.int64)
    operand, operand_dropped = _round_significant(np.abs(t))
    product, product_dropped = _round_significant(operand * np.asarray(multiplier, np.int64))
    # The float32 product is now product * 2**-fraction_bits.
    fraction_bits = np.asarray(shift, np.int64) - operand_dropped - product_dropped
    rounded = round_shift(product, np.clip(fraction_bits, 0, 63), Rounding.HALF_EVEN)
    magnitude = rounded << np.clip(-fraction_bits, 0, _LARGEST_RESULT_SHIFT)
    return np.asarray(np.where(t < 0, -magnitude, magnitude))
