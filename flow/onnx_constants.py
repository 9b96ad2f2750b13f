"""Operators of ONNX on constants and shapes, computed while the model is read."""

import numpy as np

from flow.onnx_arrays import Array, BadModelError, dtype_of
from flow.onnx_network import Network
from flow.onnx_node import OnnxNode
from flow.onnx_operators import axis_of
from flow.onnx_values import (
    Constant,
    Dequantized,
    Integers,
    Pending,
    Real,
    RefusedError,
    Value,
    Weights,
)

__all__ = ["cast", "constant", "gather", "identity", "joined", "shape_of", "slice_of"]


def constant(network: Network, node: OnnxNode) -> Value:
    """Constant."""
    array = node.tensor("value")
    if array is None:
        if node.has("value_float"):
            array = np.array(node.real("value_float", 0), np.float32)
        elif node.has("value_int"):
            array = np.array(node.integer("value_int", 0), np.int64)
        elif node.has("value_ints"):
            array = np.array(node.integers("value_ints", ()), np.int64)
        elif node.has("value_floats"):
            array = np.array(node.numbers("value_floats"), np.float32)
        else:
            raise RefusedError("it is no tensor and no number")
    return Constant(node.output, array)


def identity(network: Network, node: OnnxNode) -> Value:
    """Identity, and Dropout, which is the same when it does not train."""
    value = network.required(node, 0)
    if isinstance(value, Pending):
        network.only_reader(value, node.input(0))
    return value


def cast(network: Network, node: OnnxNode) -> Value:
    """Cast of a constant."""
    array = _constant(network, node, 0)
    dtype = dtype_of(node.integer("to", 0), node.output)
    if array.dtype == np.float32 and dtype != np.float32 and not np.isfinite(array).all():
        raise RefusedError("it makes integers of what is no number")
    with np.errstate(invalid="ignore"):
        return Constant(node.output, network.count(array.astype(dtype)))


def shape_of(network: Network, node: OnnxNode) -> Value:
    """Shape."""
    match network.required(node, 0):
        case Constant(_, array) | Weights(_, array):
            shape = array.shape
        case Integers(slot) | Dequantized(slot) | Real(slot):
            shape = slot.shape
        case Pending() as pending:
            shape = pending.shape
        case _:
            raise RefusedError("its input has no shape")
    end = node.integer("end", len(shape))
    return Constant(node.output, np.array(shape[node.integer("start", 0) : end], np.int64))


def gather(network: Network, node: OnnxNode) -> Value:
    """Gather, of constants."""
    array, indices = _constant(network, node, 0), _constant(network, node, 1)
    if array.size > 16 or indices.size > 16 or indices.dtype not in (np.int64, np.int32):
        raise RefusedError("it takes elements of what is no shape")
    axis = axis_of(node, node.integer("axis", 0), array.ndim)
    if ((indices < -array.shape[axis]) | (indices >= array.shape[axis])).any():
        raise BadModelError(f"{node} takes elements that are not there")
    return Constant(node.output, network.count(np.take(array, indices, axis)))


def slice_of(network: Network, node: OnnxNode) -> Value:
    """Slice, of a list of constants."""
    array = _constant(network, node, 0)
    if network.graph.opset < 10 or array.ndim != 1:
        raise RefusedError("it takes a part of what is no shape")
    starts, ends, steps = (network.lengths(node, index) for index in (1, 2, 4))
    steps = steps or (1,)
    if not starts or not ends or len(starts) != 1 or len(ends) != 1 or steps != (1,):
        raise RefusedError("it takes a part other than of one dimension, step by step")
    return Constant(node.output, network.count(array[starts[0] : ends[0]]))


def joined(network: Network, node: OnnxNode) -> Constant | None:
    """Concat of constants; None if an input is none."""
    values = [network.required(node, index) for index in range(len(node.inputs))]
    arrays = [value.array for value in values if isinstance(value, Constant)]
    if len(arrays) < len(values) or not arrays:
        return None
    if any(array.ndim != 1 or array.dtype != arrays[0].dtype for array in arrays):
        raise RefusedError("it joins constants that are no shape")
    for array in arrays:
        network.count(array)
    return Constant(node.output, np.concatenate(arrays))


def _constant(network: Network, node: OnnxNode, index: int) -> Array:
    array = network.constant(node, index)
    if array is None:
        raise BadModelError(f"{node} must have an input {index}")
    return array
