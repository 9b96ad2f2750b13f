"""Layers that compute in float32 on values of an int8 network.

A model is made of these and of `nn.MaxPool2d`, `nn.AvgPool2d`, `nn.AdaptiveAvgPool2d(1)`,
`nn.Flatten`, `nn.Dropout` and `nn.Identity`. Its input and the output of each convolution, linear
layer, sum and average go through a quantizer: `QuantInput`, `QuantOutput`, `QuantReLU`, `QuantAdd`.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from flow.qat.fake_quantize import straight_through
from flow.qat.quantizer import ACTIVATIONS, WEIGHTS, FakeQuantizer, Mode, Recipe, Step
from golden.formats import INT32
from golden.quantization import Quantization
from golden.real_scale import checked_scale

__all__ = [
    "ActivationQuantizer",
    "QuantAdd",
    "QuantConv2d",
    "QuantInput",
    "QuantLinear",
    "QuantOutput",
    "QuantReLU",
    "WeightedLayer",
]

_LARGEST_BIAS = float(2**31 - 128)
"""The largest float32 of an int32."""


class ActivationQuantizer(FakeQuantizer):
    """Quantization of a tensor whose first dimension is the batch: one scale for all of it."""

    def __init__(self, recipe: Recipe = ACTIVATIONS) -> None:
        if recipe.step is Step.FOLLOWING:
            raise ValueError(
                "activations must have a fixed or a learned step, not one that follows each batch"
            )
        if recipe.per_channel:
            raise ValueError("activations must have one scale, not one for each channel")
        super().__init__(recipe)

    def _values_of_a_scale(self, x: Tensor) -> int:
        return int(x[0].numel())


class QuantInput(ActivationQuantizer):
    """The input of the network."""


class QuantOutput(ActivationQuantizer):
    """The output of a layer without ReLU."""


class QuantReLU(ActivationQuantizer):
    """The positive part, quantized."""

    def forward(self, x: Tensor) -> Tensor:
        """`x` or 0."""
        return super().forward(functional.relu(x))


class QuantAdd(ActivationQuantizer):
    """The sum of two tensors, quantized.

    Parameters
    ----------
    relu : whether negative sums become 0
    """

    def __init__(self, recipe: Recipe = ACTIVATIONS, *, relu: bool = False) -> None:
        super().__init__(recipe)
        self.relu = relu

    def forward(self, a: Tensor, b: Tensor) -> Tensor:  # type: ignore[override]
        """Both tensors have the same shape."""
        return super().forward(functional.relu(a + b) if self.relu else a + b)


class WeightedLayer(nn.Module):
    """What a convolution and a linear layer have in common: quantized weights and bias.

    Members
    -------
    weight_quantizer : of the weights
    input_quantizer : of the tensor it reads, None before `flow.qat.model.connect`
    """

    weight: nn.Parameter
    bias: nn.Parameter | None
    weight_quantizer: FakeQuantizer

    def _init_quantizers(self, recipe: Recipe) -> None:
        if not recipe.format.signed:
            raise ValueError(f"weights must be signed, not {recipe.format}")
        channels = len(self.weight) if recipe.per_channel else None
        self.weight_quantizer = FakeQuantizer(recipe, channels)
        self._input: tuple[FakeQuantizer, ...] = ()  # in a tuple, so that it is no child

    @property
    def input_quantizer(self) -> FakeQuantizer | None:
        """Whose scale the bias has a part of."""
        return self._input[0] if self._input else None

    def read_from(self, quantizer: FakeQuantizer) -> None:
        """Set the quantizer of the input."""
        self._input = (quantizer,)

    @property
    def weight_quantization(self) -> Quantization:
        """Of the weights as they are now."""
        if self.weight_quantizer.recipe.step is Step.FOLLOWING:
            self.weight_quantizer.initialize_from([self.weight])
        return self.weight_quantizer.quantization

    @property
    def bias_quantization(self) -> Quantization:
        """Of the bias as it is now: int32 in steps of f32(input scale * weight scale)."""
        if self.input_quantizer is None:
            raise ValueError("there is no bias quantization before the input has a quantizer")
        weights = self.weight_quantization
        scale = checked_scale(self.input_quantizer.quantization.scale * weights.scale)
        return Quantization(scale, np.zeros(scale.shape, np.int64), INT32, weights.axis)

    def _seen(self) -> tuple[Tensor, Tensor | None]:
        """The weights and the bias that the integer network has."""
        if self.weight_quantizer.mode is not Mode.QUANTIZE:
            return self.weight, self.bias
        weight = self.weight_quantizer(self.weight)
        if self.bias is None or self.input_quantizer is None:
            return weight, self.bias
        with torch.no_grad():
            steps = self.input_quantizer._scale() * self.weight_quantizer._scale()
            end = torch.full_like(steps, _LARGEST_BIAS)
        return weight, straight_through(self.bias, steps, -end, end)


class QuantConv2d(nn.Conv2d, WeightedLayer):
    """`nn.Conv2d` with quantized weights and bias; grouped and depthwise too.

    Parameters
    ----------
    weights : how the weights are quantized; a channel is one of the output
    """

    def __init__(self, *arguments: Any, weights: Recipe = WEIGHTS, **options: Any) -> None:
        super().__init__(*arguments, **options)
        if self.padding_mode != "zeros" or isinstance(self.padding, str):
            raise ValueError(
                f"padding must be a number of zeros, not {self.padding!r} of {self.padding_mode}"
            )
        self._init_quantizers(weights)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, channels, height, width)."""
        weight, bias = self._seen()
        return self._conv_forward(x, weight, bias)


class QuantLinear(nn.Linear, WeightedLayer):
    """`nn.Linear` with quantized weights and bias.

    Parameters
    ----------
    weights : how the weights are quantized; a channel is one of the output
    """

    def __init__(self, *arguments: Any, weights: Recipe = WEIGHTS, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._init_quantizers(weights)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, inputs)."""
        weight, bias = self._seen()
        return functional.linear(x, weight, bias)
