"""What a word of a file stands for: a signed or unsigned integer, or a float."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from golden.formats import IntegerFormat

__all__ = ["WordFormat", "WordKind"]

INT32_BITS = 32


class WordKind(Enum):
    """How the bits of a word are read."""

    SIGNED = "int"
    """Two's complement."""
    UNSIGNED = "uint"
    FLOAT = "float"
    """IEEE 754."""


@dataclass(frozen=True)
class WordFormat:
    """A word of `bits` bits: integers from 1 to 64, floats 16, 32 or 64.

    >>> str(WordFormat.parse("int12")), WordFormat.parse("float32").dtype
    ('int12', dtype('float32'))
    """

    kind: WordKind
    bits: int

    def __post_init__(self) -> None:
        if self.kind is WordKind.FLOAT and self.bits not in (16, 32, 64):
            raise ValueError(f"a float format has 16, 32 or 64 bits, not {self.bits}")
        if not 1 <= self.bits <= 64:
            raise ValueError(f"an integer format has from 1 to 64 bits, not {self.bits}")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the format written as `int8`, `uint12` or `float32`."""
        match = re.fullmatch(r"(int|uint|float)([1-9]\d?)", text.strip().lower())
        if match is None:
            raise ValueError(f"a format is written like int8, uint16 or float32, not {text!r}")
        return cls(WordKind(match[1]), int(match[2]))

    @classmethod
    def of(cls, dtype: np.dtype[Any]) -> Self:
        """Return the format of a NumPy integer or float type."""
        kinds = {"i": WordKind.SIGNED, "u": WordKind.UNSIGNED, "f": WordKind.FLOAT}
        if dtype.kind == "b":
            return cls(WordKind.UNSIGNED, 1)
        if dtype.kind not in kinds or dtype.itemsize > 8:
            raise TypeError(f"numbers must be integers or floats of up to 64 bits, not {dtype}")
        return cls(kinds[dtype.kind], 8 * dtype.itemsize)

    def __str__(self) -> str:
        return f"{self.kind.value}{self.bits}"

    @property
    def dtype(self) -> np.dtype[Any]:
        """The smallest NumPy type that holds every value."""
        size = next(size for size in (8, 16, 32, 64) if self.bits <= size)
        return np.dtype(f"{self.kind.value}{size}")

    @property
    def integer(self) -> IntegerFormat | None:
        """The same as a number format of the arithmetic, if it is an integer of up to 32 bits."""
        if self.kind is WordKind.FLOAT or self.bits > INT32_BITS:
            return None
        return IntegerFormat(self.bits, signed=self.kind is WordKind.SIGNED)

    def first_outside(self, values: npt.NDArray[Any]) -> int | None:
        """The flat index of the first of integer `values` that the format does not hold."""
        low = -(1 << (self.bits - 1)) if self.kind is WordKind.SIGNED else 0
        high = (1 << (self.bits - (self.kind is WordKind.SIGNED))) - 1
        # NumPy compares integers of any type with Python's exactly.
        outside = np.flatnonzero((values < low) | (values > high))
        return int(outside[0]) if outside.size else None

    def from_words(self, words: Iterable[int]) -> npt.NDArray[Any]:
        """The values of bit patterns from 0 to 2**bits - 1."""
        patterns = np.fromiter(words, np.uint64)
        if self.kind is WordKind.FLOAT:
            return patterns.astype(f"u{self.bits // 8}").view(self.dtype)
        if self.kind is WordKind.SIGNED:
            unused = np.int64(64 - self.bits)
            return ((patterns.view(np.int64) << unused) >> unused).astype(self.dtype)
        return patterns.astype(self.dtype)

    def to_words(self, values: npt.NDArray[Any]) -> Iterator[int]:
        """The bit patterns of values that the format holds, in C order."""
        if self.kind is WordKind.FLOAT:
            flat = np.asarray(values, self.dtype, order="C").ravel()
            yield from flat.view(f"u{self.bits // 8}").tolist()
        else:
            mask = (1 << self.bits) - 1
            yield from (value & mask for value in values.ravel().tolist())
