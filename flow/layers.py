"""The layers of an int8 network.

A tensor is int8 with the shape (batch, height, width, channels) and stands for (code - zero point)
times a scale that is of no concern here. A layer reads tensors by name and writes one of its own
name. Its requantization has the plain bias, without the input's zero point.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from golden.formats import INT8
from golden.kernel_window import KernelWindow, Pair
from golden.requantize import Requantization
from golden.residual import check_multipliers

__all__ = [
    "AveragePool",
    "Conv2d",
    "DepthwiseConv2d",
    "Flatten",
    "FullyConnected",
    "GlobalAveragePool",
    "Layer",
    "MaxPool",
    "ResidualAdd",
    "Shape",
    "TensorType",
]

Int8Array = npt.NDArray[np.int8]
Shape = tuple[int, int, int, int]


@dataclass(frozen=True)
class TensorType:
    """Shape (batch, height, width, channels) and zero point of a tensor."""

    shape: Shape
    zero_point: int = 0

    def __post_init__(self) -> None:
        if len(self.shape) != 4 or min(self.shape) < 1:
            raise ValueError(
                f"a shape must be (batch, height, width, channels), at least 1, not {self.shape}"
            )
        if not INT8.min <= self.zero_point <= INT8.max:
            raise ValueError(f"zero point must be from -128 to 127, not {self.zero_point}")

    @property
    def bytes(self) -> int:
        """Its size."""
        batch, height, width, channels = self.shape
        return batch * height * width * channels


class Layer(Protocol):
    """What all layers have."""

    @property
    def name(self) -> str:
        """Name of the layer and of what it writes."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the tensors it reads."""

    def output(self, types: Sequence[TensorType]) -> TensorType:
        """The type of what it writes, from those of its inputs; ValueError if they do not suit."""


@dataclass(frozen=True, eq=False)
class _OneInput:
    name: str
    input: str

    @property
    def inputs(self) -> tuple[str, ...]:
        """The one tensor it reads."""
        return (self.input,)


@dataclass(frozen=True, eq=False)
class Conv2d(_OneInput):
    """Convolution: weights (kernel rows, kernel columns, input channels, output channels)."""

    weights: Int8Array
    requantization: Requantization
    window: KernelWindow

    def output(self, types: Sequence[TensorType]) -> TensorType:
        """Check the kernel against the input."""
        batch, height, width, channels = types[0].shape
        _check_weights(self.weights, (*self.window.kernel, channels, None))
        _check_channels(self.requantization, self.weights.shape[3])
        size = self.window.output_size((height, width))
        return _written(self.requantization, (batch, *size, self.weights.shape[3]))


@dataclass(frozen=True, eq=False)
class DepthwiseConv2d(_OneInput):
    """A kernel for each channel: weights (kernel rows, kernel columns, channels, multiplier).

    Output channel c * multiplier + m is that of input channel c and weights (..., c, m).
    """

    weights: Int8Array
    requantization: Requantization
    window: KernelWindow

    def output(self, types: Sequence[TensorType]) -> TensorType:
        """Check the kernel against the input."""
        batch, height, width, channels = types[0].shape
        _check_weights(self.weights, (*self.window.kernel, channels, None))
        outputs = channels * self.weights.shape[3]
        _check_channels(self.requantization, outputs)
        size = self.window.output_size((height, width))
        return _written(self.requantization, (batch, *size, outputs))


@dataclass(frozen=True, eq=False)
class FullyConnected(_OneInput):
    """A matrix product: weights (K, N), input (batch, 1, 1, K)."""

    weights: Int8Array
    requantization: Requantization

    def output(self, types: Sequence[TensorType]) -> TensorType:
        """Check the weights against the input."""
        batch, height, width, channels = types[0].shape
        if (height, width) != (1, 1):
            raise ValueError(f"its input must be flat, not {height} x {width}: flatten it before")
        _check_weights(self.weights, (channels, None))
        _check_channels(self.requantization, self.weights.shape[1])
        return _written(self.requantization, (batch, 1, 1, self.weights.shape[1]))


@dataclass(frozen=True, eq=False)
class AveragePool(_OneInput):
    """The requantized sum of (code - zero point) over a window; padding counts as zeros.

    The average is in the requantization's scale: that of the input over that of the output, over
    the elements of the kernel. `zero_point` is what the output's codes stand for, by default that
    of the requantization: where the mean of the codes themselves is rounded, that is 0.
    """

    requantization: Requantization
    window: KernelWindow
    zero_point: int | None = None

    def output(self, types: Sequence[TensorType]) -> TensorType:
        """Check the kernel against the input."""
        batch, height, width, channels = types[0].shape
        _check_channels(self.requantization, channels)
        size = self.window.output_size((height, width))
        written = _written(self.requantization, (batch, *size, channels))
        if self.zero_point is None:
            return written
        return TensorType(written.shape, self.zero_point)


@dataclass(frozen=True, eq=False)
class GlobalAveragePool(_OneInput):
    """`AveragePool` over the whole image."""

    requantization: Requantization

    def output(self, types: Sequence[TensorType]) -> TensorType:
        """One element a channel."""
        return self.pool(types[0]).output(types)

    def pool(self, read: TensorType) -> AveragePool:
        """The pooling that it is for an input of this type."""
        _, height, width, _ = read.shape
        return AveragePool(
            self.name, self.input, self.requantization, KernelWindow((height, width))
        )


@dataclass(frozen=True, eq=False)
class MaxPool(_OneInput):
    """The largest code of a window; padding is the smallest code. Quantization stays as it was."""

    window: KernelWindow

    def output(self, types: Sequence[TensorType]) -> TensorType:
        """Check the kernel against the input."""
        batch, height, width, channels = types[0].shape
        size = self.window.output_size((height, width))
        return TensorType((batch, *size, channels), types[0].zero_point)


@dataclass(frozen=True, eq=False)
class ResidualAdd:
    """The sum of two tensors of one shape by the rule of `golden.residual`."""

    name: str
    inputs: tuple[str, str]
    multipliers: Pair
    requantization: Requantization

    def output(self, types: Sequence[TensorType]) -> TensorType:
        """Check that the shapes are equal."""
        if types[0].shape != types[1].shape:
            raise ValueError(
                f"its inputs must have one shape, not {types[0].shape} and {types[1].shape}"
            )
        check_multipliers(self.multipliers)
        if self.requantization.channels != 1:
            raise ValueError(
                f"its requantization must have 1 channel, not {self.requantization.channels}"
            )
        return _written(self.requantization, types[0].shape)


@dataclass(frozen=True, eq=False)
class Flatten(_OneInput):
    """The same bytes as (batch, 1, 1, height * width * channels)."""

    def output(self, types: Sequence[TensorType]) -> TensorType:
        """The flat shape."""
        batch, height, width, channels = types[0].shape
        return TensorType((batch, 1, 1, height * width * channels), types[0].zero_point)


def _written(requantization: Requantization, shape: Shape) -> TensorType:
    if requantization.out != INT8:
        raise ValueError(f"its output must be int8, not {requantization.out}")
    return TensorType(shape, requantization.zero_point)


def _check_weights(weights: npt.NDArray[Any], shape: tuple[int | None, ...]) -> None:
    if weights.dtype != np.int8:
        raise TypeError(f"its weights must be int8, not {weights.dtype}")
    fits = len(shape) == weights.ndim and all(
        wanted in (None, found) for wanted, found in zip(shape, weights.shape, strict=True)
    )
    if not fits or 0 in weights.shape:
        wanted = ", ".join("any" if length is None else str(length) for length in shape)
        raise ValueError(f"its weights must have the shape ({wanted}), not {weights.shape}")


def _check_channels(requantization: Requantization, channels: int) -> None:
    if requantization.channels not in (1, channels):
        raise ValueError(
            f"its requantization must have {channels} channels or 1, not {requantization.channels}"
        )
