"""QuantizeLinear and DequantizeLinear of ONNX Runtime, and what is computed between them.

An operator that ONNX Runtime has no integer kernel for runs in float32: its inputs are dequantized,
its result quantized.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from golden import quantize as rules
from golden.formats import INT8, INT16, INT32, UINT8, UINT16
from golden.kernels.node_values import NodeValues
from golden.model import QuantizationParameters, Tensor
from golden.operators import Activation
from golden.quantization import Quantization

__all__ = [
    "activated",
    "check_fused",
    "dequantize",
    "dequantized",
    "is_fused",
    "quantize",
    "quantized",
    "real",
    "requantized",
]

Array = npt.NDArray[Any]
Float32 = npt.NDArray[np.float32]

FORMATS = {np.dtype(fmt.dtype): fmt for fmt in (INT8, UINT8, INT16, UINT16, INT32)}

EPSILON = np.finfo(np.float32).eps


def quantize(x: NodeValues) -> Array:
    """rne(f32(x / s)) + z of float32; integers of another scale are dequantized before."""
    source = x.tensor(0)
    return quantized(x.value(0) if source.dtype.kind == "f" else real(x, 0), x.output)


def dequantize(x: NodeValues) -> Float32:
    """f32(x - z) * s."""
    if x.output.dtype != np.float32:
        raise ValueError(f"tensor {x.output.name} must be float32, not {x.output.dtype}")
    return real(x, 0)


def real(x: NodeValues, index: int) -> Float32:
    """An input as float32."""
    return dequantized(x.value(index), x.tensor(index))


def dequantized(values: Array, tensor: Tensor) -> Float32:
    """Integers of a tensor as float32."""
    return rules.dequantize(values, _quantization(tensor))


def quantized(values: Array, tensor: Tensor) -> Array:
    """Float32 as the integers of a tensor."""
    if values.dtype != np.float32:
        raise ValueError(f"it quantizes float32 numbers, not {values.dtype}")
    return rules.quantize(values, _quantization(tensor))


def requantized(values: Array, source: Tensor, target: Tensor) -> Array:
    """Integers of one tensor as those of another: the same ones if the quantization is the same."""
    q, out = _quantization(source), _quantization(target)
    if q == out:
        return values
    return rules.quantize(rules.dequantize(values, q), out)


def activated(values: Float32, activation: Activation, tensor: Tensor) -> Array:
    """Float32 behind an activation, quantized."""
    low, high = (np.float32(bound) for bound in activation.bounds)
    return quantized(values.clip(low, high), tensor)


def is_fused(activation: Activation, tensor: Tensor) -> bool:
    """Whether an activation clips nothing that the tensor's range does not clip.

    ONNX Runtime drops a relu before a quantization whose zero point is the lowest integer, and
    a clip that is no narrower than the range but for 2**-23.
    """
    if activation is Activation.NONE:
        return True
    fmt, q = FORMATS[tensor.dtype], _parameters(tensor)
    if activation is Activation.RELU:
        return q.zero_point == fmt.min
    low, high = (np.float32(bound) for bound in activation.bounds)
    lowest, highest = (q.scale * np.float32(end - q.zero_point) for end in (fmt.min, fmt.max))
    return bool(low - lowest <= EPSILON and highest - high <= EPSILON)


def check_fused(activation: Activation, tensor: Tensor) -> None:
    """ValueError if an activation makes ONNX Runtime compute the operator in float32."""
    if not is_fused(activation, tensor):
        q = _parameters(tensor)
        raise ValueError(
            f"its {activation.name.lower()} is not the range of its output (scale {q.scale}, zero "
            f"point {q.zero_point}), so ONNX Runtime computes it in float32, in an order of its own"
        )


def _parameters(tensor: Tensor) -> QuantizationParameters:
    if tensor.quantization is None:
        raise ValueError(f"tensor {tensor.name} must be quantized")
    return tensor.quantization


def _quantization(tensor: Tensor) -> Quantization:
    parameters = _parameters(tensor)
    if tensor.dtype not in FORMATS:
        raise ValueError(f"tensor {tensor.name} must be of integers, not {tensor.dtype}")
    scale, zero_point = parameters.scales, parameters.zero_points
    if parameters.axis is None:
        return Quantization(scale[0], zero_point[0], FORMATS[tensor.dtype])
    return Quantization(scale, zero_point, FORMATS[tensor.dtype], parameters.axis)
