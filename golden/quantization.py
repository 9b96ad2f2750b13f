"""The parameters of uniform quantization: a range of real values, a scale and a zero point."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from golden.channels import as_float, as_float32
from golden.formats import IntegerFormat

__all__ = ["Quantization", "Range"]


@dataclass(frozen=True, eq=False)
class Range:
    """The clipping range of real values: a pair of scalars, or a pair for each channel of `axis`.

    Parameters
    ----------
    low, high
        Finite, `low <= high`; shape () without an axis, (channels,) with one.
    axis
        The axis whose channels have a range each, or None for one range.
    """

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    axis: int | None = None

    def __post_init__(self) -> None:
        low = as_float(np.asarray(self.low, dtype=np.float64), "low")
        high = as_float(np.asarray(self.high, dtype=np.float64), "high")
        _check_shapes(low.shape, high.shape, self.axis, "low", "high")
        if (low > high).any():
            where = int(np.argmax(low > high))
            raise ValueError(
                f"low must not exceed high, not {low.flat[where]} > {high.flat[where]}"
            )
        object.__setattr__(self, "low", _frozen(low))
        object.__setattr__(self, "high", _frozen(high))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Range) and _key(self) == _key(other)

    def __hash__(self) -> int:
        return hash(_key(self))


@dataclass(frozen=True, eq=False)
class Quantization:
    """One scale and zero point, or one for each channel of `axis`, with the format of the codes.

    Parameters
    ----------
    scale
        Positive and finite, kept as float32; shape () without an axis, (channels,) with one.
    zero_point
        The code of the real number 0, inside the codes used; a scalar serves all channels.
    format
        The integer format of the codes.
    axis
        The axis whose channels are quantized separately; negative counts from the end.
    narrow
        Leave the lowest code out: -127..127 instead of -128..127, so that negation is exact.
    """

    scale: NDArray[np.float32]
    zero_point: NDArray[np.int64]
    format: IntegerFormat
    axis: int | None = None
    narrow: bool = False

    def __post_init__(self) -> None:
        if self.narrow and self.format.bits < 2:
            raise ValueError(f"a narrow range needs at least 2 bits, not {self.format}")
        scale = as_float32(self.scale, "scale")
        zero = np.asarray(self.zero_point)
        if zero.dtype.kind not in "iu":
            raise TypeError(f"zero_point must be an integer, not {zero.dtype}")
        zero = zero.astype(np.int64)
        if zero.ndim == 0:
            zero = np.broadcast_to(zero, scale.shape)
        _check_shapes(scale.shape, zero.shape, self.axis, "scale", "zero_point")
        _check_each(np.isfinite(scale) & (scale > 0), scale, "scale must be positive and finite")
        inside = (zero >= self.low) & (zero <= self.high)
        _check_each(inside, zero, f"zero_point must be from {self.low} to {self.high}")
        object.__setattr__(self, "scale", _frozen(scale))
        object.__setattr__(self, "zero_point", _frozen(zero))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Quantization) and _key(self) == _key(other)

    def __hash__(self) -> int:
        return hash(_key(self))

    @property
    def low(self) -> int:
        """The lowest code used."""
        return self.format.min + int(self.narrow)

    @property
    def high(self) -> int:
        """The highest code used."""
        return self.format.max

    @property
    def range(self) -> Range:
        """The real values of the lowest and the highest code."""
        scale = self.scale.astype(np.float64)
        return Range(
            (self.low - self.zero_point) * scale, (self.high - self.zero_point) * scale, self.axis
        )


def _check_shapes(
    first: tuple[int, ...], second: tuple[int, ...], axis: int | None, *names: str
) -> None:
    if first != second:
        raise ValueError(f"{names[0]} and {names[1]} must have one shape, not {first} and {second}")
    if axis is None and first != ():
        raise ValueError(f"{names[0]} must be a scalar without an axis, not have shape {first}")
    if axis is not None and (len(first) != 1 or first[0] == 0):
        raise ValueError(f"{names[0]} must be one number a channel, not have shape {first}")


def _check_each(good: NDArray[np.bool_], array: NDArray[Any], rule: str) -> None:
    if not good.all():
        raise ValueError(f"{rule}, not {array.flat[int(np.argmin(good))]}")


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    array = array.copy()
    array.flags.writeable = False
    return array


def _key(item: Range | Quantization) -> tuple[object, ...]:
    fields = vars(item).values()
    return tuple(v.tobytes() if isinstance(v, np.ndarray) else v for v in fields)
