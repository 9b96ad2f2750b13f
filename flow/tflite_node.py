"""What the readers of a .tflite file's operators look at: one node, its options and its tensors."""

from math import prod

import numpy as np
from tflite import ActivationFunctionType, Padding

from flow.tflite_tables import FileOperator
from flow.tflite_tensors import MAX_ELEMENTS, NodeError, Tensors, refusing
from golden.kernel_window import KernelWindow, Pair
from golden.model import Tensor
from golden.operators import Activation

__all__ = ["FileNode"]

ACTIVATIONS = {
    ActivationFunctionType.NONE: Activation.NONE,
    ActivationFunctionType.RELU: Activation.RELU,
    ActivationFunctionType.RELU6: Activation.RELU6,
    ActivationFunctionType.RELU_N1_TO_1: Activation.RELU_N1_TO_1,
}

SCALE_TOLERANCE = 1e-6
"""How far the scales of input and output may be apart where LiteRT takes them for one."""


class FileNode:
    """A node, with checks; each raises `NodeError` with what is wrong.

    Parameters
    ----------
    operator : as the file has it, its indices in range
    tensors : of the file
    """

    def __init__(self, operator: FileOperator, tensors: Tensors) -> None:
        self.operator = operator
        self.tensors = tensors

    def arity(self, least: int, most: int) -> None:
        """Check the number of inputs, and that there is one output; optional ones come last."""
        inputs, outputs = self.operator.inputs, self.operator.outputs
        if not least <= len(inputs) <= most or -1 in inputs[:least]:
            wanted = f"{least}" if least == most else f"{least} or {most}"
            raise NodeError(f"{len(inputs) - inputs.count(-1)} inputs instead of {wanted}")
        if len(outputs) != 1:
            raise NodeError(f"{len(outputs)} outputs instead of 1")

    def has_input(self, position: int) -> bool:
        """Whether an optional input is there."""
        return position < len(self.operator.inputs) and self.operator.inputs[position] != -1

    def options(self, table: str) -> None:
        """Check that the options are of the right table."""
        found = self.operator.options_table
        if found != table:
            raise NodeError(f"options of {found}, not of {table}")

    def integer(self, field: str) -> int:
        """An option."""
        return int(self.operator.options[field])

    def real(self, field: str) -> float:
        """An option."""
        return float(self.operator.options[field])

    def numbers(self, position: int) -> list[int]:
        """The integers of an input that is an argument."""
        found: list[int] = self.tensors.numbers(self.operator.inputs[position]).reshape(-1).tolist()
        return found

    def fused(self) -> Activation:
        """The activation behind the operator."""
        number = self.integer("FusedActivationFunction")
        if number not in ACTIVATIONS:
            raise NodeError(f"fused activation {number}")
        return ACTIVATIONS[number]

    def activations(self, position: int = 0) -> tuple[Tensor, Tensor]:
        """An input and the output: 8 bits, of one type."""
        read = self.tensors.activation(self.operator.inputs[position])
        written = self.tensors.activation(self.operator.outputs[0])
        if read.dtype != written.dtype:
            raise NodeError(f"{read.dtype} to {written.dtype}")
        return read, written

    def copied(self, position: int = 0) -> tuple[Tensor, Tensor]:
        """An input and the output of an operator that moves elements as they are."""
        read = self.tensors.any(self.operator.inputs[position])
        if read.dtype == np.float32:
            written = self.tensors.any(self.operator.outputs[0])
            if written.dtype != np.float32:
                raise NodeError(f"{read.dtype} to {written.dtype}")
            return read, written
        read, written = self.activations(position)
        self.same_quantization(read, written)
        return read, written

    def same_quantization(self, read: Tensor, written: Tensor) -> None:
        """Check that integers mean the same in the input and in the output."""
        a, b = read.quantization, written.quantization
        if a is None or b is None or a.axis is not None or b.axis is not None:
            raise NodeError("not quantized: there is no scale")
        apart = abs(float(a.scale) - float(b.scale)) > SCALE_TOLERANCE
        if apart or a.zero_point != b.zero_point:
            raise NodeError("input and output of different scale or zero point")

    def shape(self, written: Tensor, shape: tuple[int, ...]) -> None:
        """Check the shape of an output."""
        if written.shape != shape:
            raise NodeError(f"an output of shape {written.shape} instead of {shape}")

    def window(self, read: Tensor, written: Tensor, kernel: Pair, channels: int) -> KernelWindow:
        """The window that the options say; checks the shape of the output."""
        if len(read.shape) != 4:
            raise NodeError(f"an image of shape {read.shape}")
        batch, height, width, _ = read.shape
        stride = self.integer("StrideH"), self.integer("StrideW")
        dilation = (1, 1)
        if "DilationHFactor" in self.operator.options:
            dilation = self.integer("DilationHFactor"), self.integer("DilationWFactor")
        padding = self.integer("Padding")
        with refusing():
            window = KernelWindow(kernel, stride, dilation)
            if padding == Padding.SAME:
                window = KernelWindow.same(kernel, (height, width), stride, dilation)
            elif padding != Padding.VALID:
                raise NodeError(f"padding {padding}")
            size = window.output_size((height, width))
        (top, bottom), (left, right) = window.padding
        padded = (batch, height + top + bottom, width + left + right, read.shape[3])
        if prod(padded) > MAX_ELEMENTS:
            raise NodeError(f"an image of {prod(padded)} elements with padding")
        self.shape(written, (batch, *size, channels))
        return window
