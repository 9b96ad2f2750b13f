"""The layers of a float network: what each computes, and how a gradient goes back through it."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from flow.image_windows import cropped, padded, patches, taps
from golden.kernel_window import KernelWindow

__all__ = [
    "Add",
    "AveragePooling",
    "Convolution",
    "Depthwise",
    "Flatten",
    "FloatArray",
    "FullyConnected",
    "Layer",
    "MaxPooling",
    "Pullback",
    "Shape",
]

FloatArray = npt.NDArray[np.float32]
Shape = tuple[int, int, int]
"""Of one image: y, x, channels."""
Arrays = tuple[FloatArray, ...]
Pullback = Callable[[FloatArray], tuple[Arrays, Arrays]]
"""From the gradient of a layer's output to those of its inputs and of its parameters."""


@dataclass(frozen=True, kw_only=True)
class Layer(ABC):
    """One layer; its output is called by its name.

    Parameters
    ----------
    name : unique in the network
    inputs : the names of the layers whose outputs it takes, or `flow.network.INPUT`
    relu : whether negative outputs become 0
    """

    keeps_scale: ClassVar[bool] = False
    """Whether the output is quantized as the input is."""

    name: str
    inputs: tuple[str, ...]
    relu: bool = False

    @abstractmethod
    def output_shape(self, *inputs: Shape) -> Shape:
        """Of one image, from those of the inputs."""

    def parameter_shapes(self, *inputs: Shape) -> tuple[tuple[int, ...], ...]:
        """Of the weights and the bias; none for most layers. The last axis is the channel."""
        return ()

    @abstractmethod
    def forward(self, inputs: Arrays, parameters: Arrays) -> tuple[FloatArray, Pullback]:
        """The output for a batch, before the ReLU, and the way back."""


@dataclass(frozen=True, kw_only=True)
class Convolution(Layer):
    """Weights (kernel, kernel, channels in, channels out)."""

    channels: int
    window: KernelWindow

    def output_shape(self, *inputs: Shape) -> Shape:
        """A pixel for each window."""
        return (*self.window.output_size(inputs[0][:2]), self.channels)

    def parameter_shapes(self, *inputs: Shape) -> tuple[tuple[int, ...], ...]:
        """Weights and bias."""
        return ((*self.window.kernel, inputs[0][2], self.channels), (self.channels,))

    def forward(self, inputs: Arrays, parameters: Arrays) -> tuple[FloatArray, Pullback]:
        """One product of matrices: the windows times the weights."""
        weights, bias = parameters
        matrix = weights.reshape(-1, self.channels)
        around = padded(inputs[0], self.window)
        seen = patches(around, self.window)

        def pullback(gradient: FloatArray) -> tuple[Arrays, Arrays]:
            rows = gradient.reshape(-1, self.channels)
            of_weights = seen.reshape(len(rows), -1).T @ rows
            of_seen = (rows @ matrix.T).reshape(*gradient.shape[:3], -1, around.shape[3])
            of_around = np.zeros_like(around)
            for index, tap in enumerate(taps(of_around, self.window)):
                tap += of_seen[..., index, :]
            of_input = cropped(of_around, self.window)
            return (of_input,), (of_weights.reshape(weights.shape), rows.sum(axis=0))

        return seen @ matrix + bias, pullback


@dataclass(frozen=True, kw_only=True)
class Depthwise(Layer):
    """A convolution of each channel by itself; weights (kernel, kernel, channels)."""

    window: KernelWindow

    def output_shape(self, *inputs: Shape) -> Shape:
        """A pixel for each window."""
        return (*self.window.output_size(inputs[0][:2]), inputs[0][2])

    def parameter_shapes(self, *inputs: Shape) -> tuple[tuple[int, ...], ...]:
        """Weights and bias."""
        channels = inputs[0][2]
        return ((*self.window.kernel, channels), (channels,))

    def forward(self, inputs: Arrays, parameters: Arrays) -> tuple[FloatArray, Pullback]:
        """A sum over the pixels of the window."""
        weights, bias = parameters
        factors = weights.reshape(-1, len(bias))
        around = padded(inputs[0], self.window)
        views = taps(around, self.window)
        output = bias + views[0] * factors[0]
        for view, factor in zip(views[1:], factors[1:], strict=True):
            output += view * factor

        def pullback(gradient: FloatArray) -> tuple[Arrays, Arrays]:
            of_factors = np.stack([np.einsum("nyxc,nyxc->c", view, gradient) for view in views])
            of_around = np.zeros_like(around)
            for tap, factor in zip(taps(of_around, self.window), factors, strict=True):
                tap += gradient * factor
            of_input = cropped(of_around, self.window)
            return (of_input,), (of_factors.reshape(weights.shape), gradient.sum(axis=(0, 1, 2)))

        return output, pullback


@dataclass(frozen=True, kw_only=True)
class _Pooling(Layer):
    keeps_scale: ClassVar[bool] = True

    window: KernelWindow

    def __post_init__(self) -> None:
        if any(map(any, self.window.padding)):
            raise ValueError(f"{self.name}: a pooling must have no padding")

    def output_shape(self, *inputs: Shape) -> Shape:
        """A pixel for each window."""
        return (*self.window.output_size(inputs[0][:2]), inputs[0][2])


class MaxPooling(_Pooling):
    """The largest value of each window; the first of equals gets the gradient."""

    def forward(self, inputs: Arrays, parameters: Arrays) -> tuple[FloatArray, Pullback]:
        """A maximum over the pixels of the window."""
        views = taps(inputs[0], self.window)
        output = np.maximum.reduce(views)

        def pullback(gradient: FloatArray) -> tuple[Arrays, Arrays]:
            of_input = np.zeros_like(inputs[0])
            free = np.ones(output.shape, np.bool_)
            for view, of_view in zip(views, taps(of_input, self.window), strict=True):
                largest = (view == output) & free
                of_view += gradient * largest
                free &= ~largest
            return (of_input,), ()

        return output, pullback


class AveragePooling(_Pooling):
    """The mean of each window."""

    def forward(self, inputs: Arrays, parameters: Arrays) -> tuple[FloatArray, Pullback]:
        """A sum over the pixels of the window, divided by their number."""
        views = taps(inputs[0], self.window)
        share = inputs[0].dtype.type(1 / len(views))

        def pullback(gradient: FloatArray) -> tuple[Arrays, Arrays]:
            of_input = np.zeros_like(inputs[0])
            for of_view in taps(of_input, self.window):
                of_view += gradient * share
            return (of_input,), ()

        return np.add.reduce(views) * share, pullback


class Add(Layer):
    """The sum of two outputs of the same shape."""

    def output_shape(self, *inputs: Shape) -> Shape:
        """That of the inputs."""
        if len(inputs) != 2 or inputs[0] != inputs[1]:
            raise ValueError(f"{self.name} must have two inputs of the same shape, not {inputs}")
        return inputs[0]

    def forward(self, inputs: Arrays, parameters: Arrays) -> tuple[FloatArray, Pullback]:
        """One addition."""
        return inputs[0] + inputs[1], lambda gradient: ((gradient, gradient), ())


class Flatten(Layer):
    """The same values as one pixel (1, 1, K), channel fastest."""

    keeps_scale: ClassVar[bool] = True

    def output_shape(self, *inputs: Shape) -> Shape:
        """One pixel."""
        return (1, 1, prod(inputs[0]))

    def forward(self, inputs: Arrays, parameters: Arrays) -> tuple[FloatArray, Pullback]:
        """Another shape."""

        def pullback(gradient: FloatArray) -> tuple[Arrays, Arrays]:
            return (gradient.reshape(inputs[0].shape),), ()

        return inputs[0].reshape(len(inputs[0]), 1, 1, -1), pullback


@dataclass(frozen=True, kw_only=True)
class FullyConnected(Layer):
    """Weights (K, N), for one pixel of K channels."""

    channels: int

    def output_shape(self, *inputs: Shape) -> Shape:
        """One pixel of N channels."""
        if inputs[0][:2] != (1, 1):
            raise ValueError(f"{self.name} must have a flat input, not {inputs[0]}: flatten it")
        return (1, 1, self.channels)

    def parameter_shapes(self, *inputs: Shape) -> tuple[tuple[int, ...], ...]:
        """Weights and bias."""
        return ((inputs[0][2], self.channels), (self.channels,))

    def forward(self, inputs: Arrays, parameters: Arrays) -> tuple[FloatArray, Pullback]:
        """One product of matrices."""
        weights, bias = parameters

        def pullback(gradient: FloatArray) -> tuple[Arrays, Arrays]:
            of_weights = inputs[0][:, 0, 0].T @ gradient[:, 0, 0]
            return (gradient @ weights.T,), (of_weights, gradient.sum(axis=(0, 1, 2)))

        return inputs[0] @ weights + bias, pullback
