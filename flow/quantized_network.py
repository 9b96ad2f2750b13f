"""The int8 network of a float network: what runs on golden and on hardware."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from flow import layers
from flow.float_layers import (
    Add,
    AveragePooling,
    Convolution,
    Depthwise,
    Flatten,
    FloatArray,
    FullyConnected,
    Layer,
    MaxPooling,
    Shape,
)
from flow.graph import Graph
from flow.network import INPUT, Network, classes
from flow.network_quantization import NetworkQuantization
from flow.reference import run_reference
from golden.formats import INT32
from golden.quantize import Quantization, quantize
from golden.real_scale import combine_scales
from golden.requantize import Requantization
from golden.residual import residual_parameters
from golden.scheme import Scheme

__all__ = ["QuantizedNetwork"]

Int8Array = npt.NDArray[np.int8]


@dataclass(frozen=True, eq=False)
class QuantizedNetwork:
    """Layers of integers, and what the integers stand for.

    Parameters
    ----------
    input_shape : of an image, (y, x, channels)
    layers : by the names of the float network's
    tensors : the quantization of every tensor, the input among them
    weights : the quantization of the weights of every layer that has some
    """

    input_shape: Shape
    layers: tuple[layers.Layer, ...]
    tensors: Mapping[str, Quantization]
    weights: Mapping[str, Quantization]

    @classmethod
    def from_float(cls, network: Network, quantization: NetworkQuantization) -> "QuantizedNetwork":
        """Quantize a float network: Scheme.FLOAT32, and `golden.residual` for additions.

        A ReLU is the lower clip bound. Raises ValueError for a bias beyond int32.
        """
        tensors = quantization.activations
        weights = {
            name: quantization.of_weights(arrays[0]) for name, arrays in network.parameters.items()
        }
        converted = []
        for layer in network.layers:
            if layer.name in weights:
                parameters = network.parameters[layer.name]
                converted.append(_with_weights(layer, parameters, weights[layer.name], tensors))
            else:
                converted.append(_without_weights(layer, tensors))
        return cls(network.input_shape, tuple(converted), tensors, weights)

    def graph(self, batch: int) -> Graph:
        """The network for so many images at once."""
        zero_point = int(self.tensors[INPUT].zero_point)
        shape = (batch, *self.input_shape)
        return Graph({INPUT: layers.TensorType(shape, zero_point)}, self.layers)

    def quantize_images(self, images: FloatArray) -> Int8Array:
        """The codes of images (n, y, x, channels)."""
        return quantize(images, self.tensors[INPUT]).astype(np.int8)

    def run(self, codes: Int8Array) -> dict[str, Int8Array]:
        """Every tensor by name, each (n, y, x, channels), by the reference."""
        return run_reference(self.graph(len(codes)), {INPUT: codes})

    def predict(self, images: FloatArray) -> npt.NDArray[np.int64]:
        """The class with the largest logit, the first one of equals, by the reference."""
        return classes(self.run(self.quantize_images(images))[self.layers[-1].name])


def _with_weights(
    layer: Layer,
    parameters: tuple[FloatArray, ...],
    of_weights: Quantization,
    tensors: Mapping[str, Quantization],
) -> layers.Layer:
    codes = quantize(parameters[0], of_weights).astype(np.int8)
    before, after = tensors[layer.inputs[0]], tensors[layer.name]
    bias = np.rint(parameters[1] / (before.scale.astype(np.float64) * of_weights.scale))
    if not INT32.contains(bias):
        raise ValueError(f"{layer.name} has a bias of {np.abs(bias).max():.0f} steps, beyond int32")
    scale = combine_scales(before.scale, of_weights.scale, after.scale)
    requantization = _requantization(layer, scale, bias.astype(np.int64), after)
    name, read = layer.name, layer.inputs[0]
    match layer:
        case Convolution():
            return layers.Conv2d(name, read, codes, requantization, layer.window)
        case Depthwise():
            one_output = codes[..., None]
            return layers.DepthwiseConv2d(name, read, one_output, requantization, layer.window)
        case FullyConnected():
            return layers.FullyConnected(name, read, codes, requantization)
    raise TypeError(f"{name} must be a layer with weights, not {type(layer).__name__}")


def _without_weights(layer: Layer, tensors: Mapping[str, Quantization]) -> layers.Layer:
    before, after = tensors[layer.inputs[0]], tensors[layer.name]
    name, read = layer.name, layer.inputs[0]
    match layer:
        case Flatten():
            return layers.Flatten(name, read)
        case MaxPooling():
            return layers.MaxPool(name, read, layer.window)
        case AveragePooling():
            elements = np.float32(np.prod(layer.window.kernel))
            scale = combine_scales(before.scale, 1 / elements, after.scale)
            requantization = _requantization(layer, scale, 0, after)
            return layers.AveragePool(name, read, requantization, layer.window)
        case Add():
            other = layer.inputs[1]
            multipliers, requantization = residual_parameters(
                (float(before.scale), float(tensors[other].scale)),
                float(after.scale),
                zero_point=int(after.zero_point),
                low=_low(layer, after),
            )
            return layers.ResidualAdd(name, (read, other), multipliers, requantization)
    raise TypeError(f"{name} must be a layer without weights, not {type(layer).__name__}")


def _requantization(
    layer: Layer, scale: npt.ArrayLike, bias: npt.ArrayLike, after: Quantization
) -> Requantization:
    return Requantization.from_scale(
        Scheme.FLOAT32,
        scale,
        bias,
        zero_point=int(after.zero_point),
        low=_low(layer, after),
        high=after.high,
        out=after.format,
    )


def _low(layer: Layer, after: Quantization) -> int:
    return int(after.zero_point) if layer.relu else after.low
