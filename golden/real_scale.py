"""Real scales: checked, combined for a layer, and split into mantissa and exponent."""

import numpy as np
import numpy.typing as npt

__all__ = ["checked_scale", "combine_scales", "split_scale"]

Integers = npt.NDArray[np.int64]


def checked_scale(scale: npt.ArrayLike) -> npt.NDArray[np.float32]:
    """Scales as float32; ValueError unless each is finite and not negative, also as a float32."""
    array = np.asarray(scale)
    if array.dtype.kind not in "iuf":
        raise TypeError(f"scale must be real numbers, not {array.dtype}")
    given = array.astype(np.float64)
    with np.errstate(over="ignore"):
        single = given.astype(np.float32)
    legal = np.isfinite(single) & (given >= 0)
    if not legal.all():
        value = given[~legal].flat[0]
        raise ValueError(f"scale must be finite, not negative and within float32, not {value}")
    return single


def combine_scales(
    activation: npt.ArrayLike, weight: npt.ArrayLike, output: npt.ArrayLike
) -> npt.NDArray[np.float32]:
    """The float32 scale of a layer as the runtimes compute it: f32(f32(xs * ws) / ys)."""
    xs, ws, ys = (np.asarray(s, np.float32) for s in (activation, weight, output))
    with np.errstate(all="ignore"):
        return np.asarray(checked_scale((xs * ws) / ys))


def split_scale(scale: npt.ArrayLike, bits: int) -> tuple[Integers, Integers]:
    """Real scales as mantissa * 2**(exponent - bits), with a mantissa of exactly `bits` bits or 0.

    The nearest mantissa, ties away from zero, like LiteRT's QuantizeMultiplier.
    """
    values = np.atleast_1d(np.asarray(scale, np.float64))
    checked_scale(values)
    fraction, exponent = np.frexp(values)
    mantissa = np.floor(np.ldexp(fraction, bits) + 0.5).astype(np.int64)
    carried = mantissa == 1 << bits
    return np.where(carried, mantissa >> 1, mantissa), exponent.astype(np.int64) + carried
