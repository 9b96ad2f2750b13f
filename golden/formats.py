"""Number formats: two's complement and unsigned integers, and fixed point, up to 32 bits."""

import re
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

__all__ = [
    "INT4",
    "INT8",
    "INT16",
    "INT32",
    "UINT4",
    "UINT8",
    "UINT16",
    "FixedFormat",
    "IntegerFormat",
    "parse_format",
]

MAX_BITS = 32
MAX_FRACTION_BITS = 256
"""Keeps every minimum, maximum and resolution exact in float64."""


def _stripped(text: str) -> str:
    if not isinstance(text, str):
        raise TypeError(f"a format's notation must be a string, not {text!r}")
    return text.strip()


def _check_signed(signed: bool) -> None:
    if not isinstance(signed, bool):
        raise TypeError(f"signed must be True or False, not {signed!r}")


def _check_int(name: str, value: int, low: int | None = None, high: int | None = None) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an integer, not {value!r}")
    if low is not None and high is not None and not low <= value <= high:
        raise ValueError(f"{name} must be from {low} to {high}, not {value}")


@dataclass(frozen=True)
class IntegerFormat:
    """An integer of `bits` bits, from 1 to 32: two's complement if `signed`, else unsigned.

    One signed bit is legal and holds -1 and 0.

    >>> str(IntegerFormat(20, signed=True)), INT8.min, UINT4.max
    ('int20', -128, 15)
    """

    bits: int
    signed: bool

    def __post_init__(self) -> None:
        _check_int("bits", self.bits, 1, MAX_BITS)
        _check_signed(self.signed)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the format written as `int8`, `s8` or `i8`, `uint8` or `u8`."""
        match = re.fullmatch(r"(int|s|i|uint|u)(\d{1,9})", _stripped(text), re.IGNORECASE)
        if match is None:
            raise ValueError(f"an integer format is written like int8 or uint4, not {text!r}")
        return cls(int(match[2]), signed=not match[1].lower().startswith("u"))

    def __str__(self) -> str:
        return f"{'int' if self.signed else 'uint'}{self.bits}"

    @property
    def min(self) -> int:
        """The smallest value."""
        return -(1 << (self.bits - 1)) if self.signed else 0

    @property
    def max(self) -> int:
        """The largest value."""
        return (1 << (self.bits - self.signed)) - 1

    @property
    def resolution(self) -> int:
        """The distance between neighbours: 1."""
        return 1

    @property
    def dtype(self) -> np.dtype[Any]:
        """The smallest NumPy integer type that holds every value."""
        size = next(size for size in (8, 16, 32) if self.bits <= size)
        return np.dtype(f"{'int' if self.signed else 'uint'}{size}")

    def contains(self, values: ArrayLike) -> bool:
        """Return whether every one of `values`, integers or floats, is a value of the format."""
        array = np.asarray(values)
        if array.dtype.kind not in "iuf":
            raise TypeError(f"values must be integers or floats, not {array.dtype}")
        inside = (array >= self.min) & (array <= self.max)
        if array.dtype.kind == "f":
            inside &= array == np.trunc(array)
        return bool(inside.all())


INT4 = IntegerFormat(4, signed=True)
INT8 = IntegerFormat(8, signed=True)
INT16 = IntegerFormat(16, signed=True)
INT32 = IntegerFormat(32, signed=True)
UINT4 = IntegerFormat(4, signed=False)
UINT8 = IntegerFormat(8, signed=False)
UINT16 = IntegerFormat(16, signed=False)


@dataclass(frozen=True)
class FixedFormat:
    """A fixed-point number: an integer of 1 to 32 bits times 2**-`fraction_bits`.

    Written Qm.n (signed) or UQm.n (unsigned) with m `integer_bits` and n `fraction_bits`. The sign
    bit is not counted in m (the convention of Texas Instruments; Arm counts it), so Q3.4 and UQ4.4
    both have 8 bits. m or n may be negative as long as their sum leaves at least one bit: Q-2.9
    has 8 bits, all behind the point, and the largest is below 1/4. n is from -256 to 256.

    >>> FixedFormat.parse("Q1.6").min, FixedFormat.parse("Q1.6").max
    (-2.0, 1.984375)
    """

    integer_bits: int
    fraction_bits: int
    signed: bool

    def __post_init__(self) -> None:
        _check_signed(self.signed)
        _check_int("fraction_bits", self.fraction_bits, -MAX_FRACTION_BITS, MAX_FRACTION_BITS)
        _check_int("integer_bits", self.integer_bits)
        if not 1 <= self.bits <= MAX_BITS:
            raise ValueError(f"{self} must have from 1 to {MAX_BITS} bits, not {self.bits}")

    @classmethod
    def of_width(cls, bits: int, fraction_bits: int, *, signed: bool = True) -> Self:
        """Return the format of `bits` bits, sign included, the last `fraction_bits` fraction."""
        integer = IntegerFormat(bits, signed)
        _check_int("fraction_bits", fraction_bits, -MAX_FRACTION_BITS, MAX_FRACTION_BITS)
        return cls(integer.bits - signed - fraction_bits, fraction_bits, signed)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the format written as `Q3.4`, `UQ4.4`, `ap_fixed<8,4>` or `ap_ufixed<8,4>`.

        The arguments of the last two are all bits and the integer bits with the sign bit.
        """
        stripped = _stripped(text)
        if match := re.fullmatch(r"(U?)Q(-?\d{1,9})\.(-?\d{1,9})", stripped, re.IGNORECASE):
            return cls(int(match[2]), int(match[3]), signed=not match[1])
        if match := re.fullmatch(r"ap_(u?)fixed<\s*(\d{1,9})\s*,\s*(-?\d{1,9})\s*>", stripped):
            bits, integer_bits = int(match[2]), int(match[3])
            return cls.of_width(bits, bits - integer_bits, signed=not match[1])
        raise ValueError(
            f"a fixed-point format is written like Q3.4, UQ4.4 or ap_fixed<8,4>, not {text!r}"
        )

    def __str__(self) -> str:
        return f"{'Q' if self.signed else 'UQ'}{self.integer_bits}.{self.fraction_bits}"

    @property
    def bits(self) -> int:
        """All bits, the sign bit included."""
        return self.integer_bits + self.fraction_bits + self.signed

    @property
    def integer(self) -> IntegerFormat:
        """The format of the integer that is multiplied by the resolution."""
        return IntegerFormat(self.bits, self.signed)

    @property
    def resolution(self) -> float:
        """The distance between neighbours, 2**-`fraction_bits`."""
        return 2.0**-self.fraction_bits

    @property
    def min(self) -> float:
        """The smallest value."""
        return self.integer.min * self.resolution

    @property
    def max(self) -> float:
        """The largest value."""
        return self.integer.max * self.resolution

    def contains(self, values: ArrayLike) -> bool:
        """Return whether every one of `values`, integers or floats, is a value of the format."""
        array = np.asarray(values)
        if array.dtype.kind not in "iuf":
            raise TypeError(f"values must be integers or floats, not {array.dtype}")
        with np.errstate(over="ignore"):
            scaled = np.ldexp(array.astype(np.float64), self.fraction_bits)
        vanished = (scaled == 0) & (array != 0)
        return self.integer.contains(scaled) and not vanished.any()


def parse_format(text: str) -> IntegerFormat | FixedFormat:
    """Return the integer or fixed-point format that `text` is the notation of.

    >>> parse_format("uint4"), str(parse_format("ap_fixed<8,4>"))
    (IntegerFormat(bits=4, signed=False), 'Q3.4')
    """
    if re.match(r"u?q|ap_", _stripped(text), re.IGNORECASE):
        return FixedFormat.parse(text)
    if re.match(r"(int|s|i|uint|u)\d", _stripped(text), re.IGNORECASE):
        return IntegerFormat.parse(text)
    raise ValueError(f"a format is written like int8, uint4, Q3.4 or UQ4.4, not {text!r}")
