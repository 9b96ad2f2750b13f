"""How every value of a network is quantized: the same object trains it and makes it integers."""

from dataclasses import dataclass

from flow.network import FloatArray, Network
from golden.fake_quantize import fake_quantize, straight_through_mask
from golden.formats import INT8, IntegerFormat
from golden.quantize import Quantization, QuantizationKind, choose
from golden.ranges import RangeRule, find_range

__all__ = ["LayerQuantization", "NetworkQuantization"]


@dataclass(frozen=True)
class LayerQuantization:
    """What the integers of a layer stand for; the weights have a scale for each output channel."""

    input: Quantization
    weights: Quantization
    output: Quantization


@dataclass(frozen=True, kw_only=True)
class NetworkQuantization:
    """Fixed quantizations of the activations, and the rule that gives those of the weights.

    Weights are symmetric with a scale for each output channel, without the lowest code.
    Activations are asymmetric with one scale and zero point for each tensor. It is a
    `flow.training.FakeQuantizer`: what it hands to training is, bit for bit, what the integer
    network's values stand for.

    Parameters
    ----------
    activations
        Of the input, then of every layer's output.
    weight_format
        At most 8 bits, signed.
    weight_rule
        How a channel's clipping range follows from its weights.
    """

    activations: tuple[Quantization, ...]
    weight_format: IntegerFormat = INT8
    weight_rule: RangeRule = RangeRule.MIN_MAX

    def __post_init__(self) -> None:
        if not self.weight_format.signed or not 2 <= self.weight_format.bits <= 8:
            raise ValueError(f"weight_format must be int2 to int8, not {self.weight_format}")
        for quantization in self.activations:
            if quantization.format != INT8 or quantization.axis is not None:
                raise ValueError("activations must be int8 with one scale for the tensor")

    @classmethod
    def calibrate(
        cls,
        network: Network,
        images: FloatArray,
        *,
        activation_rule: RangeRule,
        weight_format: IntegerFormat = INT8,
        weight_rule: RangeRule = RangeRule.MIN_MAX,
    ) -> "NetworkQuantization":
        """Choose the activations' ranges by what `images` cause in the float network."""
        tensors = [images, *network.layer_outputs(images)]
        return cls(
            activations=tuple(
                choose(find_range(x, activation_rule, INT8), INT8, QuantizationKind.ASYMMETRIC)
                for x in tensors
            ),
            weight_format=weight_format,
            weight_rule=weight_rule,
        )

    def of_weights(self, x: FloatArray) -> Quantization:
        """The quantization of weights (K, N), N channels."""
        found = find_range(x, self.weight_rule, self.weight_format, axis=1, symmetric=True)
        return choose(found, self.weight_format, QuantizationKind.SYMMETRIC, narrow=True)

    def of_layer(self, layer: int, weights: FloatArray) -> LayerQuantization:
        """The quantizations of a layer, counted from 0."""
        before, after = self.activations[layer : layer + 2]
        return LayerQuantization(before, self.of_weights(weights), after)

    def fake_weights(self, layer: int, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The weights the integer network multiplies by, and their gradient mask."""
        quantization = self.of_weights(x)
        return fake_quantize(x, quantization), straight_through_mask(x, quantization)

    def fake_activations(self, point: int, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The activations the integer network has at this point, and their gradient mask."""
        quantization = self.activations[point]
        return fake_quantize(x, quantization), straight_through_mask(x, quantization)
