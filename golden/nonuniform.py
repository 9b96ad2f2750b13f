"""Quantization to levels that are not evenly spaced: powers of two, and codebooks."""

import math
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from golden.arrays import integer_array
from golden.channels import as_codes, as_float
from golden.clustering import best_levels, borders, lloyd
from golden.rounding import Rounding

__all__ = ["Codebook", "PowerOfTwoLevels"]


@dataclass(frozen=True)
class PowerOfTwoLevels:
    """The levels 0 and plus or minus 2^k: what a shift can multiply by.

    Codes are two's complement of `bits` bits without the lowest one. With m = 2^(bits - 1) - 1

        level of code 0 = 0,  level of code +-c = +-2^(exponent - m + c)  for c from 1 to m

    so the largest level is 2^exponent, and code c shifts left by c - 1 in units of the smallest.

    Parameters
    ----------
    bits
        From 2 (the levels -1, 0, 1) to 6 (31 magnitudes).
    exponent
        Of the largest level, from -500 to 500.
    """

    bits: int
    exponent: int

    def __post_init__(self) -> None:
        for name, low, high in (("bits", 2, 6), ("exponent", -500, 500)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int):
                raise TypeError(f"{name} must be an integer, not {value!r}")
            if not low <= value <= high:
                raise ValueError(f"{name} must be from {low} to {high}, not {value}")

    @classmethod
    def covering(cls, x: ArrayLike, bits: int) -> Self:
        """Return the levels whose largest is nearest to the largest magnitude of `x`, not all 0."""
        magnitude = float(np.abs(as_float(x)).max())
        if magnitude == 0:
            raise ValueError("values must not all be 0 to find their exponent")
        mantissa, exponent = math.frexp(magnitude)
        return cls(bits, exponent - (mantissa < 0.75))

    @property
    def magnitudes(self) -> int:
        """m, the number of positive levels."""
        return int(2 ** (self.bits - 1) - 1)

    @property
    def smallest(self) -> float:
        """The smallest positive level, the unit of `multiply`."""
        return math.ldexp(1.0, self.exponent - self.magnitudes + 1)

    def encode(self, x: ArrayLike, tie: Rounding = Rounding.HALF_AWAY) -> NDArray[np.int8]:
        """Return the codes of the nearest levels; what is beyond the largest level gets its code.

        Nearest is by distance, not by ratio: between 1 and 2 the border is 1.5. A value on it goes
        to the larger magnitude with `Rounding.HALF_AWAY`, to the smaller with `HALF_ZERO`.
        """
        values = as_float(x).astype(np.float64, copy=False)
        levels = np.concatenate([[0.0], self._positive_levels()])
        codes = np.searchsorted(borders(levels), np.abs(values), side=_side(tie))
        return np.asarray(np.where(values < 0, -codes, codes), dtype=np.int8)

    def decode(self, codes: ArrayLike) -> NDArray[np.float64]:
        """Return the levels of codes, exactly."""
        checked = self._checked(codes)
        levels = np.concatenate([[0.0], self._positive_levels()])
        return np.asarray(np.copysign(levels[np.abs(checked)], checked))

    def multiply(self, values: ArrayLike, codes: ArrayLike) -> NDArray[np.int64]:
        """Return integers times levels, in units of `smallest`: a shift, and a sign.

        values * decode(codes) == multiply(values, codes) * smallest. Arrays broadcast; values have
        at most 32 bits.
        """
        checked = self._checked(codes)
        integers = integer_array(values)
        for end in (integers.min(), integers.max()) if integers.size else ():
            if not -(2**31) <= end < 2**32:
                raise ValueError(f"values must have at most 32 bits, not be {end}")
        shifted = integers << np.maximum(np.abs(checked) - 1, 0)
        return np.asarray(np.sign(checked) * shifted)

    def _positive_levels(self) -> NDArray[np.float64]:
        return np.asarray(np.ldexp(self.smallest, np.arange(self.magnitudes)))

    def _checked(self, codes: ArrayLike) -> NDArray[np.int64]:
        return as_codes(codes, -self.magnitudes, self.magnitudes).astype(np.int64)


@dataclass(frozen=True, eq=False)
class Codebook:
    """Any levels, looked up by index.

    Parameters
    ----------
    levels
        From 1 to 256 finite numbers in rising order, kept as float32.
    """

    levels: NDArray[np.float32]

    def __post_init__(self) -> None:
        levels = as_float(self.levels, "levels").astype(np.float32)
        if levels.ndim != 1 or levels.size > 256:
            raise ValueError(f"levels must be a list of 1 to 256, not of shape {levels.shape}")
        if (np.diff(levels) <= 0).any():
            where = int(np.argmax(np.diff(levels) <= 0))
            raise ValueError(
                f"levels must rise, not go from {levels[where]} to {levels[where + 1]}"
            )
        levels.flags.writeable = False
        object.__setattr__(self, "levels", levels)

    @classmethod
    def fit(cls, x: ArrayLike, size: int, *, iterations: int = 100) -> Self:
        """Find `size` levels, from 1 to 256, with a small squared error; no randomness.

        The values are gathered into at most 512 cells, the best levels for the cells are found
        exactly, and Lloyd's algorithm moves them to the means of the values themselves until
        nothing changes or `iterations` are done. Up to 512 distinct values the result is the best
        there is; fewer distinct values than `size` are their own levels.
        """
        if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= 256:
            raise ValueError(f"size must be an integer from 1 to 256, not {size!r}")
        values, counts = np.unique(as_float(x).astype(np.float32), return_counts=True)
        if values.size <= size:
            return cls(values)
        exact = values.astype(np.float64)
        levels = best_levels(exact, counts, size)
        return cls(np.unique(lloyd(exact, counts, levels, iterations).astype(np.float32)))

    @property
    def bits(self) -> int:
        """Bits of an index."""
        return max((self.levels.size - 1).bit_length(), 1)

    def encode(self, x: ArrayLike) -> NDArray[np.uint8]:
        """Return the index of the nearest level; a tie takes the lower."""
        values = as_float(x).astype(np.float64, copy=False)
        indices = np.searchsorted(borders(self.levels.astype(np.float64)), values, side="left")
        return np.asarray(indices, dtype=np.uint8)

    def decode(self, indices: ArrayLike) -> NDArray[np.float32]:
        """Return the levels at the indices."""
        return np.asarray(self.levels[as_codes(indices, 0, self.levels.size - 1)])


def _side(tie: Rounding) -> Literal["left", "right"]:
    match tie:
        case Rounding.HALF_AWAY:
            return "right"
        case Rounding.HALF_ZERO:
            return "left"
    raise ValueError(f"tie must be half_away or half_zero, not {getattr(tie, 'value', tie)}")
