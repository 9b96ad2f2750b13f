"""What a requantizer must do, written naively: exact integers, no widths, no pipeline.

Every function runs on Python's integers and, with the same text, on the words of a solver. Nothing
here is shared with golden or with the hardware: a magnitude and a sign, roundings one after the
other, a comparison with one half.
"""

from collections.abc import Callable
from typing import Any

from golden.rounding import Rounding
from sim.proof.word import Integer, shift_left, where

__all__ = [
    "FAR",
    "SIGNIFICANT",
    "bit_length",
    "clip",
    "exact_product",
    "float32_product",
    "float32_rounded",
    "magnitude",
    "normalized",
    "round_right",
    "scale_right",
]

SIGNIFICANT = 24
"""Significant bits of a float32."""

FAR = 24
"""A shift to the left that takes every number but 0 past every bound."""

_LONGEST = 57
"""Bits of the longest magnitude that is rounded."""


def magnitude(x: Integer) -> Any:
    """The absolute value."""
    return where(x < 0, -x, x)


def clip(x: Integer, low: Integer, high: Integer) -> Any:
    """The nearest to x from `low` to `high`."""
    return where(x < low, low, where(x > high, high, x))


def bit_length(x: Integer, most: int) -> Any:
    """Bits needed to write x, which is not negative and below 2**most."""
    length: Any = 0
    for bits in range(most):
        length = where(x >= 1 << bits, bits + 1, length)
    return length


def round_right(x: Integer, places: Integer, tie: Rounding, *, most: int) -> Any:
    """Round x / 2**places to the nearest integer; places is from 0 to `most`."""
    below: Any = x >> places  # type: ignore[operator]
    unit = shift_left(1, places, most=most)
    twice_rest = 2 * (x - shift_left(below, places, most=most))
    match tie:
        case Rounding.HALF_EVEN:
            above_wins = below - 2 * (below >> 1) == 1
        case Rounding.HALF_UP:
            above_wins = True
        case Rounding.HALF_AWAY:
            above_wins = x > 0
        case _:
            raise ValueError(f"tie must be HALF_EVEN, HALF_UP or HALF_AWAY, not {tie}")
    above = (twice_rest > unit) | ((twice_rest == unit) & above_wins)
    return where(above, below + 1, below)


def scale_right(x: Integer, places: Integer, tie: Rounding, *, most: int) -> Any:
    """Round x / 2**places to the nearest integer; a negative number of places multiplies.

    Multiplied by more than 2**`FAR`, which is past every bound, it is multiplied by 2**`FAR`.
    """
    right = where(places < 0, 0, places)
    right = where(right < most, right, most)
    left = where(places < 0, -places, 0)
    return where(places < 0, shift_left(x, left, most=FAR), round_right(x, right, tie, most=most))


def normalized(x: Integer, *, most: int) -> tuple[Any, Any]:
    """Return x, below 2**most and not negative, as a float32's significand and exponent.

    Rounded to 24 significant bits, ties to even, x is significand * 2**exponent. The significand
    is in [2**23, 2**24); of 0 it is 0.
    """
    exponent = bit_length(x, most) - SIGNIFICANT
    significand = scale_right(x, exponent, Rounding.HALF_EVEN, most=most - SIGNIFICANT)
    carried = significand == 1 << SIGNIFICANT
    significand = where(carried, 1 << (SIGNIFICANT - 1), significand)
    return significand, where(carried, exponent + 1, exponent)


def float32_product(t: Integer, multiply: Callable[[Any], Any], shift: Integer) -> Any:
    """rne(f32(f32(t) * scale)) with scale = multiplier * 2**-shift.

    `multiply` returns the product of a significand and the multiplier.
    """
    operand, exponent = normalized(magnitude(t), most=32)
    rounded = float32_rounded(multiply(operand), shift - exponent)
    return where(t < 0, -rounded, rounded)


def float32_rounded(product: Integer, places: Integer) -> Any:
    """rne(f32(product * 2**-places)) of a product of two significands."""
    significand, exponent = normalized(product, most=2 * SIGNIFICANT)
    return scale_right(significand, places - exponent, Rounding.HALF_EVEN, most=SIGNIFICANT + 1)


def exact_product(t: Integer, multiply: Callable[[Any], Any], shift: Integer, tie: Rounding) -> Any:
    """round(t * scale) with scale = multiplier * 2**-shift and ties as `tie` says.

    `multiply` returns the product of an integer and the multiplier.
    """
    product = multiply(magnitude(t))
    return scale_right(where(t < 0, -product, product), shift, tie, most=_LONGEST)
