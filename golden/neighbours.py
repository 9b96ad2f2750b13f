"""Where values lie between the two whole numbers around them, exactly.

Every question has a boolean array as its answer, and is asked only by the rules that need it.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Mask", "Position", "Quotient", "Real"]

Mask: TypeAlias = NDArray[np.bool_]


@dataclass(frozen=True)
class Quotient:
    """Integers divided by `divisor`, from 1 to 2**63, above the whole number `floor`."""

    values: NDArray[np.int64]
    floor: NDArray[np.int64]
    remainder: NDArray[np.uint64]
    divisor: NDArray[np.uint64]

    def negative(self) -> Mask:
        """Whether the value is below zero."""
        return self.values < 0

    def odd(self) -> Mask:
        """Whether the lower neighbour is odd."""
        return (self.floor & 1).astype(np.bool_)

    def inexact(self) -> Mask:
        """Whether the value is not its lower neighbour."""
        return np.asarray(self.remainder != 0)

    def tie(self) -> Mask:
        """Whether both neighbours are equally near."""
        return np.asarray(self._twice() == self.divisor)

    def past_half(self) -> Mask:
        """Whether the upper neighbour is nearer."""
        return np.asarray(self._twice() > self.divisor)

    def up_by_chance(self, generator: np.random.Generator) -> Mask:
        """Whether to go up, drawn with the dropped fraction as probability."""
        draw = generator.integers(0, self.divisor, self.floor.shape, dtype=np.uint64)
        return np.asarray(draw < self.remainder)

    def _twice(self) -> NDArray[np.uint64]:
        return self.remainder << np.uint64(1)


@dataclass(frozen=True)
class Real:
    """Floats above the whole number `floor`.

    The distance from the floor may need more than 53 bits (1 - 2**-60), so values are compared with
    the middle, which is exact wherever there is a fraction: below 2**52.
    """

    values: NDArray[np.float64]
    floor: NDArray[np.float64]

    def negative(self) -> Mask:
        """Whether the value is below zero."""
        return self.values < 0

    def odd(self) -> Mask:
        """Whether the lower neighbour is odd."""
        half = self.floor * 0.5
        return np.asarray(half != np.floor(half))

    def inexact(self) -> Mask:
        """Whether the value is not its lower neighbour."""
        return np.asarray(self.values != self.floor)

    def tie(self) -> Mask:
        """Whether both neighbours are equally near."""
        return np.asarray(self.inexact() & (self.values == self.floor + 0.5))

    def past_half(self) -> Mask:
        """Whether the upper neighbour is nearer."""
        return np.asarray(self.values > self.floor + 0.5)

    def up_by_chance(self, generator: np.random.Generator) -> Mask:
        """Whether to go up, drawn with the dropped fraction, to 2**-53, as probability."""
        magnitude = np.abs(self.values - np.trunc(self.values))  # exact, unlike from the floor
        outward = generator.random(self.values.shape) < magnitude
        return self.inexact() & (outward ^ self.negative())


Position: TypeAlias = Quotient | Real
