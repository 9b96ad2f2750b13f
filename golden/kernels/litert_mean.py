"""MEAN in LiteRT's kernel sets: three formulas.

A mean is over n elements; xs and ys are the scales, D() is float64 and f32() rounds to float32.
"""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from golden.kernels.node_values import NodeValues
from golden.operators import Mean
from golden.q31 import high_multiply, quantize_multiplier
from golden.rounding import Rounding, round_shift

__all__ = ["builtin", "reference", "xnnpack"]

Array = npt.NDArray[Any]
Integers = npt.NDArray[np.int64]

IMAGE_AXES = {1, 2}

LANES = 16
"""Channels that the builtin kernel for images of int8 takes at a time."""


def reference(x: NodeValues) -> Array:
    """Q31 of D(xs) / D(ys), whose multiplier is divided by n first; twice rounded, ties away.

    The multiplier is shifted left by floor(log2 n) before it is divided, as far as the exponent
    allows, and truncated.
    """
    total, n = _sums(x)
    given, out = x.quantization(0), x.output_quantization
    whole, exponents = quantize_multiplier(np.float64(given.scale) / np.float64(out.scale))
    exponent = int(exponents[0])
    left = min(n.bit_length() - 1, 32, 31 + exponent)
    multiplier = (int(whole[0]) << left) // n
    return _finish(x, _scaled(total - given.zero_point * n, multiplier, exponent - left))


def builtin(x: NodeValues) -> Array:
    """The reference formula, but another one for kept height and width of an image.

    That one scales the sum of raw codes by Q31 of f32(xs / f32(n * ys)) and adds
    out zero point - trunc(f32(f32(f32(zero point * xs) / ys) +- 0.5)). For int8, the last ties go
    toward plus infinity in whole groups of 16 channels.
    """
    if not _is_kept_image_mean(x):
        return reference(x)
    total, n = _sums(x)
    given, out = x.quantization(0), x.output_quantization
    moved = np.float32(given.zero_point) * given.scale / out.scale
    moved = moved + np.float32(0.5) if moved > 0 else moved - np.float32(0.5)
    scale = given.scale / (np.float32(n) * out.scale)
    multipliers, exponents = quantize_multiplier(np.float64(scale))
    multiplier, exponent = int(multipliers[0]), int(exponents[0])
    scaled = _scaled(total, multiplier, exponent)
    if x.output_format.signed:
        channels = total.shape[-1]
        in_vectors = np.arange(channels) < channels - channels % LANES
        up = _scaled(total, multiplier, exponent, Rounding.HALF_UP)
        scaled = np.where(in_vectors, up.reshape(total.shape), scaled)
    return _finish(x, scaled - int(np.trunc(moved)))


def xnnpack(x: NodeValues) -> Array:
    """rne(f32(f32(sum * s) + z)): the zero point z is real and added before rounding.

    s = f32(f32(xs / ys) * f32(1 / n)), z = f32(out zero point - f32(f32(n * zero point) * s)).
    """
    total, n = _sums(x)
    given, out, fmt = x.quantization(0), x.output_quantization, x.output_format
    scale = (given.scale / out.scale) * (np.float32(1) / np.float32(n))
    zero_point = np.float32(out.zero_point) - np.float32(n * given.zero_point) * scale
    place = total.astype(np.float32) * scale + zero_point
    return np.asarray(np.clip(np.rint(place), fmt.min, fmt.max), fmt.dtype).reshape(x.output_shape)


def _sums(x: NodeValues) -> tuple[Integers, int]:
    """The sums of raw codes, and of how many."""
    operator = x.node.operator
    assert isinstance(operator, Mean)
    codes = x.integers(0)
    n = math.prod(codes.shape[axis] for axis in operator.axes)
    return codes.sum(axis=operator.axes, dtype=np.int64), n


def _is_kept_image_mean(x: NodeValues) -> bool:
    operator = x.node.operator
    assert isinstance(operator, Mean)
    return operator.keep and x.integers(0).ndim == 4 and set(operator.axes) == IMAGE_AXES


def _scaled(
    total: Integers, multiplier: int, exponent: int, tie: Rounding = Rounding.HALF_AWAY
) -> Integers:
    high = high_multiply(total.astype(np.int32), multiplier, exponent)
    return round_shift(high, max(-exponent, 0), tie)


def _finish(x: NodeValues, scaled: Integers) -> Array:
    fmt = x.output_format
    codes = np.clip(scaled + x.output_quantization.zero_point, fmt.min, fmt.max)
    return np.asarray(codes, fmt.dtype).reshape(x.output_shape)
