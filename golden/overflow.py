"""Overflow rules by name: what becomes of a value that its format cannot hold."""

from enum import Enum
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from golden.arrays import float_array, integer_array
from golden.formats import IntegerFormat
from golden.names import parse_name

__all__ = ["Overflow", "fit"]


class Overflow(Enum):
    """What a whole number outside a format becomes."""

    SATURATE = "saturate"
    """The nearer end of the format."""
    WRAP = "wrap"
    """The value modulo 2**bits: the upper bits are dropped."""
    SATURATE_SYMMETRIC = "saturate_symmetric"
    """The nearer end of [-max, max], so -128 becomes -127 in int8; of [0, max] if unsigned."""
    SATURATE_TO_ZERO = "saturate_to_zero"
    """Zero."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the rule named `text`; ValueError lists the legal names."""
        return parse_name(cls, text)


def fit(values: ArrayLike, fmt: IntegerFormat, rule: Overflow) -> NDArray[np.int64]:
    """Return whole numbers `values`, integers or floats, brought into `fmt` by `rule`.

    Exact for every int64 and every whole float64, whatever its size. NaN becomes 0 under every
    rule. An infinity becomes the end that it is nearer to under the two rules that have ends, and 0
    under the others.

    Raises ValueError if a float is not whole: round it first, by a named rule.

    >>> fit([-200, -128, 127, 200], IntegerFormat(8, signed=True), Overflow.SATURATE_SYMMETRIC)
    array([-127, -127,  127,  127])
    >>> fit([-200, -128, 127, 200], IntegerFormat(8, signed=True), Overflow.WRAP)
    array([  56, -128,  127,  -56])
    """
    if not isinstance(fmt, IntegerFormat):
        raise TypeError(f"fmt must be a golden.formats.IntegerFormat, not {fmt!r}")
    if not isinstance(rule, Overflow):
        raise TypeError(f"rule must be a golden.overflow.Overflow, not {rule!r}")
    array = np.asarray(values)
    if array.dtype.kind == "f":
        return _fit_integers(_reduced(float_array(array), fmt, rule), fmt, rule)
    return _fit_integers(integer_array(array), fmt, rule)


def _fit_integers(
    values: NDArray[np.int64], fmt: IntegerFormat, rule: Overflow
) -> NDArray[np.int64]:
    match rule:
        case Overflow.SATURATE:
            return np.asarray(values.clip(fmt.min, fmt.max))
        case Overflow.SATURATE_SYMMETRIC:
            return np.asarray(values.clip(-fmt.max if fmt.signed else 0, fmt.max))
        case Overflow.SATURATE_TO_ZERO:
            return np.where((values >= fmt.min) & (values <= fmt.max), values, 0)
        case Overflow.WRAP:
            kept = values & ((1 << fmt.bits) - 1)
            sign = 1 << (fmt.bits - 1) if fmt.signed else 0
            return np.asarray((kept ^ sign) - sign)


def _reduced(values: NDArray[np.float64], fmt: IntegerFormat, rule: Overflow) -> NDArray[np.int64]:
    """Return integers that `rule` brings to the same result as the floats `values`."""
    with np.errstate(invalid="ignore"):  # signalling NaNs
        broken = np.isfinite(values) & (values != np.trunc(values))
        if broken.any():
            raise ValueError(
                f"values must be whole numbers, but {values[broken].flat[0]} is not:"
                " round it first with golden.rounding.round_float"
            )
        if rule is Overflow.WRAP:
            # The remainder of a division of floats is exact, and keeps the value modulo 2**bits.
            finite = np.where(np.isfinite(values), values, 0.0)
            return np.asarray(np.fmod(finite, 2.0**fmt.bits).astype(np.int64))
        # One step outside is as far outside as any distance.
        near = np.where(np.isnan(values), 0.0, values).clip(fmt.min - 1, fmt.max + 1)
        return np.asarray(near.astype(np.int64))
