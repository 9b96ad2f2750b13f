"""Which operators of a folded float graph can be quantized, and why the others cannot."""

from collections.abc import Callable, Mapping

import numpy as np

from flow.onnx_float import FloatGraph, FloatNode
from flow.unsupported import Unsupported

__all__ = ["check_supported"]

FARTHEST = 4096
"""Pixels that a kernel, its steps and its padding may have."""

Reason = str | None
Check = Callable[[FloatGraph, FloatNode], Reason]


def check_supported(graph: FloatGraph) -> None:
    """Raise UserError for all nodes that cannot be quantized, by operator and name."""
    unsupported = Unsupported()
    uses = graph.uses
    for node in graph.nodes:
        check = _CHECKS.get(node.operator)
        reason = "there is no such operator here" if check is None else check(graph, node)
        if reason is None:
            reason = _far(node)
        if reason is None and any(uses[name] for name in node.outputs[1:]):
            reason = "only its first output can be used"
        if reason is not None:
            unsupported.add(node.operator, node.name, reason)
    unsupported.check()


def _far(node: FloatNode) -> Reason:
    for name in ("dilations", "kernel_shape", "pads", "strides"):
        values = node.attributes.get(name, [])
        if any(not 0 <= value <= FARTHEST for value in values):
            return f"its {name} must be from 0 to {FARTHEST}"
    return None


def _any(graph: FloatGraph, node: FloatNode) -> Reason:
    return _constant_operand(graph, node.inputs[:1])


def _constant_operand(graph: FloatGraph, names: tuple[str, ...]) -> Reason:
    constant = next((name for name in names if name in graph.constants), None)
    return None if constant is None else f"{constant} is a constant, not an activation"


def _conv(graph: FloatGraph, node: FloatNode) -> Reason:
    weights = graph.constants.get(node.input(1))
    if weights is None or (node.input(2) and node.input(2) not in graph.constants):
        return "its weights and its bias must be constants"
    if weights.ndim != 4:
        return f"only two-dimensional kernels, and its weights have {weights.ndim} dimensions"
    return _parameters(graph, node)


def _gemm(graph: FloatGraph, node: FloatNode) -> Reason:
    weights = graph.constants.get(node.input(1))
    if node.attributes or weights is None or weights.ndim != 2:
        return "only A B + C with constant B and C, and A not transposed"
    return _parameters(graph, node)


def _parameters(graph: FloatGraph, node: FloatNode) -> Reason:
    for name in filter(None, node.inputs[1:3]):
        value = graph.constants.get(name)
        if value is None or value.dtype != np.float32 or not np.isfinite(value).all():
            return f"{name} must be constant, finite float32 numbers"
    weights, channels = graph.constants[node.inputs[1]], 0 if node.operator == "Conv" else 1
    if node.input(2) and graph.constants[node.input(2)].shape != weights.shape[channels:][:1]:
        return "its bias must be one number for each channel"
    return _any(graph, node)


def _matmul(graph: FloatGraph, node: FloatNode) -> Reason:
    if node.input(1) not in graph.constants:
        return "its second factor must be a constant matrix"
    return "its first factor must have two dimensions; flatten it"


def _add(graph: FloatGraph, node: FloatNode) -> Reason:
    constant = _constant_operand(graph, node.inputs)
    if constant is not None:
        return f"{constant}, and no number for each channel behind a Conv or Gemm of its own"
    return None


def _normalization(graph: FloatGraph, node: FloatNode) -> Reason:
    if node.attributes.get("training_mode", 0):
        return "it is in training mode; export the model for inference"
    return "only with constants, right behind a Conv or Gemm whose output nothing else reads"


def _clip(graph: FloatGraph, node: FloatNode) -> Reason:
    for name in node.inputs[1:]:
        if name and name not in graph.constants:
            return "its bounds must be constants"
    return _any(graph, node)


def _reshape(graph: FloatGraph, node: FloatNode) -> Reason:
    if node.input(1) not in graph.constants:
        return "its shape must be a constant"
    return _any(graph, node)


def _pad(graph: FloatGraph, node: FloatNode) -> Reason:
    if node.attributes.get("mode", b"constant") != b"constant":
        return "only mode constant"
    if any(name and name not in graph.constants for name in node.inputs[1:]):
        return "its pads and value must be constants"
    if node.input(2) and np.any(graph.constants[node.input(2)]):
        return "only the value 0"
    return _any(graph, node)


def _concat(graph: FloatGraph, node: FloatNode) -> Reason:
    return _constant_operand(graph, node.inputs)


def _mean(graph: FloatGraph, node: FloatNode) -> Reason:
    return "only over height and width of an image"


def _identity(graph: FloatGraph, node: FloatNode) -> Reason:
    return "it gives an output of the model or trains; leave it out"


def _softmax(graph: FloatGraph, node: FloatNode) -> Reason:
    read = {name for other in graph.nodes for name in other.inputs}
    return "only at the end of the model" if read & set(node.outputs) else None


_CHECKS: Mapping[str, Check] = {
    "Add": _add,
    "AveragePool": _any,
    "BatchNormalization": _normalization,
    "Clip": _clip,
    "Concat": _concat,
    "Conv": _conv,
    "Dropout": _identity,
    "Flatten": _any,
    "Gemm": _gemm,
    "GlobalAveragePool": _any,
    "Identity": _identity,
    "MatMul": _matmul,
    "MaxPool": _any,
    "Pad": _pad,
    "ReduceMean": _mean,
    "Relu": _any,
    "Reshape": _reshape,
    "Softmax": _softmax,
}
