"""MEAN in LiteRT's kernel sets: three formulas.

c is the sum over the n elements of a mean of code - zero point; xs and ys are the scales.
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
    out zero point - trunc(f32(f32(f32(zero point * xs) / ys) +- 0.5)).
    """
    if not _is_kept_image_mean(x):
        return reference(x)
    total, n = _sums(x)
    given, out = x.quantization(0), x.output_quantization
    moved = np.float32(given.zero_point) * given.scale / out.scale
    moved = moved + np.float32(0.5) if moved > 0 else moved - np.float32(0.5)
    scale = given.scale / (np.float32(n) * out.scale)
    multipliers, exponents = quantize_multiplier(np.float64(scale))
    scaled = _scaled(total, int(multipliers[0]), int(exponents[0]))
    return _finish(x, scaled - int(np.trunc(moved)))


def xnnpack(x: NodeValues) -> Array:
    """rne(f32(f32(c * s) + out zero point)) with s = f32(f32(xs / ys) * f32(1 / n))."""
    total, n = _sums(x)
    given, out = x.quantization(0), x.output_quantization
    scale = (given.scale / out.scale) * (np.float32(1) / np.float32(n))
    centred = (total - given.zero_point * n).astype(np.float32)
    place = centred * scale + np.float32(out.zero_point)
    fmt = x.output_format
    codes = np.rint(np.clip(place, fmt.min, fmt.max))
    return np.asarray(codes, fmt.dtype).reshape(x.output_shape)


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


def _scaled(total: Integers, multiplier: int, exponent: int) -> Integers:
    high = high_multiply(total.astype(np.int32), multiplier, exponent)
    return round_shift(high, max(-exponent, 0), Rounding.HALF_AWAY)


def _finish(x: NodeValues, scaled: Integers) -> Array:
    fmt = x.output_format
    codes = np.clip(scaled + x.output_quantization.zero_point, fmt.min, fmt.max)
    return np.asarray(codes, fmt.dtype).reshape(x.output_shape)
