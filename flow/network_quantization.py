"""How every value of a network is quantized: the same object trains it and makes it integers."""

from collections.abc import Mapping
from dataclasses import dataclass

from flow.float_layers import FloatArray
from flow.network import Network
from golden.fake_quantize import fake_quantize, straight_through_mask
from golden.formats import INT8, IntegerFormat
from golden.quantize import Quantization, QuantizationKind, choose
from golden.ranges import RangeRule, find_range

__all__ = ["NetworkQuantization"]


@dataclass(frozen=True, kw_only=True)
class NetworkQuantization:
    """Fixed quantizations of the activations, and the rule that gives those of the weights.

    Weights are symmetric with a scale for each output channel, without the lowest code.
    Activations are asymmetric with one scale and zero point for each tensor. It is a
    `flow.training.FakeQuantizer`: what it hands to training is what the integer network's values
    stand for, of weights bit for bit.

    Parameters
    ----------
    activations
        Of every tensor, the input among them, by name.
    weight_format
        At most 8 bits, signed.
    weight_rule
        How a channel's clipping range follows from its weights.
    """

    activations: Mapping[str, Quantization]
    weight_format: IntegerFormat = INT8
    weight_rule: RangeRule = RangeRule.MIN_MAX

    def __post_init__(self) -> None:
        if not self.weight_format.signed or not 2 <= self.weight_format.bits <= 8:
            raise ValueError(f"weight_format must be int2 to int8, not {self.weight_format}")
        for quantization in self.activations.values():
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
        activations: dict[str, Quantization] = {}
        tensors = network.run(images)
        same = {layer.name: layer.inputs[0] for layer in network.layers if layer.keeps_scale}
        for name, x in tensors.items():
            if name in same:
                activations[name] = activations[same[name]]
            else:
                found = find_range(x, activation_rule, INT8)
                activations[name] = choose(found, INT8, QuantizationKind.ASYMMETRIC)
        return cls(activations=activations, weight_format=weight_format, weight_rule=weight_rule)

    def of_weights(self, x: FloatArray) -> Quantization:
        """The quantization of weights, whose last axis is the channel."""
        axis = x.ndim - 1
        found = find_range(x, self.weight_rule, self.weight_format, axis=axis, symmetric=True)
        return choose(found, self.weight_format, QuantizationKind.SYMMETRIC, narrow=True)

    def fake_weights(self, layer: str, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The weights the integer network multiplies by, and their gradient mask."""
        quantization = self.of_weights(x)
        return fake_quantize(x, quantization), straight_through_mask(x, quantization)

    def fake_activations(self, tensor: str, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The activations the integer network has here, and their gradient mask."""
        quantization = self.activations[tensor]
        return fake_quantize(x, quantization), straight_through_mask(x, quantization)
