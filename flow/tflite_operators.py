"""The operators of a .tflite file: each reader checks a node and says what it computes."""

from collections.abc import Callable
from math import inf, isfinite
from typing import cast

import numpy as np

from flow.tflite_node import FileNode
from flow.tflite_tensors import NodeError, refusing
from flow.tflite_weighted import read_convolution, read_depthwise, read_fully_connected
from golden.model import QuantizationParameters, Tensor
from golden.operators import (
    Add,
    AveragePool,
    Clamp,
    Concatenation,
    Dequantize,
    MaxPool,
    Mean,
    Operator,
    Pad,
    Quantize,
    Reshape,
    Softmax,
    Transpose,
)

__all__ = ["READERS"]

Read = tuple[Operator, tuple[str, ...]]
"""An operator and the names of its inputs."""


def read_add(node: FileNode) -> Read:
    node.arity(2, 2)
    node.options("AddOptions")
    (first, written), (second, _) = node.activations(0), node.activations(1)
    with refusing():
        shape = np.broadcast_shapes(first.shape, second.shape)
    node.shape(written, shape)
    return Add(node.fused()), (first.name, second.name)


def pool_reader(kind: type[AveragePool] | type[MaxPool]) -> Callable[[FileNode], Read]:
    def read_pool(node: FileNode) -> Read:
        node.arity(1, 1)
        node.options("Pool2DOptions")
        read, written = node.activations()
        node.same_quantization(read, written)
        kernel = node.integer("FilterHeight"), node.integer("FilterWidth")
        window = node.window(read, written, kernel, read.shape[-1] if read.shape else 0)
        return kind(window, activation=node.fused()), (read.name,)

    return read_pool


def read_mean(node: FileNode) -> Read:
    node.arity(2, 2)
    node.options("ReducerOptions")
    read, written = node.activations()
    rank = len(read.shape)
    axes = [_axis(n, rank) for n in node.numbers(1)]
    keep = bool(node.integer("KeepDims"))
    shape = [1 if i in axes else n for i, n in enumerate(read.shape) if keep or i not in axes]
    node.shape(written, tuple(shape))
    return Mean(tuple(sorted(set(axes))), keep), (read.name,)


def clamp_reader(low: float, high: float) -> Callable[[FileNode], Read]:
    def read_clamp(node: FileNode) -> Read:
        node.arity(1, 1)
        read, written = node.activations()
        node.shape(written, read.shape)
        return Clamp(low, high), (read.name,)

    return read_clamp


def read_pad(node: FileNode) -> Read:
    node.arity(2, 3)
    read, written = node.activations()
    node.same_quantization(read, written)
    pads = node.tensors.numbers(node.operator.inputs[1])
    if pads.shape != (len(read.shape), 2) or (pads < 0).any():
        raise NodeError(f"padding {pads.tolist()} of an input of shape {read.shape}")
    value = 0.0
    if node.has_input(2):
        value = _filling(node, written)
    ends = tuple((int(before), int(behind)) for before, behind in pads)
    node.shape(written, tuple(n + sum(end) for n, end in zip(read.shape, ends, strict=True)))
    return Pad(ends, value), (read.name,)


def read_reshape(node: FileNode) -> Read:
    node.arity(1, 2)
    read, written = node.copied()
    if read.size != written.size:
        raise NodeError(f"shape {read.shape} to {written.shape}")
    if node.has_input(1):
        wanted = node.numbers(1)
        free = len(wanted) == len(written.shape) and wanted.count(-1) <= 1
        if not free or any(n not in (-1, m) for n, m in zip(wanted, written.shape, strict=True)):
            raise NodeError(f"an output of shape {written.shape} instead of {tuple(wanted)}")
    return Reshape(), (read.name,)


def read_ones(node: FileNode) -> Read:
    """SQUEEZE and EXPAND_DIMS: dimensions of 1 come and go."""
    node.arity(1, 2)
    read, written = node.copied()
    if [n for n in read.shape if n > 1] != [n for n in written.shape if n > 1]:
        raise NodeError(f"shape {read.shape} to {written.shape}")
    return Reshape(), (read.name,)


def read_transpose(node: FileNode) -> Read:
    node.arity(2, 2)
    read, written = node.copied()
    order = tuple(node.numbers(1))
    if sorted(order) != list(range(len(read.shape))):
        raise NodeError(f"order {order} of an input of shape {read.shape}")
    node.shape(written, tuple(read.shape[i] for i in order))
    return Transpose(order), (read.name,)


def read_concatenation(node: FileNode) -> Read:
    count = len(node.operator.inputs)
    node.arity(max(count, 1), max(count, 1))
    node.options("ConcatenationOptions")
    pairs = [node.copied(position) for position in range(count)]
    written = pairs[0][1]
    axis = _axis(node.integer("Axis"), len(written.shape))
    for read, _ in pairs:
        if len(read.shape) != len(written.shape):
            raise NodeError(f"inputs of shape {read.shape} in an output of shape {written.shape}")
    total = sum(read.shape[axis] for read, _ in pairs)
    for read, _ in pairs:
        node.shape(written, (*read.shape[:axis], total, *read.shape[axis + 1 :]))
    return Concatenation(axis, node.fused()), tuple(read.name for read, _ in pairs)


def read_quantize(node: FileNode) -> Read:
    node.arity(1, 1)
    written = node.tensors.activation(node.operator.outputs[0])
    read = node.tensors.any(node.operator.inputs[0])
    if read.dtype != np.float32:
        read = node.tensors.activation(node.operator.inputs[0])
    node.shape(written, read.shape)
    return Quantize(), (read.name,)


def read_dequantize(node: FileNode) -> Read:
    node.arity(1, 1)
    read = node.tensors.activation(node.operator.inputs[0])
    written = node.tensors.any(node.operator.outputs[0])
    if written.dtype != np.float32:
        raise NodeError(f"{read.dtype} to {written.dtype}")
    node.shape(written, read.shape)
    return Dequantize(), (read.name,)


def read_softmax(node: FileNode) -> Read:
    node.arity(1, 1)
    node.options("SoftmaxOptions")
    read, written = node.activations()
    node.shape(written, read.shape)
    beta = node.real("Beta")
    if not read.shape or not isfinite(beta) or beta <= 0:
        raise NodeError(f"beta {beta} with an input of shape {read.shape}")
    return Softmax(len(read.shape) - 1, beta), (read.name,)


def _filling(node: FileNode, written: Tensor) -> float:
    """The real value that PADV2 pads with."""
    filling = node.tensors.read(node.operator.inputs[2])
    if filling.data is None or filling.size != 1 or filling.dtype != written.dtype:
        raise NodeError("padding with what is not one constant of the output's type")
    node.same_quantization(filling, written)
    quantization = cast(QuantizationParameters, filling.quantization)
    integer = int(filling.data.reshape(-1)[0]) - quantization.zero_point
    return integer * float(quantization.scale)


def _axis(axis: int, rank: int) -> int:
    if not -rank <= axis < rank:
        raise NodeError(f"axis {axis} of {rank} dimensions")
    return int(axis) % rank


READERS: dict[str, Callable[[FileNode], Read]] = {
    "ADD": read_add,
    "AVERAGE_POOL_2D": pool_reader(AveragePool),
    "CONCATENATION": read_concatenation,
    "CONV_2D": read_convolution,
    "DEPTHWISE_CONV_2D": read_depthwise,
    "DEQUANTIZE": read_dequantize,
    "EXPAND_DIMS": read_ones,
    "FULLY_CONNECTED": read_fully_connected,
    "MAX_POOL_2D": pool_reader(MaxPool),
    "MEAN": read_mean,
    "PAD": read_pad,
    "PADV2": read_pad,
    "QUANTIZE": read_quantize,
    "RELU": clamp_reader(0.0, inf),
    "RELU6": clamp_reader(0.0, 6.0),
    "RELU_N1_TO_1": clamp_reader(-1.0, 1.0),
    "RESHAPE": read_reshape,
    "SOFTMAX": read_softmax,
    "SQUEEZE": read_ones,
    "TRANSPOSE": read_transpose,
}
"""By the name of the operator in the schema; a reader raises `NodeError`."""
