"""Operators that move codes: RESHAPE, TRANSPOSE, CONCATENATION, PAD, and RELU as a node."""

from typing import Any

import numpy as np
import numpy.typing as npt

from golden.kernels.litert_bounds import real_bounds
from golden.kernels.node_values import NodeValues
from golden.operators import Clamp, Concatenation, Pad, Transpose
from golden.scaling import Q31Scaling

__all__ = ["clamp", "concatenation", "pad", "reshape", "transpose"]

Array = npt.NDArray[Any]


def reshape(x: NodeValues) -> Array:
    """The same codes."""
    return x.value(0).reshape(x.output_shape)


def transpose(x: NodeValues) -> Array:
    """The same codes, dimensions in another order."""
    assert isinstance(x.node.operator, Transpose)
    return np.ascontiguousarray(x.value(0).transpose(x.node.operator.order))


def concatenation(x: NodeValues) -> Array:
    """The same codes one behind the other: all tensors must have one quantization."""
    operator = x.node.operator
    assert isinstance(operator, Concatenation)
    parts = [x.value(index) for index in range(len(x.node.inputs))]
    for index in range(len(parts)):
        _check_same(x, index)
    return np.concatenate(parts, axis=operator.axis)


def pad(x: NodeValues) -> Array:
    """Codes with the zero point, or the code of the value, around them."""
    operator = x.node.operator
    assert isinstance(operator, Pad)
    _check_same(x, 0)
    q, fmt = x.output_quantization, x.output_format
    fill = q.zero_point + round(operator.value / float(q.scale))
    if not fmt.min <= fill <= fmt.max:
        raise ValueError(f"its padding {operator.value} is outside the output's range")
    return np.pad(x.integers(0), operator.pads, constant_values=fill)


def clamp(x: NodeValues) -> Array:
    """`Q31Scaling` of D(f32(xs / ys)), then bounds by the builtin rule: RELU and its relatives."""
    operator = x.node.operator
    assert isinstance(operator, Clamp)
    given, out = x.quantization(0), x.output_quantization
    distance = x.integers(0).astype(np.int32) - np.int32(given.zero_point)
    flat = Q31Scaling.from_scale(np.float64(given.scale / out.scale)).apply(distance.reshape(-1))
    moved = flat.reshape(distance.shape) + out.zero_point
    bounds = real_bounds(x, (operator.low, operator.high))
    return np.clip(moved, *bounds).astype(x.output_format.dtype)


def _check_same(x: NodeValues, index: int) -> None:
    given, out = x.quantization(index), x.output_quantization
    if (given.scale, given.zero_point) != (out.scale, out.zero_point):
        raise ValueError(
            f"tensor {x.tensor(index).name} must have the scale {out.scale} and zero point "
            f"{out.zero_point} of its output, not {given.scale} and {given.zero_point}"
        )
