"""A float32 network of layers: what there is before quantization."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

from flow.float_layers import FloatArray, Layer, Shape

__all__ = ["INPUT", "Network", "classes"]

INPUT = "input"
"""The name of the images among the tensors of a network."""


@dataclass(frozen=True, eq=False)
class Network:
    """Layers in an order in which each comes after its inputs; the last gives the logits.

    Parameters
    ----------
    layers : their names are those of their outputs
    input_shape : of an image, (y, x, channels)
    parameters : of every layer that has some, the weights and the bias
    """

    layers: tuple[Layer, ...]
    input_shape: Shape
    parameters: Mapping[str, tuple[FloatArray, ...]]

    def __post_init__(self) -> None:
        shapes = _shapes(self.layers, self.input_shape)
        for layer in self.layers:
            wanted = layer.parameter_shapes(*(shapes[name] for name in layer.inputs))
            found = tuple(array.shape for array in self.parameters.get(layer.name, ()))
            if found != wanted:
                raise ValueError(
                    f"the parameters of {layer.name} must have the shapes {wanted}, not {found}"
                )

    @classmethod
    def random(cls, layers: tuple[Layer, ...], input_shape: Shape, *, seed: int) -> "Network":
        """A network to be trained: He-normal weights and zero biases."""
        random = np.random.default_rng(seed)
        shapes = _shapes(layers, input_shape)
        parameters = {}
        for layer in layers:
            wanted = layer.parameter_shapes(*(shapes[name] for name in layer.inputs))
            if wanted:
                weights, bias = wanted
                # for a depthwise layer the last axis is not one of outputs, and yet this is right:
                # a channel sees kernel * kernel inputs
                deviation = np.sqrt(2 / prod(weights[:-1]))
                values = random.standard_normal(weights) * deviation
                parameters[layer.name] = (values.astype(np.float32), np.zeros(bias, np.float32))
        return cls(layers, input_shape, parameters)

    @property
    def shapes(self) -> dict[str, Shape]:
        """Of every tensor of one image, by name, the input first."""
        return _shapes(self.layers, self.input_shape)

    def run(self, images: FloatArray) -> dict[str, FloatArray]:
        """Every tensor by name, ReLU included, the input first; each (n, ...)."""
        tensors = {INPUT: images}
        for layer in self.layers:
            inputs = tuple(tensors[name] for name in layer.inputs)
            output, _ = layer.forward(inputs, self.parameters.get(layer.name, ()))
            tensors[layer.name] = np.maximum(output, np.float32(0)) if layer.relu else output
        return tensors

    def predict(self, images: FloatArray) -> npt.NDArray[np.int64]:
        """The class with the largest logit, the first one of equals."""
        return classes(self.run(images)[self.layers[-1].name])


def classes(logits: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """The largest logit of each image (n, 1, 1, classes), the first one of equals."""
    found: npt.NDArray[np.int64] = logits.reshape(len(logits), -1).argmax(axis=1)
    return found


def _shapes(layers: tuple[Layer, ...], input_shape: Shape) -> dict[str, Shape]:
    if not layers:
        raise ValueError("a network must have at least one layer, not none")
    shapes = {INPUT: input_shape}
    for layer in layers:
        if layer.name in shapes:
            raise ValueError(f"there must be one tensor called {layer.name}, not two")
        for name in layer.inputs:
            if name not in shapes:
                raise ValueError(f"{layer.name} takes {name}, which no layer before it gives")
        shapes[layer.name] = layer.output_shape(*(shapes[name] for name in layer.inputs))
    used = {name for layer in layers for name in layer.inputs}
    for name in shapes:
        if name not in used and name != layers[-1].name:
            raise ValueError(f"{name} must be taken by a layer, or be the last")
    return shapes
