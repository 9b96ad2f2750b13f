"""The digits of `flow.digits` for PyTorch, and a small network that reads them."""

import torch
from torch import Tensor, nn

from flow.digits import DigitSet
from flow.qat.layers import QuantAdd, QuantConv2d, QuantInput, QuantLinear, QuantOutput, QuantReLU
from flow.qat.quantizer import ACTIVATIONS, WEIGHTS, Recipe

__all__ = ["DigitsNetwork", "digit_tensors"]


class DigitsNetwork(nn.Module):
    """A convolution, a depthwise one around which a residual goes, and another.

    Parameters
    ----------
    weights, activations : how they are quantized
    channels : of the first convolution; the last has twice as many
    """

    def __init__(
        self, weights: Recipe = WEIGHTS, activations: Recipe = ACTIVATIONS, *, channels: int = 8
    ) -> None:
        super().__init__()
        self.input = QuantInput(activations)
        self.conv1 = QuantConv2d(1, channels, 3, padding=1, weights=weights)
        self.relu1 = QuantReLU(activations)
        self.depthwise = QuantConv2d(
            channels, channels, 3, padding=1, groups=channels, weights=weights
        )
        self.quantize1 = QuantOutput(activations)
        self.add = QuantAdd(activations, relu=True)
        self.pool1 = nn.MaxPool2d(2)
        self.conv2 = QuantConv2d(channels, 2 * channels, 3, padding=1, weights=weights)
        self.relu2 = QuantReLU(activations)
        self.pool2 = nn.MaxPool2d(2)
        self.flat = nn.Flatten()
        self.linear = QuantLinear(8 * channels, 10, weights=weights)
        self.logits = QuantOutput(activations)

    def forward(self, images: Tensor) -> Tensor:
        """(batch, 1, 8, 8) to the logits (batch, 10)."""
        x = self.relu1(self.conv1(self.input(images)))
        x = self.add(x, self.quantize1(self.depthwise(x)))
        x = self.relu2(self.conv2(self.pool1(x)))
        x = self.flat(self.pool2(x))
        logits: Tensor = self.logits(self.linear(x))
        return logits


def digit_tensors(data: DigitSet) -> tuple[Tensor, Tensor]:
    """Images (n, 1, 8, 8) and labels (n,)."""
    images = torch.from_numpy(data.images.transpose(0, 3, 1, 2).copy())
    return images, torch.from_numpy(data.labels)
