"""QuantizeLinear and DequantizeLinear: groups of both and the operators between become one node.

The integers that a QuantizeLinear writes are the output of the operator before it, and have the
name that they have in the file.
"""

from typing import Any

import numpy as np
from onnx import TensorProto

from flow.onnx_arrays import BadModelError
from flow.onnx_fusion import finish, round_to
from flow.onnx_network import Network, same_parameters, with_parameters
from flow.onnx_node import OnnxNode
from flow.onnx_values import (
    Constant,
    Dequantized,
    Integers,
    Pending,
    Quantization,
    Real,
    RefusedError,
    Slot,
    Value,
    Weights,
)
from golden.model import QuantizationParameters
from golden.operators import Quantize

__all__ = ["dequantize", "parameters_of", "quantize", "quantized"]


def parameters_of(
    network: Network, node: OnnxNode, index: int, default: np.dtype[Any], axis: int | None
) -> tuple[QuantizationParameters, np.dtype[Any]]:
    """Scales and zero points at two neighbouring inputs, and the dtype of the integers.

    Without zero points they are 0, and the integers `default`. `axis` is taken if there is more
    than one scale.
    """
    scales, zeros = network.constant(node, index), network.constant(node, index + 1)
    if scales is None:
        raise BadModelError(f"{node} has no scale")
    if scales.dtype != np.float32 or scales.size < 1 or scales.ndim > 2:
        raise BadModelError(f"the scale of {node} must be of FLOAT, one or a list")
    network.spend(scales.size)
    if not (np.isfinite(scales) & (scales > 0)).all():
        bad = scales[~(np.isfinite(scales) & (scales > 0))]
        raise BadModelError(f"the scale of {node} must be finite and above 0, not {bad[0]}")
    if zeros is None:
        zeros = np.zeros(scales.shape, default)
    if zeros.dtype not in (np.int8, np.uint8, np.int32):
        raise BadModelError(f"the zero point of {node} must be INT8, UINT8 or INT32")
    if zeros.size not in (1, scales.size):
        raise BadModelError(f"{node} has {scales.size} scales and {zeros.size} zero points")
    if scales.size > 1 and axis is None:
        raise RefusedError(f"it has {scales.size} scales where one is needed")
    parameters = QuantizationParameters(
        scales.reshape(-1),
        np.broadcast_to(zeros.reshape(-1).astype(np.int64), scales.size),
        None if scales.size == 1 else axis,
    )
    return parameters, zeros.dtype


def quantized(network: Network, node: OnnxNode, index: int, axis: int | None = None) -> Value:
    """Integers, their scale and zero point at three neighbouring inputs, as real numbers."""
    value = network.required(node, index)
    match value:
        case Integers(slot):
            dtype, shape = slot.dtype, slot.shape
        case Constant(_, array):
            dtype, shape = array.dtype, array.shape
        case _:
            raise BadModelError(f"{node} reads real numbers where integers belong")
    axis = None if axis is None else _axis(node, axis, len(shape))
    parameters, zero_dtype = parameters_of(network, node, index + 1, dtype, axis)
    if zero_dtype != dtype:
        raise BadModelError(f"{node} reads {dtype} with a zero point of {zero_dtype}")
    if parameters.axis is not None and len(parameters.scales) != shape[parameters.axis]:
        raise BadModelError(f"{node} has {len(parameters.scales)} scales for a shape of {shape}")
    if isinstance(value, Constant):
        return Weights(value.name, value.array, parameters)
    if parameters.axis is not None:
        raise RefusedError("its activation has a scale for each channel")
    return Dequantized(with_parameters(slot, parameters))


def dequantize(network: Network, node: OnnxNode) -> Value:
    """DequantizeLinear: no node yet, since what reads it computes on the integers."""
    _plain(node)
    return quantized(network, node, 0, node.integer("axis", 1))


def quantize(network: Network, node: OnnxNode) -> Value:
    """QuantizeLinear: ends a group, or stands alone."""
    _plain(node)
    name = network.required_name(node, 0)
    value = network[name]
    axis = node.integer("axis", 1)
    default = _output_type(node)
    if isinstance(value, Constant):
        return _folded(network, node, value, default, axis)
    parameters, dtype = parameters_of(network, node, 1, default, None)
    if dtype == np.int32:
        raise RefusedError("activations of INT32 are not imported")
    match value:
        case Pending() as pending:
            network.only_reader(pending, name)
            return finish(network, pending, node.output, parameters, dtype)
        case Dequantized(slot) if (
            slot.provisional
            and network.graph.readers.get(name) == 1
            and slot.dtype == dtype
            and slot.quantization.parameters is not None
            and same_parameters(slot.quantization.parameters, parameters)
        ):
            slot.name, slot.provisional = node.output, False
            return Integers(slot)
        case Dequantized(slot) | Real(slot):
            output = Slot(node.output, slot.shape, dtype, Quantization(parameters))
            return Integers(network.add(node, Quantize(), [slot], output))
        case Weights():
            raise RefusedError("it quantizes a constant again")
        case _:
            raise BadModelError(f"{node} reads integers")


def _folded(
    network: Network, node: OnnxNode, value: Constant, default: np.dtype[Any], axis: int
) -> Constant:
    array = value.array
    if array.dtype != np.float32:
        raise BadModelError(f"{node} reads integers")
    if np.isnan(array).any():
        raise RefusedError("its constant has elements that are no numbers")
    parameters, dtype = parameters_of(
        network, node, 1, default, _axis(node, axis, array.ndim) if array.ndim else None
    )
    if parameters.axis is not None and len(parameters.scales) != array.shape[parameters.axis]:
        raise BadModelError(
            f"{node} has {len(parameters.scales)} scales for a shape of {array.shape}"
        )
    return Constant(node.output, network.count(round_to(array, parameters, dtype)))


def _plain(node: OnnxNode) -> None:
    """Refuse what later operator sets can ask for."""
    if node.integer("block_size", 0):
        raise RefusedError("its scales are blocked")
    real = "precision" if node.operator == "QuantizeLinear" else "output_dtype"
    if node.integer(real, 0) not in (TensorProto.UNDEFINED, TensorProto.FLOAT):
        raise RefusedError(f"its {real} is not FLOAT")


def _output_type(node: OnnxNode) -> np.dtype[Any]:
    """Type of the integers of a QuantizeLinear without a zero point."""
    match node.integer("output_dtype", 0):
        case TensorProto.UNDEFINED | TensorProto.UINT8:
            return np.dtype(np.uint8)
        case TensorProto.INT8:
            return np.dtype(np.int8)
        case _:
            raise RefusedError("its output_dtype is neither INT8 nor UINT8")


def _axis(node: OnnxNode, axis: int, rank: int) -> int | None:
    """An axis from 0, or None if the tensor has no such dimension and so only one scale."""
    return axis % rank if -rank <= axis < rank else None
