"""The demo's networks: one in float32, and its integers with and without further training."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from flow.digits import IMAGE_SHAPE, DigitSet
from flow.float_layers import (
    Add,
    AveragePooling,
    Convolution,
    Depthwise,
    Flatten,
    FullyConnected,
    MaxPooling,
)
from flow.network import INPUT, Network
from flow.network_quantization import NetworkQuantization
from flow.quantized_network import QuantizedNetwork
from flow.training import Schedule, train
from golden.formats import INT4, INT8, IntegerFormat
from golden.kernel_window import KernelWindow
from golden.ranges import RangeRule

__all__ = ["EPOCHS", "LAYERS", "Accuracy", "DemoNetworks", "train_networks"]

_SAME = KernelWindow((3, 3), padding=((1, 1), (1, 1)))
_HALF = KernelWindow((2, 2), stride=(2, 2))

LAYERS = (
    Convolution(name="convolution 1", inputs=(INPUT,), channels=8, window=_SAME, relu=True),
    Depthwise(name="depthwise", inputs=("convolution 1",), window=_SAME),
    Add(name="addition", inputs=("convolution 1", "depthwise"), relu=True),
    MaxPooling(name="max pooling", inputs=("addition",), window=_HALF),
    Convolution(
        name="convolution 2", inputs=("max pooling",), channels=16, window=_SAME, relu=True
    ),
    AveragePooling(name="average pooling", inputs=("convolution 2",), window=_HALF),
    Flatten(name="flat", inputs=("average pooling",)),
    FullyConnected(name="logits", inputs=("flat",), channels=10),
)
"""A layer of every kind; 8 and 16 channels fill an array of 8 columns, 10 do not."""

_FLOAT = Schedule(epochs=30, learning_rate=5e-3)
_FINE_TUNING = Schedule(epochs=10, learning_rate=2e-3)
_WEIGHT_FORMATS = (INT8, INT4, IntegerFormat(2, signed=True))

EPOCHS = _FLOAT.epochs + len(_WEIGHT_FORMATS) * _FINE_TUNING.epochs
"""Times that `train_networks` calls `on_epoch`."""


@dataclass(frozen=True)
class Accuracy:
    """How many of the held-out images were read right."""

    network: str
    """Which network."""
    computed_by: str
    """What computed it."""
    right: int
    total: int

    @classmethod
    def of(
        cls, network: str, computed_by: str, predicted: npt.NDArray[np.int64], data: DigitSet
    ) -> "Accuracy":
        """Count the predictions that agree with the labels."""
        return cls(network, computed_by, int(np.sum(predicted == data.labels)), len(data))

    @property
    def fraction(self) -> float:
        """From 0 to 1."""
        return self.right / self.total


@dataclass(frozen=True)
class DemoNetworks:
    """The network for the hardware, and how it compares.

    Parameters
    ----------
    name : what the network for the hardware is called among `accuracies`
    tuned : the float network after quantization-aware training with int8 weights
    quantized : its integers, which run on the hardware
    accuracies : of all networks on the held-out images, float32 first
    """

    name: str
    tuned: Network
    quantized: QuantizedNetwork
    accuracies: tuple[Accuracy, ...]


def train_networks(
    data: DigitSet, held_out: DigitSet, *, seed: int, on_epoch: Callable[[], None]
) -> DemoNetworks:
    """Train in float32, then for each width of weights quantize twice.

    Post-training: ranges are calibrated on the training images, and that is all.
    Quantization-aware: the network is then trained on through these quantizations, by the
    straight-through estimator.
    """

    def report(epoch: int, loss: float) -> None:
        on_epoch()

    start = Network.random(LAYERS, IMAGE_SHAPE, seed=seed)
    floating = train(start, data, replace(_FLOAT, seed=seed), on_epoch=report)
    accuracies = [
        Accuracy.of("float32", "NumPy, float32", floating.predict(held_out.images), held_out)
    ]
    candidates: list[tuple[str, Network, QuantizedNetwork]] = []
    calibrated = NetworkQuantization.calibrate(
        floating, data.images, activation_rule=RangeRule.MEAN_SQUARED_ERROR
    )
    for weight_format in _WEIGHT_FORMATS:
        quantization = replace(calibrated, weight_format=weight_format)
        schedule = replace(_FINE_TUNING, seed=seed + 1)
        tuned = train(floating, data, schedule, quantization, report)
        for network, how in ((floating, "post-training"), (tuned, "quantization-aware")):
            name = f"{weight_format} weights, {how}"
            quantized = QuantizedNetwork.from_float(network, quantization)
            candidates.append((name, network, quantized))
            predicted = quantized.predict(held_out.images)
            accuracies.append(Accuracy.of(name, "golden", predicted, held_out))
    return DemoNetworks(*candidates[1], tuple(accuracies))
