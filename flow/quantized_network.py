"""An int8 network: for every layer a product of integers and a requantization."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from flow.network import FloatArray, Network
from flow.network_quantization import LayerQuantization, NetworkQuantization
from golden.accumulate import required_bits
from golden.formats import INT32
from golden.gemm import matmul
from golden.quantize import quantize
from golden.real_scale import combine_scales
from golden.requantize import Requantization, requantize
from golden.scheme import Scheme

__all__ = ["LayerRecord", "QuantizedLayer", "QuantizedNetwork", "predictions", "run_layer"]

Int8Array = npt.NDArray[np.int8]


@dataclass(frozen=True, eq=False)
class QuantizedLayer:
    """One fully-connected layer in integers: `requantize(activations @ weights)`.

    The zero point z of the input is folded into the bias, so that the product needs no
    correction: bias - z * (sum of the channel's weights). A ReLU is the lower clip bound.

    Parameters
    ----------
    name : str
    weights : int8 array (K, N)
    requantization : N channels, with the folded bias
    quantization : what the integers stand for
    """

    name: str
    weights: Int8Array
    requantization: Requantization
    quantization: LayerQuantization

    def __post_init__(self) -> None:
        if self.weights.dtype != np.int8:
            raise TypeError(f"{self.name}: weights must be int8, not {self.weights.dtype}")
        if self.weights.shape[1:] != (self.requantization.channels,):
            raise ValueError(
                f"{self.name}: weights must have the shape (K, {self.requantization.channels}), "
                f"not {self.weights.shape}"
            )
        if self.accumulator_bits > INT32.bits:
            raise ValueError(
                f"{self.name} needs accumulators of {self.accumulator_bits} bits, and there are "
                f"{INT32.bits}; make K or the weights smaller"
            )

    @classmethod
    def from_float(
        cls,
        name: str,
        weights: FloatArray,
        bias: FloatArray,
        quantization: LayerQuantization,
        *,
        relu: bool,
    ) -> "QuantizedLayer":
        """Quantize a float layer by Scheme.FLOAT32.

        Raises ValueError, naming the layer, if some activations would overflow an accumulator.
        """
        q = quantization
        codes = quantize(weights, q.weights).astype(np.int8)
        steps = np.rint(bias / (q.input.scale.astype(np.float64) * q.weights.scale))
        folded = steps.astype(np.int64) - q.input.zero_point * codes.sum(axis=0, dtype=np.int64)
        if not INT32.contains(folded):
            raise ValueError(f"{name} has a bias of {np.abs(folded).max()} steps, beyond int32")
        zero_point = int(q.output.zero_point)
        requantization = Requantization.from_scale(
            Scheme.FLOAT32,
            combine_scales(q.input.scale, q.weights.scale, q.output.scale),
            folded,
            zero_point=zero_point,
            low=zero_point if relu else q.output.low,
            high=q.output.high,
            out=q.output.format,
        )
        return cls(name, codes, requantization, quantization)

    @property
    def accumulator_bits(self) -> int:
        """Bits of an accumulator that holds every sum the layer can have, bias included."""
        return required_bits(self.weights, self.quantization.input.format, self.requantization.bias)


@dataclass(frozen=True, eq=False)
class LayerRecord:
    """What went into a layer and what came out, M rows."""

    layer: QuantizedLayer
    activations: Int8Array
    accumulators: npt.NDArray[np.int32]
    outputs: Int8Array


def run_layer(layer: QuantizedLayer, activations: Int8Array) -> LayerRecord:
    """Run one layer on the golden model."""
    accumulators = matmul(activations, layer.weights)
    outputs = requantize(accumulators, layer.requantization)
    return LayerRecord(layer, activations, accumulators, outputs.astype(np.int8))


@dataclass(frozen=True, eq=False)
class QuantizedNetwork:
    """Layers one after the other; the output of each is the input of the next."""

    layers: tuple[QuantizedLayer, ...]

    @classmethod
    def from_float(cls, network: Network, quantization: NetworkQuantization) -> "QuantizedNetwork":
        """The integers of a float network whose hidden layers have a ReLU."""
        last = len(network.weights) - 1
        layers = []
        for index, (weights, bias) in enumerate(zip(network.weights, network.biases, strict=True)):
            layer = QuantizedLayer.from_float(
                f"layer {index + 1}",
                weights,
                bias,
                quantization.of_layer(index, weights),
                relu=index < last,
            )
            layers.append(layer)
        return cls(tuple(layers))

    def quantize_images(self, images: FloatArray) -> Int8Array:
        """The activations of the first layer."""
        return quantize(images, self.layers[0].quantization.input).astype(np.int8)

    def run(self, activations: Int8Array) -> list[LayerRecord]:
        """Run every layer on the golden model."""
        records: list[LayerRecord] = []
        for layer in self.layers:
            records.append(run_layer(layer, activations))
            activations = records[-1].outputs
        return records

    def predict(self, images: FloatArray) -> npt.NDArray[np.int64]:
        """The class with the largest logit, the first one of equals, by the golden model."""
        return predictions(self.run(self.quantize_images(images))[-1].outputs)


def predictions(logits: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """The class with the largest logit of each row, the first one of equals."""
    classes: npt.NDArray[np.int64] = logits.argmax(axis=-1)
    return classes
