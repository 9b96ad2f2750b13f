"""A node with what it reads: arrays, tensors and quantization by position."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from golden.formats import INT8, UINT8, IntegerFormat
from golden.model import Model, Node, QuantizationParameters, Tensor

__all__ = ["NodeValues"]

_FORMATS = {np.dtype(np.int8): INT8, np.dtype(np.uint8): UINT8}


@dataclass(frozen=True, eq=False)
class NodeValues:
    """What a kernel is called with; every error is a sentence about "it", the node."""

    model: Model
    node: Node
    values: Mapping[str, npt.NDArray[Any]]

    def has(self, index: int) -> bool:
        """Whether there is an input at this position."""
        return index < len(self.node.inputs) and self.node.inputs[index] != ""

    def tensor(self, index: int) -> Tensor:
        """The tensor of an input."""
        if not self.has(index):
            raise ValueError(f"it needs input {index}")
        return self.model.tensors[self.node.inputs[index]]

    def value(self, index: int) -> npt.NDArray[Any]:
        """The array of an input."""
        return self.values[self.tensor(index).name]

    def integers(self, index: int) -> npt.NDArray[Any]:
        """The array of an input that must be int8 or uint8."""
        _format(self.tensor(index))
        return self.value(index)

    def quantization(self, index: int) -> QuantizationParameters:
        """The quantization of an input."""
        return _quantization(self.tensor(index))

    @cached_property
    def output(self) -> Tensor:
        """The tensor of the only output."""
        if len(self.node.outputs) != 1:
            raise ValueError(f"it has {len(self.node.outputs)} outputs, and 1 is known")
        return self.model.tensors[self.node.outputs[0]]

    @cached_property
    def output_quantization(self) -> QuantizationParameters:
        """The quantization of the output."""
        return _quantization(self.output)

    @cached_property
    def output_format(self) -> IntegerFormat:
        """The format of an output that must be int8 or uint8."""
        return _format(self.output)

    @cached_property
    def output_shape(self) -> tuple[int, ...]:
        """The shape of the output for as many images as the inputs have."""
        shape = self.output.shape
        for index in range(len(self.node.inputs)):
            if self.has(index) and self.tensor(index).data is None and self.tensor(index).shape:
                times = len(self.value(index)) // self.tensor(index).shape[0]
                return (shape[0] * times, *shape[1:]) if shape else shape
        return shape

    def in_vectors(self, width: int) -> npt.NDArray[np.bool_]:
        """Which elements of the output a loop over `width` elements at a time takes.

        The others are the rest that a scalar loop does, of every batch as large as the model's.
        """
        size = self.output.size
        total = math.prod(self.output_shape)
        return (np.arange(total) % size < size - size % width).reshape(self.output_shape)


def _quantization(tensor: Tensor) -> QuantizationParameters:
    if tensor.quantization is None:
        raise ValueError(f"tensor {tensor.name} must be quantized")
    return tensor.quantization


def _format(tensor: Tensor) -> IntegerFormat:
    if tensor.dtype not in _FORMATS:
        raise ValueError(f"tensor {tensor.name} must be int8 or uint8, not {tensor.dtype}")
    return _FORMATS[tensor.dtype]
