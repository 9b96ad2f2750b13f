"""Where two kernel sets compute a deployed model differently: layer by layer, and in the answer."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from golden.compare import Comparison, compare
from golden.kernels.kernel_set import KernelSet, Values, evaluate
from golden.model import Model, Node

__all__ = ["Answer", "Explanation", "LayerDifference", "explain", "largest"]


@dataclass(frozen=True)
class LayerDifference:
    """What two kernel sets make of a tensor that a node writes.

    Parameters
    ----------
    node : that writes it
    tensor : its name
    alone : when both read the same, what the first set computed
    propagated : when each reads what it has computed itself
    """

    node: Node
    tensor: str
    alone: Comparison
    propagated: Comparison


@dataclass(frozen=True)
class Answer:
    """An output of the model: in how many images another element is the largest."""

    tensor: str
    images: int
    changed: int


@dataclass(frozen=True)
class Explanation:
    """The differences between two kernel sets on a model and inputs."""

    names: tuple[str, str]
    layers: Sequence[LayerDifference]
    answers: Sequence[Answer]

    @property
    def equal(self) -> bool:
        """Whether no element of any layer differs."""
        return all(layer.propagated.equal and layer.alone.equal for layer in self.layers)


def explain(model: Model, inputs: Values, first: KernelSet, second: KernelSet) -> Explanation:
    """Compute a model by two kernel sets, whole and node by node.

    Raises ValueError for an input that does not suit or a node that a set has no kernel for.
    """
    expected = evaluate(model, inputs, first)
    actual = evaluate(model, inputs, second)
    layers = []
    for node in model.nodes:
        alone = second.compute(model, node, expected)
        layers += [
            LayerDifference(
                node,
                name,
                compare(alone[name], expected[name]),
                compare(actual[name], expected[name]),
            )
            for name in node.outputs
        ]
    answers = [
        _answer(name, expected[name], actual[name])
        for name in model.outputs
        if model.tensors[name].data is None and model.tensors[name].shape
    ]
    return Explanation((first.name, second.name), layers, answers)


def largest(comparison: Comparison) -> float | int:
    """The largest distance of two elements, as a number: 0 if all are equal."""
    difference = comparison.largest
    if difference is None:
        return math.nan if comparison.nan_count else 0
    return abs(difference.actual - difference.expected)


def _answer(name: str, expected: npt.NDArray[Any], actual: npt.NDArray[Any]) -> Answer:
    images = len(expected)
    before = expected.reshape(images, -1).argmax(axis=1)
    after = actual.reshape(images, -1).argmax(axis=1)
    return Answer(name, images, int(np.count_nonzero(before != after)))
