"""A deployed model: tensors with their quantization, and the nodes that compute them.

This is what the importers of `flow` make of a file and what the kernel sets of `golden.kernels`
compute. A tensor keeps the name and the shape that it has in the file, so that it can be compared
with what a runtime prints; constants have the layout that `golden.operators` says.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt

from golden.operators import Operator

__all__ = ["Layout", "Model", "Node", "QuantizationParameters", "Tensor"]


class Layout(Enum):
    """Where the channels of an image are."""

    CHANNELS_LAST = "channels last"
    CHANNELS_FIRST = "channels first"


@dataclass(frozen=True, eq=False)
class QuantizationParameters:
    """A real value is (integer - zero point) * scale.

    Parameters
    ----------
    scales : (1,) or, per channel, (N,) float32, finite and above zero
    zero_points : as many, int64
    axis : the dimension that the N channels lie along; None per tensor
    """

    scales: npt.NDArray[np.float32]
    zero_points: npt.NDArray[np.int64]
    axis: int | None = None

    def __post_init__(self) -> None:
        scales = np.asarray(self.scales, np.float32).reshape(-1)
        zero_points = np.asarray(self.zero_points, np.int64).reshape(-1)
        if not len(scales) or not (np.isfinite(scales) & (scales > 0)).all():
            raise ValueError(f"scales must be finite and above 0, not {scales[:8].tolist()}")
        if len(zero_points) != len(scales):
            raise ValueError(f"{len(scales)} scales need as many zero points, not {zero_points}")
        if self.axis is None and len(scales) != 1:
            raise ValueError(f"one scale for the whole tensor, or an axis, not {len(scales)}")
        object.__setattr__(self, "scales", scales)
        object.__setattr__(self, "zero_points", zero_points)

    @property
    def scale(self) -> np.float32:
        """The only scale; ValueError if there are more."""
        self._only()
        return np.float32(self.scales[0])

    @property
    def zero_point(self) -> int:
        """The only zero point; ValueError if there are more."""
        self._only()
        return int(self.zero_points[0])

    def _only(self) -> None:
        if len(self.scales) != 1:
            raise ValueError(f"one scale was expected, and there are {len(self.scales)}")


@dataclass(frozen=True, eq=False)
class Tensor:
    """A tensor of a model: `data` is there if it is constant."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    quantization: QuantizationParameters | None = None
    data: npt.NDArray[Any] | None = None

    def __post_init__(self) -> None:
        if any(length < 1 for length in self.shape):
            raise ValueError(f"tensor {self.name} must have no empty dimension, not {self.shape}")
        if self.data is not None and (
            self.data.shape != self.shape or self.data.dtype != self.dtype
        ):
            raise ValueError(
                f"tensor {self.name} is {self.dtype} of shape {self.shape}, and its data are "
                f"{self.data.dtype} of {self.data.shape}"
            )

    @property
    def size(self) -> int:
        """Elements."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class Node:
    """An operator with the tensors it reads and writes; an absent input is an empty name."""

    name: str
    operator: Operator
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Model:
    """A model, checked: every node reads what is there before it.

    Parameters
    ----------
    tensors : all of them by name
    nodes : in an order in which they can be computed
    inputs, outputs : names of tensors
    layout : of every activation that is an image
    """

    tensors: Mapping[str, Tensor]
    nodes: Sequence[Node]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    layout: Layout

    def __post_init__(self) -> None:
        known = {name for name, tensor in self.tensors.items() if tensor.data is not None}
        known |= {*self.inputs, ""}
        for node in self.nodes:
            for name in node.inputs:
                if name not in known:
                    raise ValueError(f"node {node.name} reads {name}, which nothing before writes")
            for name in node.outputs:
                if name not in self.tensors:
                    raise ValueError(f"node {node.name} writes {name}, which is no tensor")
                if name in known:
                    raise ValueError(f"node {node.name} writes {name}, which is there already")
            known |= set(node.outputs)
        for name in (*self.inputs, *self.outputs):
            if name not in self.tensors or name not in known:
                raise ValueError(f"{name} is said to be an input or output and is no tensor")

    @property
    def activations(self) -> tuple[str, ...]:
        """Names of everything that nodes write, in their order."""
        return tuple(name for node in self.nodes for name in node.outputs)
