"""Reading a float ONNX model: whatever the file holds, a graph or a sentence."""

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper

from flow.errors import UserError
from flow.onnx_float import AnyArray, FloatGraph, FloatNode

__all__ = ["read_float_graph"]

MAX_SIZE = 1 << 28
"""Values of a tensor; more do not fit the memory."""

_OLDEST = 13
"""The first operator set that quantizes by channel; older models are converted to it."""


def read_float_graph(path: Path) -> FloatGraph:
    """Read a model file. Raises UserError, in a sentence that names the file."""
    try:
        return _graph_of(path, _load(path))
    except UserError:
        raise
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}; check its name") from error
    except Exception as error:  # protobuf, the checker, the converter: they have no common class
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        raise UserError(f"{path} is not a sound ONNX model: {reason}") from error


def _load(path: Path) -> onnx.ModelProto:
    model = onnx.load(path)
    onnx.checker.check_model(model)
    if _opset(model) < _OLDEST:
        from onnx import version_converter

        model = version_converter.convert_version(model, _OLDEST)
    return model


def _graph_of(path: Path, model: onnx.ModelProto) -> FloatGraph:
    quantized = next((n for n in model.graph.node if _is_quantized(n.op_type)), None)
    if quantized is not None:
        raise UserError(
            f"{path} is quantized already: {quantized.op_type} gives {quantized.output[0]}; "
            "give the float model"
        )
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    nodes = []
    for node in model.graph.node:
        if node.op_type == "Constant" and (value := _constant(node)) is not None:
            constants[node.output[0]] = value
        else:
            nodes.append(_node(node))
    for name, value in constants.items():
        if value.dtype.kind == "f" and np.isnan(value).any():
            raise UserError(f"{path}: the constant {name} holds NaN; export the model again")
    name, shape = _input(path, model, constants)
    return FloatGraph(
        nodes=tuple(nodes),
        constants=constants,
        input=name,
        shape=shape,
        outputs=tuple(info.name for info in model.graph.output),
        output_infos=tuple(model.graph.output),
        ranks=_ranks(path, model),
        opset=_opset(model),
        ir_version=model.ir_version,
    )


def _input(
    path: Path, model: onnx.ModelProto, constants: Mapping[str, AnyArray]
) -> tuple[str, tuple[int | None, ...]]:
    """The name and the dimensions of the only input."""
    inputs = [info for info in model.graph.input if info.name not in constants]
    if len(inputs) != 1:
        names = ", ".join(info.name for info in inputs) or "none"
        raise UserError(f"{path} must have one input, not {len(inputs)}: {names}")
    kind = inputs[0].type.tensor_type
    shape = tuple(dim.dim_value or None for dim in kind.shape.dim)
    if kind.elem_type != onnx.TensorProto.FLOAT or not shape:
        raise UserError(f"{path}: the input {inputs[0].name} must be a float32 tensor with a shape")
    if None in shape[1:]:
        said = "x".join(str(length or "any") for length in shape)
        raise UserError(
            f"{path}: the input {inputs[0].name} must have fixed dimensions behind the batch, "
            f"not {said}; export the model so"
        )
    return inputs[0].name, shape


def _opset(model: onnx.ModelProto) -> int:
    return max((o.version for o in model.opset_import if o.domain in ("", "ai.onnx")), default=0)


def _is_quantized(operator: str) -> bool:
    return operator in ("QuantizeLinear", "DequantizeLinear") or (
        operator.startswith(("QLinear", "QGemm")) or operator.endswith("Integer")
    )


def _constant(node: onnx.NodeProto) -> AnyArray | None:
    """The value of a Constant, or None if it is sparse or text."""
    attribute = node.attribute[0]
    value = helper.get_attribute_value(attribute)
    match attribute.name:
        case "value":
            return numpy_helper.to_array(value)
        case "value_float" | "value_floats":
            return np.asarray(value, np.float32)
        case "value_int" | "value_ints":
            return np.asarray(value, np.int64)
    return None


def _node(node: onnx.NodeProto) -> FloatNode:
    names = (node.op_type, node.domain, node.name, *node.input, *node.output)
    if not all(isinstance(name, str) for name in (*names, *(a.name for a in node.attribute))):
        raise ValueError("a name is not text in UTF-8")
    standard = node.domain in ("", "ai.onnx")
    return FloatNode(
        operator=node.op_type if standard else f"{node.domain}.{node.op_type}",
        name=node.name or node.output[0],
        inputs=tuple(node.input),
        outputs=tuple(node.output),
        attributes={a.name: helper.get_attribute_value(a) for a in node.attribute},
    )


def _ranks(path: Path, model: onnx.ModelProto) -> dict[str, int]:
    del model.graph.value_info[:]  # what a file says of them need not be so
    graph = onnx.shape_inference.infer_shapes(model).graph
    ranks = {}
    for info in (*graph.input, *graph.value_info, *graph.output):
        shape = info.type.tensor_type.shape
        if info.type.tensor_type.HasField("shape"):
            ranks[info.name] = len(shape.dim)
            size = math.prod(dim.dim_value or 1 for dim in shape.dim)
            if size > MAX_SIZE:
                raise UserError(
                    f"{path}: tensor {info.name} has {size:,} values; at most {MAX_SIZE:,}"
                )
    return ranks
