"""Operators of ONNX Runtime that move numbers: Clip, Pad, Reshape, Transpose and QLinearConcat.

The integers stay what they are; where the output has another scale, each is dequantized and
quantized again.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from golden.kernels.node_values import NodeValues
from golden.kernels.onnxruntime_quantize import (
    activated,
    is_fused,
    quantized,
    real,
    requantized,
)
from golden.operators import Clamp, Concatenation, Pad, Transpose

__all__ = ["clamp", "concatenation", "pad", "reshape", "transpose"]

Array = npt.NDArray[Any]


def clamp(x: NodeValues) -> Array:
    """Bounds of the float32 number."""
    operator = x.node.operator
    assert isinstance(operator, Clamp)
    low, high = np.float32(operator.low), np.float32(operator.high)
    return quantized(np.clip(real(x, 0), low, high), x.output)


def pad(x: NodeValues) -> Array:
    """The output's integer for the value around the input's."""
    operator = x.node.operator
    assert isinstance(operator, Pad)
    fill = quantized(np.array([operator.value], np.float32), x.output)[0]
    moved = requantized(x.value(0), x.tensor(0), x.output)
    return np.pad(moved, operator.pads, constant_values=fill)


def reshape(x: NodeValues) -> Array:
    """The same elements."""
    return _moved(x, 0).reshape(x.output_shape)


def transpose(x: NodeValues) -> Array:
    """The same elements, dimensions in another order."""
    assert isinstance(x.node.operator, Transpose)
    return np.ascontiguousarray(_moved(x, 0).transpose(x.node.operator.order))


def concatenation(x: NodeValues) -> Array:
    """Tensors one behind the other; each of another scale is requantized."""
    operator = x.node.operator
    assert isinstance(operator, Concatenation)
    indices = range(len(x.node.inputs))
    if not is_fused(operator.activation, x.output):
        parts = [real(x, index) for index in indices]
        return activated(np.concatenate(parts, operator.axis), operator.activation, x.output)
    return np.concatenate([_moved(x, index) for index in indices], operator.axis)


def _moved(x: NodeValues, index: int) -> Array:
    """An input as the output's numbers; those that are not quantized pass."""
    source = x.tensor(index)
    if source.quantization is None and source.dtype == x.output.dtype:
        return x.value(index)
    return requantized(x.value(index), source, x.output)
