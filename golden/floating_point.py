"""IEEE 754 numbers as bits: fields, classes, units in the last place."""

from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from golden.arrays import integer_array
from golden.names import parse_name

__all__ = [
    "FloatArray",
    "FloatClass",
    "FloatFields",
    "FloatFormat",
    "bit_pattern",
    "check_format",
    "classify",
    "fields",
    "from_fields",
    "ulp",
]

FloatArray: TypeAlias = NDArray[np.floating[Any]]


class FloatFormat(Enum):
    """A binary interchange format of IEEE 754."""

    FLOAT16 = "float16"
    """1 sign, 5 exponent and 10 significand bits."""
    FLOAT32 = "float32"
    """1 sign, 8 exponent and 23 significand bits."""
    FLOAT64 = "float64"
    """1 sign, 11 exponent and 52 significand bits."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the format named `text`; ValueError lists the legal names."""
        return parse_name(cls, text)

    @classmethod
    def of(cls, values: FloatArray) -> "FloatFormat":
        """Return the format of an array of floats; TypeError if it is none of the three."""
        dtype = getattr(values, "dtype", None)
        if dtype is None or dtype.name not in [fmt.value for fmt in cls]:
            kind = type(values).__name__ if dtype is None else dtype
            raise TypeError(f"values must be a float16, float32 or float64 array, not {kind}")
        return parse_name(cls, values.dtype.name)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The NumPy type, in the machine's byte order."""
        return np.dtype(self.value)

    @property
    def unsigned(self) -> np.dtype[Any]:
        """The NumPy unsigned integer type of the same size."""
        return np.dtype(f"uint{self.bits}")

    @property
    def bits(self) -> int:
        """All bits."""
        return self.dtype.itemsize * 8

    @property
    def significand_bits(self) -> int:
        """The stored bits of the significand, without the implicit leading one."""
        return {16: 10, 32: 23, 64: 52}[self.bits]

    @property
    def exponent_bits(self) -> int:
        """The bits of the exponent."""
        return self.bits - 1 - self.significand_bits

    @property
    def bias(self) -> int:
        """What is added to the exponent before it is stored."""
        return (1 << (self.exponent_bits - 1)) - 1


class FloatClass(IntEnum):
    """What kind of number a float is; its sign is apart."""

    ZERO = 0
    SUBNORMAL = 1
    NORMAL = 2
    INFINITE = 3
    QUIET_NAN = 4
    SIGNALING_NAN = 5


@dataclass(frozen=True)
class FloatFields:
    """The three fields of floats as stored: int64 arrays of one shape.

    A normal number is (-1)**sign * 2**(exponent - bias) * (1 + significand / 2**significand_bits);
    with exponent 0 it is (-1)**sign * 2**(1 - bias) * significand / 2**significand_bits.
    """

    sign: NDArray[np.int64]
    """0 or 1."""
    exponent: NDArray[np.int64]
    """With the bias: 0 for zeros and subnormals, all ones for infinities and NaNs."""
    significand: NDArray[np.int64]
    """Without the implicit one; of a NaN, its payload with the quiet bit on top."""


def fields(values: FloatArray) -> FloatFields:
    """Return the fields of float16, float32 or float64 `values`; no bit of a NaN is changed.

    >>> view = fields(np.array([1.0, -0.15625], np.float32))
    >>> view.sign, view.exponent, view.significand
    (array([0, 1]), array([127, 124]), array([      0, 2097152]))
    """
    fmt = FloatFormat.of(values)
    pattern = bit_pattern(values, fmt).astype(np.uint64)
    magnitude = (pattern & np.uint64((1 << (fmt.bits - 1)) - 1)).astype(np.int64)
    return FloatFields(
        sign=np.asarray((pattern >> np.uint64(fmt.bits - 1)).astype(np.int64)),
        exponent=np.asarray(magnitude >> fmt.significand_bits),
        significand=np.asarray(magnitude & ((1 << fmt.significand_bits) - 1)),
    )


def from_fields(view: FloatFields, fmt: FloatFormat) -> FloatArray:
    """Return the floats that have the given fields: the inverse of `fields`.

    Raises ValueError if a field does not fit its bits.
    """
    check_format(fmt)
    sign = _field(view.sign, "sign", 1)
    exponent = _field(view.exponent, "exponent", fmt.exponent_bits)
    significand = _field(view.significand, "significand", fmt.significand_bits)
    pattern = (
        (sign << np.uint64(fmt.bits - 1))
        | (exponent << np.uint64(fmt.significand_bits))
        | significand
    )
    return np.asarray(pattern).astype(fmt.unsigned).view(fmt.dtype)


def classify(values: FloatArray) -> NDArray[np.uint8]:
    """Return the `FloatClass` of each of the float16, float32 or float64 `values`.

    >>> [FloatClass(kind).name for kind in classify(np.array([-0.0, 1e-310, np.inf]))]
    ['ZERO', 'SUBNORMAL', 'INFINITE']
    """
    fmt = FloatFormat.of(values)
    view = fields(values)
    largest = (1 << fmt.exponent_bits) - 1
    quiet = view.significand >> (fmt.significand_bits - 1) != 0
    kind = np.select(
        [view.exponent == 0, view.exponent < largest, view.significand == 0, quiet],
        [
            np.where(view.significand == 0, FloatClass.ZERO, FloatClass.SUBNORMAL),
            FloatClass.NORMAL,
            FloatClass.INFINITE,
            FloatClass.QUIET_NAN,
        ],
        FloatClass.SIGNALING_NAN,
    )
    return kind.astype(np.uint8)


def ulp(values: FloatArray) -> FloatArray:
    """Return the unit in the last place of each value, in the type of `values`.

    It is the distance to the neighbour of larger magnitude, as if the range had no end; the same
    through zero and the subnormals; NaN for infinities and NaNs.

    >>> ulp(np.array([1024.0, -65504.0, np.inf], np.float16))
    array([ 1., 32., nan], dtype=float16)
    """
    fmt = FloatFormat.of(values)
    exponent = fields(values).exponent
    scale = np.maximum(exponent, 1) - fmt.bias - fmt.significand_bits
    finite = exponent < (1 << fmt.exponent_bits) - 1
    steps = np.ldexp(1.0, np.where(finite, scale, 0))
    return np.asarray(np.where(finite, steps, np.nan).astype(fmt.dtype))


def bit_pattern(values: FloatArray, fmt: FloatFormat) -> NDArray[Any]:
    """Return the bits of `values`, an array of `fmt`, as unsigned integers of the same size."""
    return np.ascontiguousarray(values, fmt.dtype).view(fmt.unsigned).reshape(np.shape(values))


def _field(values: NDArray[np.int64], name: str, bits: int) -> NDArray[np.uint64]:
    array = integer_array(values, name)
    outside = (array < 0) | (array >= 1 << bits)
    if outside.any():
        raise ValueError(
            f"{name} must be from 0 to {(1 << bits) - 1}, not {array[outside].flat[0]}"
        )
    return array.astype(np.uint64)


def check_format(fmt: FloatFormat) -> None:
    """Raise TypeError unless `fmt` is a `FloatFormat`."""
    if not isinstance(fmt, FloatFormat):
        raise TypeError(f"fmt must be a golden.floating_point.FloatFormat, not {fmt!r}")
