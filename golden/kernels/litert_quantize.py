"""QUANTIZE and DEQUANTIZE in LiteRT's kernel sets."""

from typing import Any

import numpy as np
import numpy.typing as npt

from golden.kernels.node_values import NodeValues
from golden.q31 import high_multiply, quantize_multiplier
from golden.rounding import Rounding, round_float, round_shift

__all__ = [
    "builtin_dequantize",
    "builtin_quantize",
    "dequantize",
    "reference_quantize",
    "xnnpack_quantize",
    "xnnpack_takes_quantize",
]

Array = npt.NDArray[Any]


def reference_quantize(x: NodeValues) -> Array:
    """From float32: f32(x / scale), ties away from zero; from codes: one `Q31Scaling`."""
    if x.tensor(0).dtype == np.float32:
        with np.errstate(all="ignore"):
            steps = x.value(0) / x.output_quantization.scale
        return _finish(x, round_float(steps, Rounding.HALF_AWAY))
    high, right = _rescaled(x)
    return _finish(x, round_shift(high, right, Rounding.HALF_AWAY))


def builtin_quantize(x: NodeValues) -> Array:
    """In vectors one rule, and another one for the rest.

    From float32, vectors of 8: rne(x * f32(1 / scale)), else D(x) / D(scale), ties away from zero.
    From codes, one `Q31Scaling`, but in vectors of 16 the last ties go toward plus infinity.
    """
    if x.tensor(0).dtype == np.float32:
        scale = np.float64(x.output_quantization.scale)
        with np.errstate(all="ignore"):
            nearest = np.rint(x.value(0) * np.float32(1 / scale))
            rest = round_float(x.value(0).astype(np.float64) / scale, Rounding.HALF_AWAY)
        return _finish(x, np.where(x.in_vectors(8), nearest, rest))
    high, right = _rescaled(x)
    up = round_shift(high, right, Rounding.HALF_UP)
    away = round_shift(high, right, Rounding.HALF_AWAY)
    return _finish(x, np.where(x.in_vectors(16), up, away))


def xnnpack_takes_quantize(x: NodeValues) -> bool:
    """Whether it is from float32, or between codes of one type with a ratio in [2**-8, 2**7]."""
    if x.tensor(0).dtype == np.float32:
        return True
    ratio = x.quantization(0).scale / x.output_quantization.scale
    return x.tensor(0).dtype == x.output.dtype and bool(2.0**-8 <= ratio <= 2.0**7)


def xnnpack_quantize(x: NodeValues) -> Array:
    """From float32: rne(x * f32(1 / scale)), NaN as infinity; codes: (d * rne(256 * r) + 128) >> 8.

    d is the distance to the input's zero point and r = f32(input scale / output scale).
    """
    out = x.output_quantization
    if x.tensor(0).dtype == np.float32:
        with np.errstate(all="ignore"):
            nearest = np.rint(x.value(0) * (np.float32(1) / out.scale)).astype(np.float64)
        return _saturated(x, np.where(np.isnan(nearest), np.inf, nearest) + out.zero_point)
    given = x.quantization(0)
    multiplier = int(np.rint(np.float32(256) * (given.scale / out.scale)))
    distance = x.integers(0).astype(np.int64) - given.zero_point
    return _saturated(x, ((distance * multiplier + 128) >> 8) + out.zero_point)


def dequantize(x: NodeValues) -> Array:
    """f32(code - zero point) * scale."""
    given = x.quantization(0)
    distance = x.integers(0).astype(np.int32) - given.zero_point
    return np.asarray(distance.astype(np.float32) * given.scale)


def builtin_dequantize(x: NodeValues) -> Array:
    """In vectors of 8 f32(f32(code * scale) + f32(-zero point * scale)), else `dequantize`."""
    given = x.quantization(0)
    offset = np.float32(-given.zero_point * np.float64(given.scale))
    moved = x.integers(0).astype(np.float32) * given.scale + offset
    return np.where(x.in_vectors(8), moved, dequantize(x))


def _rescaled(x: NodeValues) -> tuple[npt.NDArray[np.int64], int]:
    """Codes times the ratio of the scales, before the second rounding, and its shift."""
    given = x.quantization(0)
    multiplier, exponent = quantize_multiplier(
        np.float64(given.scale) / np.float64(x.output_quantization.scale)
    )
    distance = x.integers(0).astype(np.int32) - np.int32(given.zero_point)
    return high_multiply(distance, multiplier, exponent), max(-int(exponent[0]), 0)


def _finish(x: NodeValues, steps: Array) -> Array:
    """Add the zero point, modulo 2**32, and saturate; NaN and what is beyond int32 are -2**31.

    So x86 converts them, and a large number gives an end that may be the wrong one.
    """
    if steps.dtype.kind == "f":
        legal = (steps >= -(2.0**31)) & (steps < 2.0**31)
        steps = np.where(legal, steps, -(2.0**31)).astype(np.int64)
    moved = (steps + x.output_quantization.zero_point).astype(np.int32)
    return _saturated(x, moved)


def _saturated(x: NodeValues, codes: Array) -> Array:
    fmt = x.output_format
    return np.asarray(np.clip(codes, fmt.min, fmt.max), fmt.dtype)
