"""What a kernel set is: a runtime's way to compute each operator on integers.

A kernel set computes a node from arrays to arrays. Each has a name that `lastbit` takes on the
command line, and each is checked against the runtime it is named after.
"""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from golden.model import Model, Node

__all__ = ["KernelSet", "Values", "evaluate"]

Values = dict[str, npt.NDArray[Any]]
"""Arrays by the name of their tensor."""


class KernelSet(Protocol):
    """A runtime's kernels."""

    @property
    def name(self) -> str:
        """As on the command line."""

    def compute(self, model: Model, node: Node, values: Mapping[str, npt.NDArray[Any]]) -> Values:
        """What a node writes. ValueError, in a sentence about "it", if there is no such kernel."""


def evaluate(model: Model, inputs: Mapping[str, npt.NDArray[Any]], kernels: KernelSet) -> Values:
    """Compute every tensor of a model; constants included.

    Inputs have the dtype and the shape of their tensors, but may have any number of images: the
    first dimension of the input, and then of every activation, may be a multiple of the model's.

    Raises ValueError for an input that does not suit or a node that has no kernel; it names them.
    """
    values: Values = {
        name: tensor.data for name, tensor in model.tensors.items() if tensor.data is not None
    }
    for name in model.inputs:
        values[name] = _checked(model, name, inputs)
    for node in model.nodes:
        try:
            values.update(kernels.compute(model, node, values))
        except ValueError as error:
            raise ValueError(f"node {node.name}: {error}") from error
    return values


def _checked(model: Model, name: str, inputs: Mapping[str, npt.NDArray[Any]]) -> npt.NDArray[Any]:
    tensor = model.tensors[name]
    if name not in inputs:
        raise ValueError(f"input {name} is missing")
    value = np.asarray(inputs[name])
    fits = (
        value.dtype == tensor.dtype
        and value.ndim == len(tensor.shape)
        and value.shape[1:] == tensor.shape[1:]
        and (value.ndim == 0 or (len(value) > 0 and len(value) % tensor.shape[0] == 0))
    )
    if not fits:
        raise ValueError(
            f"input {name} must be {tensor.dtype} of shape {tensor.shape}, or of a multiple of "
            f"its first dimension, not {value.dtype} of {value.shape}"
        )
    return value
