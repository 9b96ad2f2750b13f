"""A float ONNX model as nodes and constants: read from a file, and computed batch by batch."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper
from threadpoolctl import threadpool_limits

from flow.errors import UserError

__all__ = [
    "FloatGraph",
    "FloatNode",
    "batches",
    "float_model",
    "read_float_graph",
    "run_model",
    "to_model",
]

AnyArray = npt.NDArray[Any]
FloatArray = npt.NDArray[np.float32]

MAX_SIZE = 1 << 28
"""Values of a tensor; more do not fit the memory."""

_OLDEST = 13
"""The first operator set that quantizes by channel; older models are converted to it."""


@dataclass(frozen=True)
class FloatNode:
    """An ONNX operator; an absent input is an empty name."""

    operator: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)

    def input(self, index: int) -> str:
        """The name of an input, empty if it is not given."""
        return self.inputs[index] if index < len(self.inputs) else ""


@dataclass(frozen=True, eq=False)
class FloatGraph:
    """A model with one input.

    Parameters
    ----------
    nodes : in an order in which they can be computed
    constants : by name
    input, shape : its name and dimensions; None for one that may be any, the batch first
    outputs : names
    output_infos : their types and shapes
    ranks : numbers of dimensions by tensor, as far as they are known
    opset, ir_version : of the file
    """

    nodes: tuple[FloatNode, ...]
    constants: Mapping[str, AnyArray]
    input: str
    shape: tuple[int | None, ...]
    outputs: tuple[str, ...]
    output_infos: tuple[onnx.ValueInfoProto, ...]
    ranks: Mapping[str, int]
    opset: int
    ir_version: int

    @property
    def uses(self) -> Counter[str]:
        """How often each tensor is read, as an output of the model too."""
        found = Counter(name for node in self.nodes for name in node.inputs if name)
        found.update(self.outputs)
        return found


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


def to_model(
    nodes: Sequence[onnx.NodeProto],
    constants: Mapping[str, AnyArray],
    graph: FloatGraph,
    outputs: Sequence[onnx.ValueInfoProto],
) -> onnx.ModelProto:
    """A model of these nodes with the input of `graph`; only the constants they read."""
    used = {name for node in nodes for name in node.input}
    inputs = [helper.make_tensor_value_info(graph.input, onnx.TensorProto.FLOAT, graph.shape)]
    tensors = [numpy_helper.from_array(value, n) for n, value in constants.items() if n in used]
    made = helper.make_graph(nodes, "lastbit", inputs, outputs, tensors)
    opsets = [helper.make_opsetid("", graph.opset)]
    return helper.make_model(
        made, opset_imports=opsets, ir_version=graph.ir_version, producer_name="lastbit"
    )


def float_model(graph: FloatGraph, outputs: Sequence[str]) -> onnx.ModelProto:
    """The model of a graph that gives these tensors."""
    nodes = [
        helper.make_node(n.operator, n.inputs, n.outputs, n.name, **n.attributes)
        for n in graph.nodes
    ]
    infos = [helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, None) for n in outputs]
    return to_model(nodes, graph.constants, graph, infos)


def run_model(model: onnx.ModelProto, x: FloatArray, batch: int) -> Iterator[dict[str, FloatArray]]:
    """Compute the outputs of a model for `batch` samples at a time, by ONNX's reference in NumPy.

    One thread sums, so that the result does not depend on how many the machine has. Raises
    UserError if the model cannot be computed.
    """
    from onnx.reference import ReferenceEvaluator  # slow to import

    names = [info.name for info in model.graph.output]
    try:
        evaluator = ReferenceEvaluator(model)
        for rows in batches(x, batch):
            with threadpool_limits(1, "blas"), np.errstate(all="ignore"):
                found = evaluator.run(names, {model.graph.input[0].name: rows})
            yield {n: np.asarray(value) for n, value in zip(names, found, strict=True)}
    except UserError:
        raise
    except Exception as error:  # the reference raises whatever NumPy does
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UserError(f"the model cannot be computed on the data: {reason}") from error


def batches(x: FloatArray, batch: int) -> Iterator[FloatArray]:
    """Cut along the first dimension; the last piece may be shorter."""
    for start in range(0, len(x), batch):
        yield x[start : start + batch]


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
