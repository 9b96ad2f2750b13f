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

__all__ = ["builtin", "reference", "reference_fully_connected", "xnnpack"]

Array = npt.NDArray[Any]


def xnnpack(x: NodeValues) -> Array:
    """rne(f32(f32(acc) * s)) with s = f32(f32(xs * ws) / ys)."""
    a = accumulate(x)
    scale = combine_scales(a.input_scale, a.weight_scales, a.output_scale)
    return a.finish(Float32Scaling(scale).apply(a.acc), xnnpack_bounds(x, _activation(x)))


def reference(x: NodeValues) -> Array:
    """Q31 with two roundings, the second one's ties away from zero."""
    a = accumulate(x)
    scaled = Q31Scaling.from_scale(_exact_scale(a)).apply(a.acc)
    return a.finish(scaled, builtin_bounds(x, _activation(x)))


def reference_fully_connected(x: NodeValues) -> Array:
    """D(acc) * (D(xs) * D(ws) / D(ys)), ties away from zero: no Q31 multiplier."""
    a = accumulate(x)
    scaled = round_float(a.acc.astype(np.float64) * _exact_scale(a), Rounding.HALF_AWAY)
    limited = np.clip(scaled, -(2.0**31), 2.0**31 - 1)
    return a.finish(limited.astype(np.int64), builtin_bounds(x, _activation(x)))


def builtin(x: NodeValues) -> Array:
    """Q31 with two roundings, the second one's ties toward plus infinity.

    The scale of a fully connected node that is quantized per tensor is D(f32(xs * ws)) / D(ys).
    """
    a = accumulate(x)
    scale = _exact_scale(a)
    if isinstance(x.node.operator, FullyConnected) and not a.per_channel:
        scale = (a.input_scale * a.weight_scales).astype(np.float64) / np.float64(a.output_scale)
    multiplier, exponent = quantize_multiplier(scale)
    high = high_multiply(a.acc, multiplier, exponent)
    scaled = round_shift(high, np.maximum(-exponent, 0), Rounding.HALF_UP)
    return a.finish(scaled, builtin_bounds(x, _activation(x)))


def _exact_scale(a: Accumulated) -> npt.NDArray[np.float64]:
    """D(xs) * D(ws) / D(ys)."""
    weights = a.weight_scales.astype(np.float64)
    return np.asarray(np.float64(a.input_scale) * weights / np.float64(a.output_scale))


def _activation(x: NodeValues) -> Any:
    assert isinstance(x.node.operator, Convolution | DepthwiseConvolution | FullyConnected)
    return x.node.operator.activation
