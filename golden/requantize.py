"""Requantization: int32 accumulators to outputs of a few bits, by a named scheme.

::

    t = wrap32(acc + bias)
    output = clip(scaled(t) + zero_point, low, high)

`golden.scaling` has each scheme's formula for ``scaled``. Nothing saturates before the zero
point is added.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from golden.arrays import integer_array
from golden.formats import INT8, INT32, IntegerFormat
from golden.integer_scale import scale_float32_integer
from golden.rounding import Rounding
from golden.scaling import FixedScaling, Float32Scaling, Q31Scaling, Scaling, ShiftScaling
from golden.scheme import Scheme

__all__ = ["Requantization", "biased", "requantize", "requantize_float32_integer"]


@dataclass(frozen=True, eq=False)
class Requantization:
    """Everything that turns the int32 accumulators of N channels into outputs.

    `Requantization.of` and `Requantization.from_scale` fill in the usual values.

    Parameters
    ----------
    scaling : the scheme and its parameters, N channels; one channel serves any number of them
    bias : (N,) int32, added to the accumulator
    zero_point : the output that stands for zero, inside `out`
    low, high : the smallest and the largest output, inside `out`
    out : the output format

    """

    scaling: Scaling
    bias: npt.NDArray[np.int32]
    zero_point: int
    low: int
    high: int
    out: IntegerFormat

    def __post_init__(self) -> None:
        _check_scaling(self.scaling)
        _check_out(self.out)
        bias = integer_array(self.bias, "bias")
        if bias.shape != (self.channels,):
            raise ValueError(f"bias must have shape ({self.channels},), not {bias.shape}")
        if not INT32.contains(bias):
            outside = bias[(bias < INT32.min) | (bias > INT32.max)][0]
            raise ValueError(f"bias must fit int32, not {outside}")
        bias = bias.astype(np.int32)
        bias.flags.writeable = False
        object.__setattr__(self, "bias", bias)
        for name in ("zero_point", "low", "high"):
            object.__setattr__(self, name, _inside(name, getattr(self, name), self.out))
        if self.low > self.high:
            raise ValueError(f"low must be at most high, which is {self.high}, not {self.low}")

    @classmethod
    def of(
        cls,
        scaling: Scaling,
        bias: npt.ArrayLike = 0,
        *,
        zero_point: int = 0,
        low: int | None = None,
        high: int | None = None,
        out: IntegerFormat = INT8,
    ) -> Self:
        """One bias for all channels or one each; the clip bounds are those of `out` by default."""
        _check_scaling(scaling)
        bias = integer_array(bias, "bias")
        if bias.ndim == 0:
            bias = np.full(scaling.channels, bias)
        _check_out(out)
        low = out.min if low is None else low
        high = out.max if high is None else high
        return cls(scaling, bias, zero_point, low, high, out)  # type: ignore[arg-type]

    @classmethod
    def from_scale(
        cls,
        scheme: Scheme,
        scale: npt.ArrayLike,
        bias: npt.ArrayLike = 0,
        *,
        tie: Rounding = Rounding.HALF_EVEN,
        zero_point: int = 0,
        low: int | None = None,
        high: int | None = None,
        out: IntegerFormat = INT8,
    ) -> Self:
        """Realize real scales by `scheme`; scale and bias are for all channels or one each.

        FLOAT32 rounds the scale to float32; see `golden.real_scale.combine_scales`. FLOAT32 and
        Q31_DOUBLE have their own tie rules and take no notice of `tie`.
        """
        if not isinstance(scheme, Scheme):
            raise TypeError(f"scheme must be a golden.scheme.Scheme, not {scheme!r}")
        channels = _channels(np.shape(scale), np.shape(bias))
        real = np.broadcast_to(np.asarray(scale), channels)
        scaling: Scaling
        match scheme:
            case Scheme.FLOAT32:
                scaling = Float32Scaling(real)
            case Scheme.FIXED:
                scaling = FixedScaling.from_scale(real, tie)
            case Scheme.SHIFT:
                scaling = ShiftScaling.from_scale(real, tie)
            case Scheme.Q31_DOUBLE:
                scaling = Q31Scaling.from_scale(real)
        return cls.of(scaling, bias, zero_point=zero_point, low=low, high=high, out=out)

    @property
    def channels(self) -> int:
        """N, the number of output channels."""
        return self.scaling.channels

    @property
    def scheme(self) -> Scheme:
        """The scheme of `scaling`."""
        return self.scaling.scheme


def biased(acc: npt.NDArray[np.int32], r: Requantization) -> npt.NDArray[np.int32]:
    """The accumulators with the bias added, modulo 2**32; checks dtype and shape."""
    if not isinstance(acc, np.ndarray) or acc.dtype != np.int32:
        kind = getattr(acc, "dtype", type(acc).__name__)
        raise TypeError(f"acc must be an int32 array, not {kind}")
    if acc.ndim == 0 or r.channels not in (1, acc.shape[-1]):
        raise ValueError(
            f"acc must have {r.channels} channels on its last axis, not shape {acc.shape}"
        )
    return np.asarray(acc + r.bias, np.int32)


def requantize(acc: npt.NDArray[np.int32], r: Requantization) -> npt.NDArray[Any]:
    """Turn int32 accumulators (..., N) into outputs (..., N) of the dtype of `r.out`.

    >>> r = Requantization.from_scale(Scheme.FLOAT32, [0.5, 0.25], bias=[0, 2], zero_point=-1)
    >>> requantize(np.array([[1, 0], [3, 4], [1000, -1000]], np.int32), r)
    array([[  -1,   -1],
           [   1,    1],
           [ 127, -128]], dtype=int8)
    """
    return _clipped(r.scaling.apply(biased(acc, r)), r)


def requantize_float32_integer(acc: npt.NDArray[np.int32], r: Requantization) -> npt.NDArray[Any]:
    """`requantize` of Scheme.FLOAT32 without floating point; the two are equal on every input."""
    if not isinstance(r.scaling, Float32Scaling):
        raise ValueError(f"scheme must be Scheme.FLOAT32, not {r.scheme}")
    t = biased(acc, r)
    return _clipped(scale_float32_integer(t, r.scaling.multiplier, r.scaling.shift), r)


def _clipped(scaled: npt.NDArray[np.int64], r: Requantization) -> npt.NDArray[Any]:
    return (scaled + r.zero_point).clip(r.low, r.high).astype(r.out.dtype)


def _channels(scale: tuple[int, ...], bias: tuple[int, ...]) -> tuple[int, ...]:
    try:
        return np.broadcast_shapes(scale, bias, (1,))
    except ValueError:
        raise ValueError(
            f"scale has shape {scale} but bias has {bias}: give one value, or one a channel"
        ) from None


def _check_scaling(scaling: Scaling) -> None:
    if not isinstance(scaling, Scaling):
        raise TypeError(f"scaling must be a value of golden.scaling, not {scaling!r}")


def _check_out(out: IntegerFormat) -> None:
    if not isinstance(out, IntegerFormat):
        raise TypeError(f"out must be a golden.formats.IntegerFormat, not {out!r}")


def _inside(name: str, value: int, out: IntegerFormat) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name} must be an integer, not {value!r}")
    if not out.min <= value <= out.max:
        raise ValueError(f"{name} must be from {out.min} to {out.max} for {out}, not {value}")
    return int(value)
