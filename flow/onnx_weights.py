"""Weights and biases of ONNX nodes, in the layouts of `golden.operators`."""

import numpy as np

from flow.onnx_arrays import Array, BadModelError
from flow.onnx_fusion import round_to
from flow.onnx_network import Network
from flow.onnx_node import OnnxNode
from flow.onnx_values import Constant, RefusedError, Slot, Weights
from golden.model import QuantizationParameters

__all__ = ["bias_slot", "convolution_weights", "depthwise_weights", "matrix_weights"]

BIAS_TOLERANCE = 1e-5
"""Relative; so far may the scale of an int32 bias be from the product, by rounding it otherwise."""


def convolution_weights(network: Network, weights: Weights) -> Slot:
    """(outputs, depth, rows, columns) to (rows, columns, depth, outputs)."""
    return network.stored(weights, ("convolution",), lambda: _arranged(weights, 0, 3, (2, 3, 1, 0)))


def depthwise_weights(network: Network, weights: Weights, channels: int) -> Slot:
    """(channels * multiplier, 1, rows, columns) to (rows, columns, channels, multiplier).

    Scales per channel are one for each output channel, in their order.
    """

    def arrange() -> Weights:
        split = weights.array.reshape(channels, -1, *weights.array.shape[2:])
        parameters = _moved(weights.parameters, 0, 2)
        return Weights(weights.name, split.transpose(2, 3, 0, 1), parameters)

    return network.stored(weights, ("depthwise", channels), arrange)


def matrix_weights(network: Network, weights: Weights, *, transposed: bool) -> Slot:
    """(K, N), or (N, K) if `transposed`, to (K, N)."""
    if transposed:
        return network.stored(weights, ("transposed",), lambda: _arranged(weights, 0, 1, (1, 0)))
    return network.stored(weights, ("matrix",), lambda: _arranged(weights, 1, 1, (0, 1)))


def _arranged(weights: Weights, outputs: int, axis: int, order: tuple[int, ...]) -> Weights:
    parameters = _moved(weights.parameters, outputs, axis)
    return Weights(weights.name, weights.array.transpose(order), parameters)


def _moved(p: QuantizationParameters, outputs: int, axis: int) -> QuantizationParameters:
    if p.axis is None:
        return p
    if p.axis != outputs:
        raise RefusedError(
            f"its weights have a scale for each element of dimension {p.axis}; that of the output "
            f"channels is {outputs}"
        )
    return QuantizationParameters(p.scales, p.zero_points, axis)


def check_weights(weights: Weights, rank: int) -> Weights:
    """Weights of 8 bits and of as many dimensions as the operator needs."""
    if weights.array.dtype not in (np.int8, np.uint8):
        raise RefusedError(f"its weights are {weights.array.dtype}, not of 8 bits")
    if weights.array.ndim != rank:
        raise RefusedError(f"its weights must have {rank} dimensions, not {weights.array.ndim}")
    if 0 in weights.array.shape:
        raise BadModelError(f"weights {weights.name[:80]!r} have no elements")
    return weights


def bias_slot(
    network: Network,
    node: OnnxNode,
    name: str,
    activation: Slot,
    weights: Weights,
    outputs: int,
    *,
    integers: bool = False,
) -> Slot:
    """The bias as int32, (outputs,), of the scale f32(xs * ws).

    It may be integers that the operator itself takes (`integers`), integers that a DequantizeLinear
    reads by this scale, or real numbers b: these become rne(f32(b / f32(xs * ws))), as
    onnxruntime.quantization has it.
    """
    network.spend(outputs)
    x = activation.quantization.parameters
    if x is None:
        raise BadModelError(f"{node} reads an activation without a scale")
    with np.errstate(over="ignore", under="ignore"):
        product = x.scale * weights.parameters.scales
    if not (np.isfinite(product) & (product > 0)).all():
        raise RefusedError("the scale of its products is no positive number")
    wanted = QuantizationParameters(
        product, np.zeros(len(product), np.int64), None if len(product) == 1 else 0
    )
    match network[name]:
        case Constant(name, array) if integers and array.dtype == np.int32:
            codes = _flat(node, array, outputs)
        case Constant(name, array) if not integers and array.dtype == np.float32:
            real = _flat(node, array, outputs)
            if not np.isfinite(real).all():
                raise RefusedError("its bias has elements that are no finite numbers")
            codes = round_to(real, wanted, np.dtype(np.int32))
        case Weights(name, array, found) if array.dtype == np.int32:
            _check_scale(found, product)
            codes = _flat(node, array, outputs)
        case Weights(_, array):
            raise RefusedError(f"its bias is {array.dtype}, not int32")
        case Constant(_, array):
            raise BadModelError(f"the bias of {node} is {array.dtype}")
        case _:
            raise RefusedError("its bias is not constant")
    return network.stored(Weights(name, codes, wanted), ("bias", outputs))


def _check_scale(found: QuantizationParameters, product: Array) -> None:
    if found.zero_points.any():
        raise RefusedError("its bias has a zero point")
    if len(found.scales) not in (1, len(product)):
        raise RefusedError(f"its bias has {len(found.scales)} scales, its weights {len(product)}")
    if not np.allclose(found.scales, product, rtol=BIAS_TOLERANCE, atol=0):
        raise RefusedError(
            f"its bias has a scale of {found.scales[0]}, and that of activation times weights is "
            f"{product[0]}"
        )


def _flat(node: OnnxNode, array: Array, outputs: int) -> Array:
    if array.size not in (1, outputs) or (array.ndim and array.shape[-1] != array.size):
        raise RefusedError(f"its bias has a shape of {array.shape} for {outputs} outputs")
    return np.broadcast_to(array.reshape(-1), outputs)
