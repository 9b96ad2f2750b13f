"""Real values on a fixed-point grid, and the integers that stand for them."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from golden.arrays import float_array, integer_array
from golden.formats import FixedFormat
from golden.overflow import Overflow, fit
from golden.rounding import Rounding, round_float

__all__ = ["from_fixed", "quantize_fixed", "to_fixed"]


def to_fixed(
    values: ArrayLike,
    fmt: FixedFormat,
    rounding: Rounding = Rounding.HALF_EVEN,
    overflow: Overflow = Overflow.SATURATE,
    *,
    seed: int | None = None,
) -> NDArray[np.int64]:
    """Return the integers round(values * 2**fraction_bits), brought into the bits of `fmt`.

    Exact for every finite float64; NaN and infinities become what `golden.overflow.fit` says.
    `seed` is for `Rounding.STOCHASTIC`.

    >>> to_fixed([0.101, 1.99, -3.0], FixedFormat.parse("Q1.6"))
    array([   6,  127, -128])
    """
    _check_format(fmt)
    array = float_array(values)
    # Beyond float64 is infinity, which every overflow rule treats like the value itself: that is a
    # multiple of 2**32. Below float64 is zero, which would be another value to CEIL or JAM.
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = np.ldexp(array, fmt.fraction_bits)
    tiny = np.copysign(np.finfo(np.float64).tiny, array)
    scaled = np.where((scaled == 0) & (array != 0), tiny, scaled)
    return fit(round_float(scaled, rounding, seed=seed), fmt.integer, overflow)


def from_fixed(integers: ArrayLike, fmt: FixedFormat) -> NDArray[np.float64]:
    """Return the real values integers / 2**fraction_bits, exactly.

    Raises ValueError if an integer is outside the bits of `fmt`.

    >>> from_fixed([6, 127, -128], FixedFormat.parse("Q1.6"))
    array([ 0.09375 ,  1.984375, -2.      ])
    """
    _check_format(fmt)
    array = integer_array(integers, "integers")
    low, high = fmt.integer.min, fmt.integer.max
    outside = (array < low) | (array > high)
    if outside.any():
        raise ValueError(
            f"integers of {fmt} must be from {low} to {high}, not {array[outside].flat[0]}"
        )
    return np.asarray(np.ldexp(array.astype(np.float64), -fmt.fraction_bits))


def quantize_fixed(
    values: ArrayLike,
    bits: int,
    fraction_bits: int,
    rounding: Rounding = Rounding.HALF_EVEN,
    overflow: Overflow = Overflow.SATURATE,
    *,
    signed: bool = True,
    seed: int | None = None,
) -> NDArray[np.float64]:
    """Return `values` moved to the grid of `bits` bits, sign included, `fraction_bits` fraction.

    Weights in (-2, 2) on 8 bits leave 6 bits of fraction, so the step is 1/64:

    >>> quantize_fixed(0.101, 8, 6)
    array(0.09375)
    """
    fmt = FixedFormat.of_width(bits, fraction_bits, signed=signed)
    return from_fixed(to_fixed(values, fmt, rounding, overflow, seed=seed), fmt)


def _check_format(fmt: FixedFormat) -> None:
    if not isinstance(fmt, FixedFormat):
        raise TypeError(f"fmt must be a golden.formats.FixedFormat, not {fmt!r}")
