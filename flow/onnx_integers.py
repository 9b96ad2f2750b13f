"""Clip of integers, as exports of fewer than 8 bits and of narrow ranges have it."""

import numpy as np

from flow.onnx_arrays import BadModelError
from flow.onnx_fusion import real_of
from flow.onnx_network import Network
from flow.onnx_node import OnnxNode
from flow.onnx_values import Constant, Integers, RefusedError, Slot, Value
from flow.unsupported import shown
from golden.operators import Clamp

__all__ = ["clip_integers"]


def clip_integers(network: Network, node: OnnxNode, value: Value, low: float, high: float) -> Value:
    """Bound integers, constant or not."""
    if node.operator != "Clip":
        raise RefusedError("it does not read quantized numbers")
    match value:
        case Constant(_, array):
            clipped = np.clip(array, low, high).astype(array.dtype)
            return Constant(node.output, network.count(clipped))
        case Integers(slot):
            return _clipped(network, node, slot, low, high)
        case _:
            raise RefusedError("it reads real numbers that are not quantized")


def _clipped(network: Network, node: OnnxNode, slot: Slot, low: float, high: float) -> Value:
    p = slot.quantization.parameters
    if p is None:
        raise RefusedError(f"it clips {shown(slot.name)}, whose scale no node before it says")
    limits = np.iinfo(slot.dtype)
    low, high = max(low, limits.min), min(high, limits.max)
    if low > high:
        raise BadModelError(f"{node} clips to integers that {slot.dtype} does not have")
    bounds = real_of(np.array([low, high]).astype(np.int64), p).tolist()
    output = Slot(node.output, slot.shape, slot.dtype, slot.quantization)
    return Integers(network.add(node, Clamp(bounds[0], bounds[1]), [slot], output))
