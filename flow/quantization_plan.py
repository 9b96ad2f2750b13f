"""Which tensors of a float graph are quantized alike, and by whose values."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from flow.onnx_float import FloatGraph, FloatNode

__all__ = ["QuantizationPlan", "activation_bounds"]

_ACTIVATIONS = frozenset({"Relu", "Clip"})
_ORDERLY = frozenset({"Flatten", "MaxPool", "Reshape"}) | _ACTIVATIONS
"""Operators that can be exchanged with a Relu or Clip behind them."""
_KEEPING = _ORDERLY | {"Concat", "Pad"}
"""Operators whose output has codes of the input, and so its scale and zero point."""


@dataclass(frozen=True, eq=False)
class QuantizationPlan:
    """The groups of tensors of a graph that have one scale and zero point.

    A tensor that a Relu or Clip bounds, and nothing else reads, has the range of what remains:
    with the zero point at the lowest code, saturation then is the Relu.
    """

    graph: FloatGraph

    @cached_property
    def group_of(self) -> Mapping[str, str]:
        """Of every tensor that is quantized, the name of the first tensor of its group."""
        first = {self.graph.input: self.graph.input}
        for node in self.graph.nodes:
            output = node.outputs[0]
            first[output] = output
            if node.operator in _KEEPING:
                for name in self._activations_read(node):
                    _unite(first, first[name], first[output])
        return first

    @cached_property
    def ranged_by(self) -> Mapping[str, tuple[str, ...]]:
        """Of every group, without probabilities, the tensors whose values decide on its range."""
        sources = [self.graph.input]
        sources += [n.outputs[0] for n in self.graph.nodes if n.operator not in _KEEPING]
        sources = [name for name in sources if name not in self.probabilities]
        found: dict[str, tuple[str, ...]] = {}
        for source in sources:
            group = self.group_of[source]
            found[group] = (*found.get(group, ()), self._bounded(source))
        return found

    @cached_property
    def probabilities(self) -> tuple[str, ...]:
        """Tensors from 0 to 1, whatever the data."""
        return tuple(n.outputs[0] for n in self.graph.nodes if n.operator == "Softmax")

    @cached_property
    def only_reader(self) -> Mapping[str, FloatNode]:
        """The node that reads a tensor, of tensors which are read once."""
        uses = self.graph.uses
        return {name: node for node in self.graph.nodes for name in node.inputs if uses[name] == 1}

    @cached_property
    def bounds(self) -> Mapping[str, tuple[float, float]]:
        """Of tensors that an only Relu or Clip will bound: what counts of them."""
        found: dict[str, tuple[float, float]] = {}
        for node in reversed(self.graph.nodes):
            before, output = node.inputs[0], node.outputs[0]
            if node.operator in _ORDERLY and before in self.only_reader:
                low, high = found.get(output, (-np.inf, np.inf))
                if node.operator in _ACTIVATIONS:
                    least, most = activation_bounds(self.graph, node).tolist()
                    low, high = max(low, least), min(high, most)
                if (low, high) != (-np.inf, np.inf):
                    found[before] = low, high
        return found

    def _bounded(self, source: str) -> str:
        """What is left of a tensor behind the Relu or Clip that bounds it, or the tensor itself."""
        found = tensor = source
        while tensor in self.only_reader and self.only_reader[tensor].operator in _ORDERLY:
            reader = self.only_reader[tensor]
            tensor = reader.outputs[0]
            if reader.operator in _ACTIVATIONS:
                found = tensor
        return found

    def _activations_read(self, node: FloatNode) -> tuple[str, ...]:
        return tuple(name for name in node.inputs if name and name not in self.graph.constants)


def activation_bounds(graph: FloatGraph, node: FloatNode) -> npt.NDArray[np.float32]:
    """The smallest and the largest value that a Relu or Clip lets through."""
    bounds = [0.0 if node.operator == "Relu" else -np.inf, np.inf]
    for i, name in enumerate(node.inputs[1:3]):
        if name:
            bounds[i] = float(graph.constants[name].reshape(()))
    return np.array(bounds, np.float32)


def _unite(first: dict[str, str], a: str, b: str) -> None:
    """Give the groups `a` and `b` the name of the one that comes first."""
    names = list(first)
    keep, other = sorted((a, b), key=names.index)
    for name, group in first.items():
        if group == other:
            first[name] = keep
