"""Operators of ONNX that move elements and leave them what they are, integers or real numbers.

On real numbers that integers stand for they move the integers; the tensor gets the name of a
QuantizeLinear that follows by the same scale and zero point.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np

from flow.onnx_arrays import Array, BadModelError, check_shape
from flow.onnx_fusion import real_of, round_to, settled
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
    Slot,
    Value,
    Weights,
)
from flow.onnx_windows import pool_window
from flow.unsupported import shown
from golden.model import QuantizationParameters
from golden.operators import MaxPool, Operator, Pad, Reshape, Transpose

__all__ = ["flatten", "max_pool", "pad", "reshape", "squeeze", "transpose", "unsqueeze"]

Shape = tuple[int, ...]


def flatten(network: Network, node: OnnxNode) -> Value:
    """Flatten."""
    shape = _shape(network, node)
    axis = node.integer("axis", 1)
    axis = axis if axis == len(shape) else axis_of(node, axis, len(shape))
    return _reshaped(network, node, (math.prod(shape[:axis]), math.prod(shape[axis:])))


def reshape(network: Network, node: OnnxNode) -> Value:
    """Reshape to a constant shape."""
    shape, wanted = _shape(network, node), network.lengths(node, 1)
    if wanted is None:
        raise BadModelError(f"{node} has no shape")
    lengths = list(wanted)
    if not node.integer("allowzero", 0):
        if any(not n and i >= len(shape) for i, n in enumerate(lengths)):
            raise BadModelError(f"{node} keeps a length that its input does not have")
        lengths = [n or shape[i] if i < len(shape) else n for i, n in enumerate(lengths)]
    if lengths.count(-1) == 1:
        rest = -math.prod(lengths)
        lengths[lengths.index(-1)] = math.prod(shape) // rest if rest > 0 else 0
    return _reshaped(network, node, tuple(lengths))


def squeeze(network: Network, node: OnnxNode) -> Value:
    """Squeeze."""
    shape = _shape(network, node)
    axes = _axes(network, node)
    if axes is None:
        return _reshaped(network, node, tuple(n for n in shape if n != 1))
    gone = {axis_of(node, axis, len(shape)) for axis in axes}
    if any(shape[axis] != 1 for axis in gone):
        raise BadModelError(f"{node} squeezes dimensions that are not 1, of a shape of {shape}")
    return _reshaped(network, node, tuple(n for i, n in enumerate(shape) if i not in gone))


def unsqueeze(network: Network, node: OnnxNode) -> Value:
    """Unsqueeze."""
    shape, axes = _shape(network, node), _axes(network, node)
    if axes is None:
        raise BadModelError(f"{node} has no axes")
    rank = len(shape) + len(axes)
    new = {axis_of(node, axis, rank) for axis in axes}
    if len(new) != len(axes):
        raise BadModelError(f"{node} has an axis twice")
    lengths = iter(shape)
    return _reshaped(network, node, tuple(1 if i in new else next(lengths) for i in range(rank)))


def transpose(network: Network, node: OnnxNode) -> Value:
    """Transpose."""
    shape = _shape(network, node)
    order = node.integers("perm", tuple(reversed(range(len(shape)))))
    if sorted(order) != list(range(len(shape))):
        raise BadModelError(f"the perm of {node} must put {len(shape)} dimensions in an order")
    value = _source(network, node)
    if isinstance(value, Weights):
        p = value.parameters
        axis = None if p.axis is None else order.index(p.axis)
        turned = QuantizationParameters(p.scales, p.zero_points, axis)
        return Weights(node.output, network.count(value.array.transpose(order)), turned)
    return _moved(
        network,
        node,
        Transpose(order),
        tuple(shape[i] for i in order),
        lambda a: a.transpose(order),
    )


def max_pool(network: Network, node: OnnxNode) -> Value:
    """MaxPool."""
    match _source(network, node):
        case Dequantized(slot) | Integers(slot):
            window, size = pool_window(node, slot)
            return _moved(network, node, MaxPool(window), (*slot.shape[:2], *size))
        case Pending(other):
            raise RefusedError("its result is not quantized", other)
        case _:
            raise RefusedError("it does not read integers, or what stands for them")


def pad(network: Network, node: OnnxNode) -> Value:
    """Pad with a constant."""
    shape = _shape(network, node)
    rank = len(shape)
    if node.text("mode", "constant") != "constant":
        raise RefusedError("it pads with other than a constant")
    pads, value = _pads(network, node)
    axes = network.lengths(node, 3)
    axes = tuple(range(rank)) if axes is None else tuple(axis_of(node, a, rank) for a in axes)
    if len(pads) != 2 * len(axes) or len(set(axes)) != len(axes):
        raise BadModelError(f"{node} has {len(pads)} pads for {len(axes)} dimensions")
    pairs = [(0, 0)] * rank
    for position, axis in enumerate(axes):
        pairs[axis] = (pads[position], pads[position + len(axes)])
    if min(pads, default=0) < 0:
        raise RefusedError("it cuts off, by negative pads")
    padded = tuple(n + sum(pair) for n, pair in zip(shape, pairs, strict=True))
    match _source(network, node):
        case Dequantized(slot):
            return _moved(network, node, Pad(tuple(pairs), _real_fill(slot, value)), padded)
        case Integers(slot):
            return _moved(network, node, Pad(tuple(pairs), _integer_fill(slot, value)), padded)
        case Pending(other):
            raise RefusedError("its result is not quantized", other)
        case _:
            raise RefusedError("it does not read integers, or what stands for them")


def _pads(network: Network, node: OnnxNode) -> tuple[Shape, float]:
    if network.graph.opset < 11:
        return node.integers("pads", ()), node.real("value", 0.0)
    pads, value = network.lengths(node, 1), network.constant(node, 2)
    if pads is None or (value is not None and value.size != 1):
        raise BadModelError(f"{node} must have pads, and one number to pad with")
    return pads, 0.0 if value is None else float(value.reshape(-1)[0])


def _real_fill(slot: Slot, value: float) -> float:
    """The real value of a padding, which must be one of the integers."""
    p = slot.quantization.parameters
    if p is None or not math.isfinite(value):
        raise RefusedError(f"it pads with {value:g}, which is none of the integers' numbers")
    code = round_to(np.array([value], np.float32), p, slot.dtype)
    if real_of(code, p)[0] != np.float32(value):
        raise RefusedError(f"it pads with {value:g}, which is none of the integers' numbers")
    return value


def _integer_fill(slot: Slot, value: float) -> float:
    p = slot.quantization.parameters
    if p is None:
        raise RefusedError(f"it pads {shown(slot.name)}, whose scale no node before it says")
    return float(real_of(np.array([value]).astype(np.int64), p)[0])


def _axes(network: Network, node: OnnxNode) -> Shape | None:
    if network.graph.opset >= 13:
        return network.lengths(node, 1)
    return node.integers("axes", ()) if node.has("axes") else None


def _source(network: Network, node: OnnxNode) -> Value:
    return settled(network, network.required_name(node, 0))


def _shape(network: Network, node: OnnxNode) -> Shape:
    match _source(network, node):
        case Constant(_, array) | Weights(_, array):
            return array.shape
        case Integers(slot) | Dequantized(slot) | Real(slot):
            return slot.shape
        case Pending(other):
            raise RefusedError("its result is not quantized", other)
        case _:
            raise RefusedError("its input has no shape")


def _reshaped(network: Network, node: OnnxNode, shape: Sequence[int]) -> Value:
    before, after = _shape(network, node), check_shape(tuple(shape), node.output)
    if math.prod(before) != math.prod(after):
        raise BadModelError(f"{node} makes a shape of {list(after)} of {list(before)}")
    value = _source(network, node)
    if isinstance(value, Weights):
        if value.parameters.axis is not None:
            raise RefusedError("it reshapes weights that have a scale for each channel")
        return Weights(node.output, network.count(value.array.reshape(after)), value.parameters)
    return _moved(network, node, Reshape(), after, lambda a: a.reshape(after))


def _moved(
    network: Network,
    node: OnnxNode,
    operator: Operator,
    shape: Shape,
    fold: Callable[[Array], Array] | None = None,
) -> Value:
    """The elements of the first input, moved; `fold` moves those of a constant."""
    match _source(network, node):
        case Constant(_, array) if fold:
            return Constant(node.output, network.count(fold(array)))
        case Integers(slot):
            output = Slot(node.output, shape, slot.dtype, slot.quantization)
            return Integers(network.add(node, operator, [slot], output))
        case Dequantized(slot, clipped):
            name = network.fresh(node.output)
            output = Slot(name, shape, slot.dtype, slot.quantization, provisional=True)
            return Dequantized(network.add(node, operator, [slot], output), clipped)
        case Real(slot):
            output = Slot(node.output, shape, slot.dtype)
            return Real(network.add(node, operator, [slot], output))
        case _:
            raise RefusedError("it does not read integers, or what stands for them")
