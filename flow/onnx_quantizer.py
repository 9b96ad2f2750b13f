"""From a float graph and its quantizations to an ONNX model with QuantizeLinear, DequantizeLinear.

Every tensor between two operators goes through a pair of QuantizeLinear and DequantizeLinear, and
weights and biases are integers behind a DequantizeLinear: a runtime fuses the pairs around an
operator into its integer kernel.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import onnx
from onnx import helper

from flow.errors import UserError
from flow.onnx_float import AnyArray, FloatGraph, FloatNode, to_model
from flow.quantization_plan import QuantizationPlan, activation_bounds
from flow.weight_quantization import LayerCodes, WeightSettings, quantize_layer
from golden.quantization import Quantization
from golden.quantize import quantize

__all__ = ["QuantizedModel", "quantize_graph"]

QUANTIZED = "_quantized"
DEQUANTIZED = "_dequantized"


@dataclass(frozen=True, eq=False)
class QuantizedModel:
    """A model of integers, and what they stand for.

    Parameters
    ----------
    model : the ONNX model
    tensors : the quantization of every tensor that has one, by its name in the float graph
    layers : the integers of every layer with weights, by the name of its output
    nodes : those that compute on integers, without the activations that saturation replaces
    """

    model: onnx.ModelProto
    tensors: Mapping[str, Quantization]
    layers: Mapping[str, LayerCodes]
    nodes: tuple[FloatNode, ...]

    @property
    def bytes(self) -> bytes:
        """The file, the same for the same model."""
        return bytes(self.model.SerializeToString(deterministic=True))

    @staticmethod
    def codes_of(name: str) -> str:
        """What the integers of a tensor are called in the model."""
        return name + QUANTIZED


def quantize_graph(
    plan: QuantizationPlan, groups: Mapping[str, Quantization], settings: WeightSettings
) -> QuantizedModel:
    """Quantize a graph with the quantizations of the plan's groups.

    A Relu or Clip goes where saturation does the same; else it stays an operator of its own on
    codes. Raises UserError for a layer whose accumulator could overflow.
    """
    nodes = _without_saturating(plan, groups)
    tensors = {name: groups[plan.group_of[name]] for name in _tensors(plan.graph, nodes)}
    writer = _Writer(plan.graph, tensors, settings)
    writer.quantize(plan.graph.input, plan.graph.input)
    for node in nodes:
        writer.add(node)
    model = to_model(writer.nodes, writer.constants, plan.graph, plan.graph.output_infos)
    return QuantizedModel(model, tensors, writer.layers, nodes)


def _tensors(graph: FloatGraph, nodes: Iterable[FloatNode]) -> tuple[str, ...]:
    return (graph.input, *(node.outputs[0] for node in nodes))


def _without_saturating(
    plan: QuantizationPlan, groups: Mapping[str, Quantization]
) -> tuple[FloatNode, ...]:
    """Leave out what saturation does; the tensor before takes the name of the one behind."""
    made: dict[str, FloatNode] = {}
    for node in plan.graph.nodes:
        before, output = node.inputs[0], node.outputs[0]
        is_replaced = (
            node.operator in ("Relu", "Clip")
            and _saturates(plan.graph, node, groups[plan.group_of[output]])
            and before in made
            and before in plan.only_reader
        )
        if is_replaced:
            made[output] = replace(made.pop(before), outputs=(output,))
        else:
            made[output] = node
    return tuple(made.values())


def _saturates(graph: FloatGraph, node: FloatNode, q: Quantization) -> bool:
    """Whether the bounds have the lowest and the highest code."""
    low, high = quantize(activation_bounds(graph, node), q).tolist()
    return (low, high) == (q.low, q.high)


class _Writer:
    """Collects the nodes and constants of the quantized model."""

    def __init__(
        self, graph: FloatGraph, tensors: Mapping[str, Quantization], settings: WeightSettings
    ) -> None:
        self.graph, self.tensors, self.settings = graph, tensors, settings
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, AnyArray] = {}
        self.layers: dict[str, LayerCodes] = {}

    def add(self, node: FloatNode) -> None:
        """An operator between its pairs."""
        output = node.outputs[0]
        reads = [self._read(name) for name in node.inputs]
        if node.operator in ("Conv", "Gemm"):
            reads[1:] = self._parameters(node)
        is_output = output in self.graph.outputs
        written = f"{output}_float" if is_output else output
        self._node(node.operator, node.name, reads, written, node.attributes)
        self.quantize(output, written)

    def quantize(self, name: str, written: str) -> None:
        """The pair behind a tensor."""
        q = self.tensors[name]
        scale, zero = f"{name}_scale", f"{name}_zero_point"
        self._hold(scale, q.scale)
        self._hold(zero, q.zero_point.astype(q.format.dtype))
        codes = QuantizedModel.codes_of(name)
        self._node("QuantizeLinear", f"{name}_QuantizeLinear", (written, scale, zero), codes)
        restored = self._restored(name)
        self._node("DequantizeLinear", f"{name}_DequantizeLinear", (codes, scale, zero), restored)

    def _read(self, name: str) -> str:
        if name in self.graph.constants:
            self._hold(name, self.graph.constants[name])
        return self._restored(name) if name in self.tensors else name

    def _restored(self, name: str) -> str:
        is_output = name in self.graph.outputs and name != self.graph.input
        return name if is_output else name + DEQUANTIZED

    def _parameters(self, node: FloatNode) -> list[str]:
        axis = 0 if node.operator == "Conv" else 1
        constants = self.graph.constants
        bias = constants[node.input(2)] if node.input(2) else None
        activation = self.tensors[node.inputs[0]]
        codes = quantize_layer(
            node.name, constants[node.inputs[1]], bias, axis, activation, self.settings
        )
        output = node.outputs[0]
        self.layers[output] = codes
        q = codes.quantization
        zero = q.zero_point.astype(np.int8)
        names = [self._constant(f"{output}_weights", codes.weights, q.scale, zero, q.axis)]
        if codes.bias is not None:
            zero = zero.astype(np.int32)
            along = None if q.axis is None else 0
            names.append(
                self._constant(f"{output}_bias", codes.bias, codes.bias_scale, zero, along)
            )
        return names

    def _constant(
        self, name: str, codes: AnyArray, scale: AnyArray, zero: AnyArray, axis: int | None
    ) -> str:
        """Constant codes behind a DequantizeLinear; the name of what it gives."""
        parts = {"_quantized": codes, "_scale": scale, "_zero_point": zero}
        for end, value in parts.items():
            self._hold(name + end, value)
        attributes = {} if axis is None else {"axis": axis}
        inputs = [name + end for end in parts]
        restored = name + DEQUANTIZED
        self._node("DequantizeLinear", f"{name}_DequantizeLinear", inputs, restored, attributes)
        return restored

    def _hold(self, name: str, value: AnyArray) -> None:
        held = self.constants.setdefault(name, np.asarray(value))
        if held is not value and not np.array_equal(held, value):
            raise UserError(f"the model has a constant {name}, which is wanted here; rename it")

    def _node(
        self,
        operator: str,
        name: str,
        inputs: Iterable[str],
        output: str,
        attributes: Mapping[str, Any] | None = None,
    ) -> None:
        node = helper.make_node(operator, list(inputs), [output], name, **(attributes or {}))
        self.nodes.append(node)
