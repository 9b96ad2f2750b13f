"""Operators of ONNX that compute on real numbers, between DequantizeLinear and QuantizeLinear."""

import numpy as np

from flow.onnx_arrays import BadModelError
from flow.onnx_integers import clip_integers
from flow.onnx_network import Network, with_bounds
from flow.onnx_node import OnnxNode
from flow.onnx_values import Constant, Dequantized, Pending, RefusedError, Slot, Value, Weights
from flow.onnx_weights import (
    bias_slot,
    check_weights,
    convolution_weights,
    depthwise_weights,
    matrix_weights,
)
from flow.onnx_windows import image_size, pool_window, window_of
from golden.operators import (
    Add,
    AveragePool,
    Clamp,
    Concatenation,
    Convolution,
    DepthwiseConvolution,
    FullyConnected,
    GlobalAveragePool,
    Mean,
    Softmax,
)

__all__ = [
    "add",
    "average_pool",
    "axis_of",
    "clip",
    "concatenation",
    "convolution",
    "fully_connected",
    "global_average_pool",
    "mean",
    "relu",
    "softmax",
    "sum_of",
]


def convolution(
    network: Network, node: OnnxNode, x: Slot, weights: Weights, bias: str, *, integers: bool
) -> Pending:
    """Conv: depthwise if each group has one channel. `bias` is a name, empty if there is none."""
    height, width = image_size(x)
    outputs, depth, *kernel = check_weights(weights, 4).array.shape
    groups, channels = node.integer("group", 1), x.shape[1]
    if groups < 1 or depth * groups != channels or outputs % groups:
        raise BadModelError(
            f"{node} has weights of shape {weights.array.shape} in {groups} groups for {channels} "
            "channels"
        )
    window = window_of(node, (kernel[0], kernel[1]), (height, width))
    shape = (x.shape[0], outputs, *window.output_size((height, width)))
    addend = (
        bias_slot(network, node, bias, x, weights, outputs, integers=integers) if bias else None
    )
    if groups == channels > 1:
        stored = depthwise_weights(network, weights, channels)
        return network.pending(node, DepthwiseConvolution(window), [x, stored, addend], shape)
    stored = convolution_weights(network, weights)
    return network.pending(node, Convolution(window, groups), [x, stored, addend], shape)


def fully_connected(
    network: Network,
    node: OnnxNode,
    x: Slot,
    weights: Weights,
    bias: str,
    *,
    transposed: bool,
    integers: bool,
) -> Pending:
    """Gemm and MatMul with constant weights."""
    shape = check_weights(weights, 2).array.shape
    outputs, depth = shape if transposed else shape[::-1]
    if len(x.shape) < 2 or x.shape[-1] != depth:
        raise BadModelError(f"{node} multiplies shapes {x.shape} and {shape}")
    addend = (
        bias_slot(network, node, bias, x, weights, outputs, integers=integers) if bias else None
    )
    stored = matrix_weights(network, weights, transposed=transposed)
    return network.pending(node, FullyConnected(), [x, stored, addend], (*x.shape[:-1], outputs))


def add(network: Network, node: OnnxNode) -> Pending:
    """Add; of a constant to a MatMul it is the bias."""
    for index, other in ((0, 1), (1, 0)):
        value = network.required(node, index)
        if isinstance(value, Pending) and value.node.operator == "MatMul":
            return _with_bias(network, node, value, index, other)
    slots = [network.activation(node, index, constant=True) for index in (0, 1)]
    return sum_of(network, node, slots[0], slots[1])


def _with_bias(
    network: Network, node: OnnxNode, product: Pending, index: int, other: int
) -> Pending:
    name = network.required_name(node, other)
    x, stored, bias = product.inputs
    constant = isinstance(network[name], Constant | Weights)
    if x is None or bias is not None or not constant or product.bounds != (-np.inf, np.inf):
        raise RefusedError("its result is not quantized before it is added to", product.node)
    network.only_reader(product, network.required_name(node, index))
    weights = network.weights(product.node, 1)
    addend = bias_slot(network, node, name, x, weights, product.shape[-1])
    return Pending(product.node, product.operator, (x, stored, addend), product.shape)


def sum_of(network: Network, node: OnnxNode, a: Slot, b: Slot) -> Pending:
    """The sum of two tensors, broadcast."""
    try:
        shape = np.broadcast_shapes(a.shape, b.shape)
    except ValueError:
        raise BadModelError(f"{node} adds shapes {a.shape} and {b.shape}") from None
    return network.pending(node, Add(), [a, b], shape)


def average_pool(network: Network, node: OnnxNode, x: Slot) -> Pending:
    """AveragePool."""
    window, size = pool_window(node, x)
    counts = bool(node.integer("count_include_pad", 0))
    return network.pending(node, AveragePool(window, counts), [x], (*x.shape[:2], *size))


def global_average_pool(network: Network, node: OnnxNode, x: Slot) -> Pending:
    """GlobalAveragePool."""
    image_size(x)
    return network.pending(node, GlobalAveragePool(), [x], (*x.shape[:2], 1, 1))


def mean(network: Network, node: OnnxNode) -> Pending:
    """ReduceMean."""
    x = network.activation(node, 0)
    axes: tuple[int, ...] | None = node.integers("axes", ())
    if network.graph.opset >= 18:
        axes = network.lengths(node, 1)
    rank = len(x.shape)
    if not axes:
        if node.integer("noop_with_empty_axes", 0):
            raise RefusedError("it reduces nothing")
        axes = tuple(range(rank))
    found = tuple(sorted({axis_of(node, axis, rank) for axis in axes}))
    keep = bool(node.integer("keepdims", 1))
    shape = tuple(
        1 if axis in found else length
        for axis, length in enumerate(x.shape)
        if keep or axis not in found
    )
    return network.pending(node, Mean(found, keep), [x], shape)


def concatenation(
    network: Network, node: OnnxNode, parts: list[Slot]
) -> tuple[Concatenation, tuple[int, ...]]:
    """Concat: the operator, and the shape of its output."""
    if not parts or not node.has("axis"):
        raise BadModelError(f"{node} must have inputs and an axis")
    first = parts[0].shape
    axis = axis_of(node, node.integer("axis", 0), len(first))
    for part in parts:
        same = len(part.shape) == len(first) and all(
            a == b for i, (a, b) in enumerate(zip(part.shape, first, strict=True)) if i != axis
        )
        if not same:
            raise BadModelError(f"{node} joins shapes {first} and {part.shape}")
    length = sum(part.shape[axis] for part in parts)
    return Concatenation(axis), (*first[:axis], length, *first[axis + 1 :])


def softmax(network: Network, node: OnnxNode, x: Slot, opset: int) -> Pending:
    """Softmax; before operator set 13 over all dimensions behind the axis, taken if that is one."""
    rank = len(x.shape)
    axis = axis_of(node, node.integer("axis", -1 if opset >= 13 else 1), rank)
    if opset < 13:
        long = [i for i in range(axis, rank) if x.shape[i] > 1]
        if len(long) > 1:
            raise RefusedError("it runs over several dimensions at once, as before version 13")
        axis = long[0] if long else axis
    return network.pending(node, Softmax(axis), [x], x.shape)


def relu(network: Network, node: OnnxNode) -> Value:
    """Relu."""
    return _clipped(network, node, 0.0, float("inf"))


def clip(network: Network, node: OnnxNode) -> Value:
    """Clip, of real numbers or of integers."""
    bounds = [-float("inf"), float("inf")]
    for index, name in enumerate(("min", "max")):
        if network.graph.opset < 11:
            bounds[index] = node.real(name, bounds[index])
            continue
        given = network.constant(node, index + 1)
        if given is not None:
            if given.size != 1:
                raise BadModelError(f"{node} must have one number as its {name}")
            bounds[index] = float(given.reshape(-1)[0])
    if not bounds[0] <= bounds[1]:
        raise RefusedError(f"it clips to {bounds[0]:g} .. {bounds[1]:g}")
    return _clipped(network, node, bounds[0], bounds[1])


def _clipped(network: Network, node: OnnxNode, low: float, high: float) -> Value:
    name = network.required_name(node, 0)
    match network[name]:
        case Pending() as pending:
            network.only_reader(pending, name)
            return with_bounds(pending, low, high)
        case Dequantized(slot):
            pending = network.pending(node, Clamp(low, high), [slot], slot.shape)
            return with_bounds(pending, low, high)
        case value:
            return clip_integers(network, node, value, low, high)


def axis_of(node: OnnxNode, axis: int, rank: int) -> int:
    """An axis counted from 0."""
    if not -rank <= axis < rank:
        raise BadModelError(f"the axis of {node} must be from {-rank} to {rank - 1}, not {axis}")
    return axis % rank
