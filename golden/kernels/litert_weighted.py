"""Convolution, depthwise convolution and fully connected in LiteRT's kernel sets.

D() is float64, f32() rounds to float32; xs, ws, ys are the scales. The accumulator has the bias.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from golden.kernels.litert_bounds import builtin_bounds, xnnpack_bounds
from golden.kernels.node_values import NodeValues
from golden.kernels.weighted import Accumulated, accumulate
from golden.operators import Convolution, DepthwiseConvolution, FullyConnected
from golden.q31 import high_multiply, quantize_multiplier
from golden.real_scale import combine_scales
from golden.rounding import Rounding, round_float, round_shift
from golden.scaling import Float32Scaling, Q31Scaling

__all__ = [
    "builtin",
    "reference",
    "reference_fully_connected",
    "xnnpack",
    "xnnpack_takes_fully_connected",
]

Array = npt.NDArray[Any]

DEPTHWISE_LANES = 8
"""Channels that the builtin depthwise convolution requantizes at a time."""


def xnnpack(x: NodeValues) -> Array:
    """rne(f32(f32(acc) * s)) with s = f32(f32(xs * ws) / ys)."""
    a = _accumulated(x)
    scale = combine_scales(a.input_scale, a.weight_scales, a.output_scale)
    return a.finish(Float32Scaling(scale).apply(a.acc), xnnpack_bounds(x, _activation(x)))


def reference(x: NodeValues) -> Array:
    """Q31 with two roundings, the second one's ties away from zero."""
    a = _accumulated(x)
    scaled = Q31Scaling.from_scale(_exact_scale(a)).apply(a.acc)
    return a.finish(scaled, builtin_bounds(x, _activation(x)))


def reference_fully_connected(x: NodeValues) -> Array:
    """D(acc) * (D(xs) * D(ws) / D(ys)), ties away from zero: no Q31 multiplier."""
    a = _accumulated(x)
    scaled = round_float(a.acc.astype(np.float64) * _exact_scale(a), Rounding.HALF_AWAY)
    limited = np.clip(scaled, -(2.0**31), 2.0**31 - 1)
    return a.finish(limited.astype(np.int64), builtin_bounds(x, _activation(x)))


def builtin(x: NodeValues) -> Array:
    """Q31 with two roundings; where vectors compute it, the second one's ties go to plus infinity.

    They do for convolution and fully connected, and for the whole groups of 8 channels of an int8
    depthwise convolution; elsewhere ties go away from zero. A convolution in groups is that of
    `reference`. Fully connected per tensor has the scale D(f32(xs * ws)) / D(ys).
    """
    operator = x.node.operator
    if isinstance(operator, Convolution) and operator.groups > 1:
        return reference(x)
    a = _accumulated(x)
    scale = _exact_scale(a)
    if isinstance(operator, FullyConnected) and not a.per_channel:
        scale = (a.input_scale * a.weight_scales).astype(np.float64) / np.float64(a.output_scale)
    multiplier, exponent = quantize_multiplier(scale)
    high = high_multiply(a.acc, multiplier, exponent)
    right = np.maximum(-exponent, 0)
    scaled = round_shift(high, right, Rounding.HALF_UP)
    if isinstance(operator, DepthwiseConvolution):
        channels = a.acc.shape[-1]
        whole = channels - channels % DEPTHWISE_LANES if x.output_format.signed else 0
        away = round_shift(high, right, Rounding.HALF_AWAY)
        scaled = np.where(np.arange(channels) < whole, scaled, away)
    return a.finish(scaled, builtin_bounds(x, _activation(x)))


def xnnpack_takes_fully_connected(x: NodeValues) -> bool:
    """Whether the weights have zero point 0, or are uint8."""
    return not x.output_format.signed or not x.quantization(1).zero_points.any()


def _accumulated(x: NodeValues) -> Accumulated:
    """`accumulate` of what LiteRT takes."""
    zero_points = x.quantization(1).zero_points
    is_product = isinstance(x.node.operator, FullyConnected)
    if x.tensor(1).dtype != x.output.dtype or x.tensor(0).dtype != x.output.dtype:
        raise ValueError("its input, weights and output must be of one type")
    if x.output_format.signed and not is_product and zero_points.any():
        raise ValueError(
            f"its int8 weights must have zero point 0, not {zero_points[zero_points != 0][0]}"
        )
    if not is_product and not x.has(2):
        raise ValueError("it has no bias, without which LiteRT runs no quantized convolution")
    if not x.output_format.signed and len(zero_points) > 1:
        raise ValueError("its uint8 weights must be quantized per tensor")
    return accumulate(x)


def _exact_scale(a: Accumulated) -> npt.NDArray[np.float64]:
    """D(xs) * D(ws) / D(ys)."""
    weights = a.weight_scales.astype(np.float64)
    return np.asarray(np.float64(a.input_scale) * weights / np.float64(a.output_scale))


def _activation(x: NodeValues) -> Any:
    assert isinstance(x.node.operator, Convolution | DepthwiseConvolution | FullyConnected)
    return x.node.operator.activation
