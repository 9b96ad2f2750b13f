"""The model that an ONNX graph becomes, while it grows node by node."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from flow.onnx_arrays import Array, BadModelError, check_shape
from flow.onnx_graph import OnnxGraph
from flow.onnx_node import OnnxNode
from flow.onnx_values import (
    Constant,
    Dequantized,
    Integers,
    Pending,
    Quantization,
    RefusedError,
    Slot,
    Step,
    Unknown,
    UnknownError,
    Value,
    Weights,
)
from flow.unsupported import shown
from golden.model import QuantizationParameters
from golden.operators import Clamp, Operator

__all__ = ["Network"]


class Network:
    """Values by the name that they have in the graph, and the nodes of the model so far.

    Parameters
    ----------
    graph
        Whose constants are there from the start.
    folded_elements
        So many elements may be computed from constants, or copied: a short file can ask for more
        than fits in memory.
    """

    def __init__(self, graph: OnnxGraph, folded_elements: int) -> None:
        self.graph = graph
        self.steps: list[Step] = []
        self._values: dict[str, Value] = {
            name: Constant(name, array) for name, array in graph.constants.items()
        }
        self._budget = folded_elements
        self._names = set(graph.names)
        self._numbers: Counter[str] = Counter()
        self._constants: dict[tuple[object, ...], Slot] = {}
        self._taken: set[str] = set()

    def __getitem__(self, name: str) -> Value:
        if name in self.graph.foreign:
            raise RefusedError(self.graph.foreign[name])
        value = self._values[name]
        if isinstance(value, Unknown):
            raise UnknownError
        return value

    def __setitem__(self, name: str, value: Value) -> None:
        self._values[name] = value

    def required(self, node: OnnxNode, index: int) -> Value:
        """Value of an input that must be there."""
        return self[self.required_name(node, index)]

    def required_name(self, node: OnnxNode, index: int) -> str:
        """Name of an input that must be there."""
        name = node.input(index)
        if not name:
            raise BadModelError(f"{node} must have an input {index}")
        return name

    def constant(self, node: OnnxNode, index: int) -> Array | None:
        """Elements of an input that must be constant; None if it is absent."""
        if not node.input(index):
            return None
        value = self[node.input(index)]
        if not isinstance(value, Constant):
            raise RefusedError(f"its input {index} is not constant")
        return value.array

    def lengths(self, node: OnnxNode, index: int) -> tuple[int, ...] | None:
        """Integers of an input that must be a constant list of them; None if it is absent."""
        array = self.constant(node, index)
        if array is None:
            return None
        if array.dtype != np.int64 or array.ndim > 1 or array.size > 16:
            raise BadModelError(f"input {index} of {node} must be a list of INT64")
        return tuple(int(value) for value in array.reshape(-1))

    def activation(self, node: OnnxNode, index: int, *, constant: bool = False) -> Slot:
        """The integers behind an input of real numbers; a `constant` may be allowed."""
        name = self.required_name(node, index)
        match self[name]:
            case Dequantized(clipped=True):
                raise RefusedError(f"its input {shown(name)} is clipped and not quantized again")
            case Dequantized(slot):
                return slot
            case Weights() as weights if constant:
                return self.stored(weights)
            case Weights() | Constant():
                raise RefusedError(f"its input {shown(name)} is constant")
            case Pending(other):
                raise RefusedError("its result is not quantized", other)
            case Integers():
                raise BadModelError(f"{node} reads integers where real numbers belong")
            case _:
                raise RefusedError(f"it reads real numbers, {shown(name)}; quantize them")

    def weights(self, node: OnnxNode, index: int) -> Weights:
        """An input of constant real numbers that integers stand for."""
        match self.required(node, index):
            case Weights() as weights:
                return weights
            case Constant():
                raise RefusedError("its weights are not quantized")
            case _:
                raise RefusedError("its weights are not constant")

    def stored(
        self,
        weights: Weights,
        form: tuple[object, ...] = (),
        arrange: Callable[[], Weights] | None = None,
    ) -> Slot:
        """The tensor of constant integers, which `arrange` puts into the form that `form` names.

        Constants that nodes share in the same form are one tensor.
        """
        p = weights.parameters
        self.spend(len(p.scales))
        key = (weights.name, p.scales.tobytes(), p.zero_points.tobytes(), p.axis, *form)
        if key not in self._constants:
            found = arrange() if arrange else weights
            self.count(found.array)
            self._constants[key] = Slot(
                self._constant_name(weights.name),
                found.array.shape,
                found.array.dtype,
                Quantization(found.parameters),
                np.array(found.array, order="C"),
            )
        return self._constants[key]

    def _constant_name(self, name: str) -> str:
        if name not in self._taken:
            self._taken.add(name)
            return name
        return self.fresh(name)

    def count(self, array: Array) -> Array:
        """An array made of constants, counted."""
        self.spend(array.size)
        return array

    def spend(self, elements: int) -> None:
        """Count elements that are computed."""
        self._budget -= elements + 1
        if self._budget < 0:
            raise BadModelError("its constants grow too much when they are computed")

    def fresh(self, name: str) -> str:
        """A name that no tensor has, after one that there is."""
        base = name = f"{name}_quantized"
        while name in self._names:
            self._numbers[base] += 1
            name = f"{base}_{self._numbers[base]}"
        self._names.add(name)
        return name

    def add(
        self, node: OnnxNode, operator: Operator, inputs: Sequence[Slot | None], output: Slot
    ) -> Slot:
        """Append a node, which writes `output`."""
        check_shape(output.shape, output.name)
        if 0 in output.shape:
            raise RefusedError(f"its output has no elements: its shape is {list(output.shape)}")
        self.steps.append(Step(node.name, operator, tuple(inputs), output))
        return output

    def pending(
        self,
        node: OnnxNode,
        operator: Operator,
        inputs: Sequence[Slot | None],
        shape: tuple[int, ...],
    ) -> Pending:
        """The result of an operator, for a quantization to come."""
        check_shape(shape, node.output)
        if 0 in shape:
            raise RefusedError(f"its output has no elements: its shape is {list(shape)}")
        return Pending(node, operator, tuple(inputs), shape)

    def only_reader(self, pending: Pending, name: str) -> None:
        """Check that a pending result is read once: else runtimes compute it on real numbers.

        It may be read more often if it is but clipped: then both ways are the same.
        """
        if isinstance(pending.operator, Clamp):
            return
        if self.graph.readers.get(name, 0) != 1:
            raise RefusedError(
                "its result is read more than once before it is quantized", pending.node
            )


def with_parameters(slot: Slot, parameters: QuantizationParameters) -> Slot:
    """The tensor, whose integers a node reads by `parameters`.

    Raises RefusedError if other nodes write or read them otherwise.
    """
    known = slot.quantization.parameters
    if known is None:
        slot.quantization.parameters = parameters
    elif not same_parameters(known, parameters):
        raise RefusedError(
            f"it reads {shown(slot.name)} by another scale or zero point than other nodes"
        )
    return slot


def same_parameters(a: QuantizationParameters, b: QuantizationParameters) -> bool:
    """Whether the same integers stand for the same numbers."""
    return (
        a.axis == b.axis
        and np.array_equal(a.scales, b.scales)
        and np.array_equal(a.zero_points, b.zero_points)
    )


def with_bounds(pending: Pending, low: float, high: float) -> Pending:
    """A pending result, clipped once more."""
    bounds = (min(max(bound, low), high) for bound in pending.bounds)
    return replace(pending, bounds=(next(bounds), next(bounds)))
