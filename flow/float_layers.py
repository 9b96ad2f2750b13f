"""The layers of a float network: what each computes, and how a gradient goes back through it."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from math import prod

import numpy as np

from flow.window import FloatArray, Shape, Window

__all__ = [
    "Add",
    "AveragePooling",
    "Convolution",
    "Depthwise",
    "FullyConnected",
    "Layer",
    "MaxPooling",
    "Pullback",
]

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

    name: str
    inputs: tuple[str, ...]
    relu: bool = False

    @abstractmethod
    def output_shape(self, *inputs: Shape) -> Shape:
        """Of one image, from those of the inputs."""

    def parameter_shapes(self, *inputs: Shape) -> tuple[Shape, ...]:
        """Of the weights and the bias; none for most layers. The last axis is the channel."""
        return ()

    @abstractmethod
    def forward(self, inputs: Arrays, parameters: Arrays) -> tuple[FloatArray, Pullback]:
        """The output for a batch, before the ReLU, and the way back."""


@dataclass(frozen=True, kw_only=True)
class Convolution(Layer):
    """Weights (kernel, kernel, channels in, channels out)."""

    channels: int
    window: Window

    def output_shape(self, *inputs: Shape) -> Shape:
        """A pixel for each window."""
        return (*self.window.places(inputs[0]), self.channels)

    def parameter_shapes(self, *inputs: Shape) -> tuple[Shape, ...]:
        """Weights and bias."""
        kernel = self.window.kernel
        return ((kernel, kernel, inputs[0][2], self.channels), (self.channels,))

    def forward(self, inputs: Arrays, parameters: Arrays) -> tuple[FloatArray, Pullback]:
        """One product of matrices: the windows times the weights."""
        weights, bias = parameters
        matrix = weights.reshape(-1, self.channels)
        padded = self.window.padded(inputs[0])
        patches = self.window.patches(padded)

        def pullback(gradient: FloatArray) -> tuple[Arrays, Arrays]:
            rows = gradient.reshape(-1, self.channels)
            of_weights = patches.reshape(len(rows), -1).T @ rows
            of_patches = (rows @ matrix.T).reshape(*gradient.shape[:3], -1, padded.shape[3])
            of_padded = np.zeros_like(padded)
            for index, tap in enumerate(self.window.taps(of_padded)):
                tap += of_patches[..., index, :]
            of_input = self.window.cropped(of_padded)
            return (of_input,), (of_weights.reshape(weights.shape), rows.sum(axis=0))

        return patches @ matrix + bias, pullback


@dataclass(frozen=True, kw_only=True)
class Depthwise(Layer):
    """A convolution of each channel by itself; weights (kernel, kernel, channels)."""

    window: Window

    def output_shape(self, *inputs: Shape) -> Shape:
        """A pixel for each window."""
        return (*self.window.places(inputs[0]), inputs[0][2])

    def parameter_shapes(self, *inputs: Shape) -> tuple[Shape, ...]:
        """Weights and bias."""
        channels = inputs[0][2]
        return ((self.window.kernel, self.window.kernel, channels), (channels,))

    def forward(self, inputs: Arrays, parameters: Arrays) -> tuple[FloatArray, Pullback]:
        """A sum over the pixels of the window."""
        weights, bias = parameters
        factors = weights.reshape(-1, len(bias))
        padded = self.window.padded(inputs[0])
        taps = self.window.taps(padded)
        output = bias + taps[0] * factors[0]
        for tap, factor in zip(taps[1:], factors[1:], strict=True):
            output += tap * factor

        def pullback(gradient: FloatArray) -> tuple[Arrays, Arrays]:
            of_factors = np.stack([np.einsum("nyxc,nyxc->c", tap, gradient) for tap in taps])
            of_padded = np.zeros_like(padded)
            for tap, factor in zip(self.window.taps(of_padded), factors, strict=True):
                tap += gradient * factor
            of_input = self.window.cropped(of_padded)
            return (of_input,), (of_factors.reshape(weights.shape), gradient.sum(axis=(0, 1, 2)))

        return output, pullback


@dataclass(frozen=True, kw_only=True)
class _Pooling(Layer):
    window: Window

    def __post_init__(self) -> None:
        if self.window.padding:
            raise ValueError(f"{self.name}: a pooling must have no padding")

    def output_shape(self, *inputs: Shape) -> Shape:
        """A pixel for each window."""
        return (*self.window.places(inputs[0]), inputs[0][2])


class MaxPooling(_Pooling):
    """The largest value of each window; the first of equals gets the gradient."""

    def forward(self, inputs: Arrays, parameters: Arrays) -> tuple[FloatArray, Pullback]:
        """A maximum over the pixels of the window."""
        taps = self.window.taps(inputs[0])
        output = np.maximum.reduce(taps)

        def pullback(gradient: FloatArray) -> tuple[Arrays, Arrays]:
            of_input = np.zeros_like(inputs[0])
            free = np.ones(output.shape, np.bool_)
            for tap, of_tap in zip(taps, self.window.taps(of_input), strict=True):
                largest = (tap == output) & free
                of_tap += gradient * largest
                free &= ~largest
            return (of_input,), ()

        return output, pullback


class AveragePooling(_Pooling):
    """The mean of each window."""

    def forward(self, inputs: Arrays, parameters: Arrays) -> tuple[FloatArray, Pullback]:
        """A sum over the pixels of the window, divided by their number."""
        taps = self.window.taps(inputs[0])
        share = inputs[0].dtype.type(1 / len(taps))

        def pullback(gradient: FloatArray) -> tuple[Arrays, Arrays]:
            of_input = np.zeros_like(inputs[0])
            for of_tap in self.window.taps(of_input):
                of_tap += gradient * share
            return (of_input,), ()

        return np.add.reduce(taps) * share, pullback


class Add(Layer):
    """The sum of two outputs of the same shape."""

    def output_shape(self, *inputs: Shape) -> Shape:
        """That of the inputs."""
        if len(inputs) != 2 or inputs[0] != inputs[1]:
            raise ValueError(f"{self.name} must have two inputs of the same shape, not {inputs}")
        return inputs[0]

    def forward(self, inputs: Arrays, parameters: Arrays) -> tuple[FloatArray, Pullback]:
        """One addition."""

        def pullback(gradient: FloatArray) -> tuple[Arrays, Arrays]:
            return (gradient, gradient), ()

        return inputs[0] + inputs[1], pullback


@dataclass(frozen=True, kw_only=True)
class FullyConnected(Layer):
    """Weights (K, N); an image of any shape is flattened, channel fastest."""

    channels: int

    def output_shape(self, *inputs: Shape) -> Shape:
        """N."""
        return (self.channels,)

    def parameter_shapes(self, *inputs: Shape) -> tuple[Shape, ...]:
        """Weights and bias."""
        return ((prod(inputs[0]), self.channels), (self.channels,))

    def forward(self, inputs: Arrays, parameters: Arrays) -> tuple[FloatArray, Pullback]:
        """One product of matrices."""
        weights, bias = parameters
        rows = inputs[0].reshape(len(inputs[0]), -1)

        def pullback(gradient: FloatArray) -> tuple[Arrays, Arrays]:
            of_input = (gradient @ weights.T).reshape(inputs[0].shape)
            return (of_input,), (rows.T @ gradient, gradient.sum(axis=0))

        return rows @ weights + bias, pullback
