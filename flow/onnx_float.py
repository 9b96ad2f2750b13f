"""A float ONNX model as nodes and constants, computed batch by batch."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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
    "run_model",
    "to_model",
]

AnyArray = npt.NDArray[Any]
FloatArray = npt.NDArray[np.float32]


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
