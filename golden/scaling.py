"""The requantization schemes as values: each takes int32 to the integer nearest its scaled self.

A scaling is per channel: its parameters are arrays of one dimension that run along the last axis
of the values. `Requantization` adds bias, zero point and clip.
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from golden.arrays import integer_array
from golden.integer_scale import MULTIPLIER_BITS, decompose
from golden.q31 import high_multiply, quantize_multiplier
from golden.real_scale import checked_scale, split_scale
from golden.rounding import Rounding, round_shift
from golden.scheme import Scheme

__all__ = [
    "TIE_RULES",
    "FixedScaling",
    "Float32Scaling",
    "Q31Scaling",
    "Scaling",
    "ShiftScaling",
]

TIE_RULES = (Rounding.HALF_EVEN, Rounding.HALF_UP, Rounding.HALF_AWAY)
"""The rules that FIXED and SHIFT may round by."""

_FLOAT_LIMIT = np.float32(2.0**62)

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Float32Scaling:
    """ONNX Runtime's QLinear operators, LiteRT's default kernels: rne(f32(f32(t) * scale)).

    Parameters
    ----------
    scale : (N,) float32, finite and not negative

    """

    scale: npt.NDArray[np.float32]
    scheme: ClassVar[Scheme] = Scheme.FLOAT32

    def __post_init__(self) -> None:
        _store(self, scale=checked_scale(self.scale))

    @property
    def channels(self) -> int:
        """N, the number of output channels."""
        return self.scale.size

    @property
    def multiplier(self) -> Integers:
        """The scale's 24 significant bits; see `golden.integer_scale.decompose`."""
        return decompose(self.scale)[0]

    @property
    def shift(self) -> Integers:
        """The scale is multiplier * 2**-shift."""
        return decompose(self.scale)[1]

    def apply(self, t: npt.NDArray[np.int32]) -> Integers:
        """Scale and round; magnitudes from 2**62 on, infinity too, come back as 2**62."""
        with np.errstate(over="ignore", under="ignore"):
            product = t.astype(np.float32) * self.scale
        limited = np.clip(product, -_FLOAT_LIMIT, _FLOAT_LIMIT)
        return np.asarray(np.rint(limited), np.int64)


@dataclass(frozen=True, eq=False)
class FixedScaling:
    """An integer multiplier and one rounding shift: round(t * multiplier * 2**-shift), exact.

    Parameters
    ----------
    multiplier : (N,) int64, from 2**23 to 2**24 - 1, or 0
    shift : (N,) int64, from 0 to 63
    tie : one of `TIE_RULES`

    """

    multiplier: Integers
    shift: Integers
    tie: Rounding = Rounding.HALF_EVEN
    scheme: ClassVar[Scheme] = Scheme.FIXED

    def __post_init__(self) -> None:
        multiplier = _normalized(self.multiplier, MULTIPLIER_BITS)
        _store(self, multiplier=multiplier, shift=_within("shift", self.shift, 0, 63))
        _check_tie(self.tie)

    @property
    def channels(self) -> int:
        """N, the number of output channels."""
        return self.multiplier.size

    @classmethod
    def from_scale(cls, scale: npt.ArrayLike, tie: Rounding = Rounding.HALF_EVEN) -> "FixedScaling":
        """The 24-bit multiplier nearest to each real scale; a scale below 2**-40 becomes 0."""
        mantissa, exponent = split_scale(scale, MULTIPLIER_BITS)
        shift = MULTIPLIER_BITS - exponent
        if (shift < 0).any():
            value = np.atleast_1d(scale)[shift < 0][0]
            raise ValueError(f"scale must be below 2**24 for Scheme.FIXED, not {value}")
        zero = (mantissa == 0) | (shift > 63)
        return cls(np.where(zero, 0, mantissa), np.where(zero, 0, shift), tie)

    def apply(self, t: npt.NDArray[np.int32]) -> Integers:
        """Scale and round; the product has at most 55 bits, so int64 is exact."""
        return round_shift(t.astype(np.int64) * self.multiplier, self.shift, self.tie)


@dataclass(frozen=True, eq=False)
class ShiftScaling:
    """A power-of-two scale: round(t * 2**-shift), exact.

    Parameters
    ----------
    shift : (N,) int64, from 0 to 31
    tie : one of `TIE_RULES`

    """

    shift: Integers
    tie: Rounding = Rounding.HALF_EVEN
    scheme: ClassVar[Scheme] = Scheme.SHIFT

    def __post_init__(self) -> None:
        _store(self, shift=_within("shift", self.shift, 0, 31))
        _check_tie(self.tie)

    @property
    def channels(self) -> int:
        """N, the number of output channels."""
        return self.shift.size

    @classmethod
    def from_scale(cls, scale: npt.ArrayLike, tie: Rounding = Rounding.HALF_EVEN) -> "ShiftScaling":
        """The shift of scales that are exactly 2**0 to 2**-31."""
        mantissa, exponent = np.frexp(np.atleast_1d(np.asarray(scale, np.float64)))
        legal = (mantissa == 0.5) & (exponent <= 1) & (exponent >= -30)
        if not legal.all():
            value = np.atleast_1d(scale)[~legal][0]
            raise ValueError(
                f"scale must be a power of two from 2**-31 to 1 for Scheme.SHIFT, not {value}"
            )
        return cls(1 - exponent.astype(np.int64), tie)

    def apply(self, t: npt.NDArray[np.int32]) -> Integers:
        """Scale and round."""
        return round_shift(t.astype(np.int64), self.shift, self.tie)


@dataclass(frozen=True, eq=False)
class Q31Scaling:
    """LiteRT's reference convolution: a rounding Q31 multiply, then a rounding shift.

    With left = max(exponent, 0) and right = max(-exponent, 0)::

        high = (wrap32(t << left) * multiplier + 2**30) >> 31
        result = high * 2**-right, ties away from zero

    LiteRT leaves a left shift that overflows undefined; here it wraps, as its compilers do.

    Parameters
    ----------
    multiplier : (N,) int64, from 2**30 to 2**31 - 1, or 0
    exponent : (N,) int64, from -31 to 30

    """

    multiplier: Integers
    exponent: Integers
    scheme: ClassVar[Scheme] = Scheme.Q31_DOUBLE

    def __post_init__(self) -> None:
        exponent = _within("exponent", self.exponent, -31, 30)
        _store(self, multiplier=_normalized(self.multiplier, 31), exponent=exponent)

    @property
    def channels(self) -> int:
        """N, the number of output channels."""
        return self.multiplier.size

    @classmethod
    def from_scale(cls, scale: npt.ArrayLike) -> "Q31Scaling":
        """LiteRT's QuantizeMultiplier on float64 scales D(xs) * D(ws) / D(ys)."""
        return cls(*quantize_multiplier(scale))

    def apply(self, t: npt.NDArray[np.int32]) -> Integers:
        """Scale and round twice."""
        high = high_multiply(t, self.multiplier, self.exponent)
        return round_shift(high, np.maximum(-self.exponent, 0), Rounding.HALF_AWAY)


Scaling = Float32Scaling | FixedScaling | ShiftScaling | Q31Scaling


def _normalized(multiplier: npt.ArrayLike, bits: int) -> Integers:
    array = integer_array(multiplier, "multiplier")
    outside = (array != 0) & ((array < 1 << (bits - 1)) | (array >= 1 << bits))
    if outside.any():
        value = array[outside].flat[0]
        raise ValueError(
            f"multiplier must be 0 or from 2**{bits - 1} to 2**{bits} - 1, not {value}"
        )
    return array


def _within(name: str, values: npt.ArrayLike, low: int, high: int) -> Integers:
    array = integer_array(values, name)
    outside = (array < low) | (array > high)
    if outside.any():
        raise ValueError(f"{name} must be from {low} to {high}, not {array[outside].flat[0]}")
    return array


def _check_tie(tie: Rounding) -> None:
    if not isinstance(tie, Rounding):
        raise TypeError(f"tie must be a golden.rounding.Rounding, not {tie!r}")
    if tie not in TIE_RULES:
        raise ValueError(f"tie must be half_even, half_up or half_away, not {tie.value}")


def _store(scaling: object, **parameters: npt.NDArray[Any]) -> None:
    """Keep read-only copies with one dimension; one value serves all channels of the others."""
    for name, values in parameters.items():
        if values.ndim > 1:
            raise ValueError(f"{name} must have one dimension, not shape {values.shape}")
    counts = {name: values.size for name, values in parameters.items() if values.size != 1}
    if len(set(counts.values())) > 1:
        (first, channels), (second, others) = counts.items()
        raise ValueError(f"{first} has {channels} channels but {second} has {others}")
    for name, values in parameters.items():
        array = np.array(np.broadcast_to(values, max(counts.values(), default=1)))
        array.flags.writeable = False
        object.__setattr__(scaling, name, array)
