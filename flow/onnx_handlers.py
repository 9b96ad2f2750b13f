"""Which operator of ONNX is imported how: by domain and name."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from flow import onnx_constants, onnx_layout, onnx_operators, onnx_qdq
from flow.onnx_arrays import BadModelError
from flow.onnx_fusion import finish
from flow.onnx_network import Network, same_parameters
from flow.onnx_node import OnnxNode
from flow.onnx_qdq import parameters_of, quantized
from flow.onnx_values import (
    Dequantized,
    Integers,
    Pending,
    RefusedError,
    Slot,
    Value,
    Weights,
)
from golden.model import QuantizationParameters

__all__ = ["HANDLERS", "MICROSOFT", "REASONS"]

MICROSOFT = "com.microsoft"

Handler = Callable[[Network, OnnxNode], Value]
OfImage = Callable[[Network, OnnxNode, Slot], Pending]


def _conv(network: Network, node: OnnxNode) -> Value:
    x, weights = network.activation(node, 0), network.weights(node, 1)
    return onnx_operators.convolution(network, node, x, weights, node.input(2), integers=False)


def _gemm(network: Network, node: OnnxNode) -> Value:
    x, weights = network.activation(node, 0), network.weights(node, 1)
    _check_gemm(node, x)
    return onnx_operators.fully_connected(
        network,
        node,
        x,
        weights,
        node.input(2),
        transposed=bool(node.integer("transB", 0)),
        integers=False,
    )


def _matmul(network: Network, node: OnnxNode) -> Value:
    x, weights = network.activation(node, 0), network.weights(node, 1)
    return onnx_operators.fully_connected(
        network, node, x, weights, "", transposed=False, integers=False
    )


def _check_gemm(node: OnnxNode, x: Slot) -> None:
    if node.integer("transA", 0):
        raise RefusedError("it transposes its activation")
    for name in ("alpha", "beta"):
        if node.real(name, 1.0) != 1.0:
            raise RefusedError(f"its {name} is {node.real(name, 1.0):g}, not 1")
    if len(x.shape) != 2:
        raise BadModelError(f"{node} must read a matrix, not a shape of {x.shape}")


def _of_image(compute: OfImage, network: Network, node: OnnxNode) -> Value:
    return compute(network, node, network.activation(node, 0))


def _softmax(network: Network, node: OnnxNode) -> Value:
    return onnx_operators.softmax(network, node, network.activation(node, 0), network.graph.opset)


def _concat(network: Network, node: OnnxNode) -> Value:
    folded = onnx_constants.joined(network, node)
    if folded is not None:
        return folded
    if isinstance(network.required(node, 0), Integers):
        return _concat_integers(network, node)
    parts = [network.activation(node, i, constant=True) for i in range(len(node.inputs))]
    operator, shape = onnx_operators.concatenation(network, node, parts)
    return network.pending(node, operator, parts, shape)


def _concat_integers(network: Network, node: OnnxNode) -> Value:
    parts = []
    for index in range(len(node.inputs)):
        value = network.required(node, index)
        if not isinstance(value, Integers):
            raise RefusedError("it joins integers with other than integers")
        parts.append(value.slot)
    known = [part.quantization.parameters for part in parts]
    same = all(p and known[0] and same_parameters(p, known[0]) for p in known)
    if not same or len({part.dtype for part in parts}) > 1:
        raise RefusedError("it joins integers of different or of unknown scales")
    operator, shape = onnx_operators.concatenation(network, node, parts)
    output = Slot(node.output, shape, parts[0].dtype, parts[0].quantization)
    return Integers(network.add(node, operator, parts, output))


# QOperator form: scales and zero points are inputs of the operator itself


def _activation(network: Network, node: OnnxNode, index: int, *, constant: bool = False) -> Slot:
    match quantized(network, node, index):
        case Dequantized(slot):
            return slot
        case Weights() as weights if constant:
            return network.stored(weights)
        case _:
            raise RefusedError(f"its input {index} is constant")


def _weights(network: Network, node: OnnxNode, index: int, axis: int) -> Weights:
    match quantized(network, node, index, axis):
        case Weights() as weights:
            return weights
        case _:
            raise RefusedError("its weights are not constant")


def _output(
    network: Network, node: OnnxNode, index: int, like: Slot
) -> tuple[QuantizationParameters, np.dtype[Any]]:
    parameters, dtype = parameters_of(network, node, index, like.dtype, None)
    if dtype == np.int32:
        raise BadModelError(f"{node} writes INT32")
    return parameters, dtype


def _qlinear_conv(network: Network, node: OnnxNode) -> Value:
    x, weights = _activation(network, node, 0), _weights(network, node, 3, 0)
    pending = onnx_operators.convolution(network, node, x, weights, node.input(8), integers=True)
    return finish(network, pending, node.output, *_output(network, node, 6, x))


def _qlinear_matmul(network: Network, node: OnnxNode) -> Value:
    x, weights = _activation(network, node, 0), _weights(network, node, 3, 1)
    pending = onnx_operators.fully_connected(
        network, node, x, weights, "", transposed=False, integers=True
    )
    return finish(network, pending, node.output, *_output(network, node, 6, x))


def _qgemm(network: Network, node: OnnxNode) -> Value:
    transposed = bool(node.integer("transB", 0))
    x, weights = _activation(network, node, 0), _weights(network, node, 3, 0 if transposed else 1)
    _check_gemm(node, x)
    if not node.input(7):
        raise RefusedError("its result is not quantized")
    pending = onnx_operators.fully_connected(
        network, node, x, weights, node.input(6), transposed=transposed, integers=True
    )
    return finish(network, pending, node.output, *_output(network, node, 7, x))


def _qlinear_add(network: Network, node: OnnxNode) -> Value:
    a = _activation(network, node, 0, constant=True)
    b = _activation(network, node, 3, constant=True)
    pending = onnx_operators.sum_of(network, node, a, b)
    return finish(network, pending, node.output, *_output(network, node, 6, a))


def _qlinear_of_image(compute: OfImage, network: Network, node: OnnxNode) -> Value:
    if node.integer("channels_last", 0):
        raise RefusedError("its channels are last")
    x = _activation(network, node, 0)
    return finish(network, compute(network, node, x), node.output, *_output(network, node, 3, x))


def _qlinear_softmax(network: Network, node: OnnxNode) -> Value:
    x = _activation(network, node, 0)
    pending = onnx_operators.softmax(network, node, x, node.integer("opset", network.graph.opset))
    return finish(network, pending, node.output, *_output(network, node, 3, x))


def _qlinear_concat(network: Network, node: OnnxNode) -> Value:
    parts = [
        _activation(network, node, index, constant=True) for index in range(2, len(node.inputs), 3)
    ]
    operator, shape = onnx_operators.concatenation(network, node, parts)
    pending = network.pending(node, operator, parts, shape)
    return finish(network, pending, node.output, *_output(network, node, 0, parts[0]))


HANDLERS: Mapping[tuple[str, str], Handler] = {
    ("", "QuantizeLinear"): onnx_qdq.quantize,
    ("", "DequantizeLinear"): onnx_qdq.dequantize,
    (MICROSOFT, "QuantizeLinear"): onnx_qdq.quantize,
    (MICROSOFT, "DequantizeLinear"): onnx_qdq.dequantize,
    ("", "Conv"): _conv,
    ("", "Gemm"): _gemm,
    ("", "MatMul"): _matmul,
    ("", "Add"): onnx_operators.add,
    ("", "AveragePool"): partial(_of_image, onnx_operators.average_pool),
    ("", "GlobalAveragePool"): partial(_of_image, onnx_operators.global_average_pool),
    ("", "ReduceMean"): onnx_operators.mean,
    ("", "Softmax"): _softmax,
    ("", "Concat"): _concat,
    ("", "Relu"): onnx_operators.relu,
    ("", "Clip"): onnx_operators.clip,
    ("", "MaxPool"): onnx_layout.max_pool,
    ("", "Pad"): onnx_layout.pad,
    ("", "Reshape"): onnx_layout.reshape,
    ("", "Flatten"): onnx_layout.flatten,
    ("", "Squeeze"): onnx_layout.squeeze,
    ("", "Unsqueeze"): onnx_layout.unsqueeze,
    ("", "Transpose"): onnx_layout.transpose,
    ("", "Constant"): onnx_constants.constant,
    ("", "Identity"): onnx_constants.identity,
    ("", "Dropout"): onnx_constants.identity,
    ("", "Cast"): onnx_constants.cast,
    ("", "Shape"): onnx_constants.shape_of,
    ("", "Gather"): onnx_constants.gather,
    ("", "Slice"): onnx_constants.slice_of,
    ("", "QLinearConv"): _qlinear_conv,
    ("", "QLinearMatMul"): _qlinear_matmul,
    (MICROSOFT, "QGemm"): _qgemm,
    (MICROSOFT, "QLinearAdd"): _qlinear_add,
    (MICROSOFT, "QLinearAveragePool"): partial(_qlinear_of_image, onnx_operators.average_pool),
    (MICROSOFT, "QLinearGlobalAveragePool"): partial(
        _qlinear_of_image, onnx_operators.global_average_pool
    ),
    (MICROSOFT, "QLinearConcat"): _qlinear_concat,
    (MICROSOFT, "QLinearSoftmax"): _qlinear_softmax,
}
"""How each operator is imported."""

_DYNAMIC = "its scales are computed at run time; quantize statically"
_SUBGRAPH = "graphs within the graph are not imported"

REASONS: Mapping[str, str] = {
    "BatchNormalization": "it must be folded into the weights before quantization",
    "DynamicQuantizeLinear": _DYNAMIC,
    "DynamicQuantizeMatMul": _DYNAMIC,
    "MatMulInteger": _DYNAMIC,
    "MatMulIntegerToFloat": _DYNAMIC,
    "ConvInteger": _DYNAMIC,
    "If": _SUBGRAPH,
    "Loop": _SUBGRAPH,
    "Scan": _SUBGRAPH,
}
"""Why an operator is not imported, where there is more to say than that it is not."""
