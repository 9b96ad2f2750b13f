"""A node of a deployed model as the lowering sees it, and why it may have to stay on the host."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from flow.layers import Layer
from flow.model_layout import Placement, zero_point
from golden.kernels.kernel_set import KernelSet
from golden.model import Model, Node, QuantizationParameters, Tensor
from golden.operators import Operator

__all__ = [
    "Lowered",
    "OtherArithmeticError",
    "Site",
    "StaysOnHostError",
    "quantization",
    "to_codes",
]


class StaysOnHostError(Exception):
    """The accelerator cannot compute a node; the message is the reason, a sentence about "it"."""


class OtherArithmeticError(StaysOnHostError):
    """It could, were it not for the kernel set's arithmetic."""


@dataclass(frozen=True, eq=False)
class Lowered:
    """A node as layers, the last of which writes its output; none if it only renames elements."""

    layers: Sequence[Layer]
    output: Placement


@dataclass(frozen=True, eq=False)
class Site:
    """A node, the model around it, and where the activations are that it reads, in their order."""

    model: Model
    node: Node
    kernels: KernelSet
    read: Sequence[Placement]

    @property
    def operator(self) -> Operator:
        """What it computes."""
        return self.node.operator

    @property
    def name(self) -> str:
        """Of the tensor it writes, and so of the layer."""
        return self.node.outputs[0]

    @property
    def source(self) -> Tensor:
        """The first tensor it reads."""
        return self.model.tensors[self.node.inputs[0]]

    @property
    def target(self) -> Tensor:
        """The tensor it writes."""
        return self.model.tensors[self.name]

    @property
    def zero_point(self) -> int:
        """Of the int8 codes it writes."""
        return zero_point(self.target)

    def constant(self, index: int) -> Tensor | None:
        """An input that must be constant; None if it is absent."""
        inputs = self.node.inputs
        if index >= len(inputs) or not inputs[index]:
            return None
        tensor = self.model.tensors[inputs[index]]
        if tensor.data is None:
            raise StaysOnHostError(f"its input {tensor.name} is not constant")
        return tensor

    def only_image(self) -> Placement:
        """The one tensor it reads, which must be an image."""
        (read,) = self.read
        if not read.is_image(self.model.layout) or len(self.source.shape) != 4:
            raise StaysOnHostError("its input is no image in the accelerator's order")
        return read

    def compute(
        self,
        operator: Operator,
        inputs: Sequence[npt.NDArray[Any]],
        output_shape: tuple[int, ...],
        constants: Sequence[Tensor] = (),
    ) -> npt.NDArray[Any]:
        """What the kernel set makes of other values of the same scales, as int8 codes.

        The operator is the node's or one like it. It reads `inputs`, which are int8 codes of the
        activations in the order of the node's, then `constants`.
        """
        target = self.target
        output = Tensor("output", output_shape, target.dtype, target.quantization)
        tensors = {tensor.name: tensor for tensor in (*constants, output)}
        values = {tensor.name: tensor.data for tensor in constants if tensor.data is not None}
        given: list[str] = []
        for like, codes in zip(self.node.inputs, inputs, strict=False):
            read = self.model.tensors[like]
            given.append(f"input {len(given)}")
            tensors[given[-1]] = Tensor(given[-1], codes.shape, read.dtype, read.quantization)
            values[given[-1]] = _of_codes(codes, read.dtype)
        names = (*given, *(tensor.name for tensor in constants))
        node = Node(self.node.name, operator, names, (output.name,))
        model = Model(tensors, [node], tuple(given), (output.name,), self.model.layout)
        try:
            return to_codes(self.kernels.compute(model, node, values)[output.name])
        except ValueError as error:
            raise StaysOnHostError(str(error)) from error


def quantization(tensor: Tensor) -> QuantizationParameters:
    """The scale of an int8 or uint8 tensor; StaysOnHostError if it is none."""
    if tensor.dtype not in (np.int8, np.uint8):
        raise StaysOnHostError(f"{tensor.name} is {tensor.dtype}")
    if tensor.quantization is None:
        raise StaysOnHostError(f"{tensor.name} has no scale")
    return tensor.quantization


def to_codes(values: npt.NDArray[Any]) -> npt.NDArray[np.int8]:
    """Int8 values as they are, uint8 ones less 128."""
    if values.dtype == np.uint8:
        return (values.astype(np.int16) - 128).astype(np.int8)
    return values


def _of_codes(codes: npt.NDArray[Any], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    offset = 128 if dtype == np.uint8 else 0
    return (codes.astype(np.int16) + offset).astype(dtype)
