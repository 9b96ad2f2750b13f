"""Training with Adam, in float32 or quantization-aware with the straight-through estimator."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from flow.digits import DigitSet
from flow.network import FloatArray, Network

__all__ = ["FakeQuantizer", "Schedule", "loss_and_gradients", "train"]


class FakeQuantizer(Protocol):
    """What quantization-aware training puts between a value and its use.

    Both methods return the value the integer network will use in place of `x`, and the gradient
    mask of the straight-through estimator: 1 where rounding is treated as the identity, 0 where
    the value is clipped.
    """

    def fake_weights(self, layer: int, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Weights of a layer, counted from 0."""

    def fake_activations(self, point: int, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Activations: point 0 is the network's input, point `i` the output of layer `i - 1`."""


class _Exact:
    """No quantization: training in float32."""

    def fake_weights(self, layer: int, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        return x, np.ones_like(x)

    def fake_activations(self, point: int, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        return x, np.ones_like(x)


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How long and how fast to train.

    Parameters
    ----------
    epochs : int
        Times every image is seen.
    learning_rate : float
        Adam's step at the start; it falls to zero along a half cosine.
    batch : int
        Images a step.
    seed : int
        Seed of the order of the images.
    """

    epochs: int
    learning_rate: float
    batch: int = 32
    seed: int = 0

    def __post_init__(self) -> None:
        if self.epochs < 1:
            raise ValueError(f"epochs must be at least 1, not {self.epochs}")
        if self.batch < 1:
            raise ValueError(f"batch must be at least 1, not {self.batch}")
        if not self.learning_rate > 0:
            raise ValueError(f"learning_rate must be positive, not {self.learning_rate}")

    def batches(self, epoch: int, images: int) -> Iterator[tuple[float, npt.NDArray[np.int64]]]:
        """Of every step of an epoch, counted from 0: the learning rate, and which images."""
        order = np.random.default_rng((self.seed, epoch)).permutation(images)
        starts = range(0, images, self.batch)
        for step, start in enumerate(starts, epoch * len(starts)):
            angle = np.pi * step / (self.epochs * len(starts))
            yield self.learning_rate * (1 + np.cos(angle)) / 2, order[start : start + self.batch]


class _Adam:
    """Kingma and Ba, "Adam: a method for stochastic optimization" (2015), algorithm 1."""

    def __init__(self, parameters: list[FloatArray]) -> None:
        self.parameters = [parameter.copy() for parameter in parameters]
        self.mean = [np.zeros_like(parameter) for parameter in parameters]
        self.square = [np.zeros_like(parameter) for parameter in parameters]
        self.steps = 0

    def step(self, gradients: list[FloatArray], rate: float) -> None:
        self.steps += 1
        correction_mean = 1 - 0.9**self.steps
        correction_square = 1 - 0.999**self.steps
        for parameter, gradient, mean, square in zip(
            self.parameters, gradients, self.mean, self.square, strict=True
        ):
            mean += np.float32(0.1) * (gradient - mean)
            square += np.float32(0.001) * (gradient * gradient - square)
            deviation = np.sqrt(square / np.float32(correction_square)) + np.float32(1e-8)
            parameter -= np.float32(rate / correction_mean) * mean / deviation


def train(
    network: Network,
    data: DigitSet,
    schedule: Schedule,
    quantizer: FakeQuantizer | None = None,
    on_epoch: Callable[[int, float], None] | None = None,
) -> Network:
    """The network after training; with `quantizer`, trained through its quantization.

    `on_epoch` is called after every epoch with its number from 1 and its mean loss, the
    cross-entropy in nats. The same arguments give the same
    network on the same machine; another BLAS may sum in another order.
    """
    layers = len(network.weights)
    adam = _Adam([*network.weights, *network.biases])
    for epoch in range(schedule.epochs):
        losses = []
        for rate, chosen in schedule.batches(epoch, len(data)):
            loss, gradients = loss_and_gradients(
                Network(tuple(adam.parameters[:layers]), tuple(adam.parameters[layers:])),
                data.images[chosen],
                data.labels[chosen],
                quantizer or _Exact(),
            )
            losses.append(loss)
            adam.step(gradients, rate)
        if on_epoch is not None:
            on_epoch(epoch + 1, float(np.mean(losses)))
    return Network(tuple(adam.parameters[:layers]), tuple(adam.parameters[layers:]))


def loss_and_gradients(
    network: Network, images: FloatArray, labels: npt.NDArray[np.int64], quantizer: FakeQuantizer
) -> tuple[float, list[FloatArray]]:
    """Mean cross-entropy of a batch, and its gradients: all weights, then all biases."""
    last = len(network.weights) - 1
    weights = [quantizer.fake_weights(index, w) for index, w in enumerate(network.weights)]
    inputs = [quantizer.fake_activations(0, images)[0]]
    masks = []
    for index, bias in enumerate(network.biases):
        x = inputs[-1] @ weights[index][0] + bias
        positive = np.ones_like(x) if index == last else (x > 0).astype(np.float32)
        output, inside = quantizer.fake_activations(index + 1, x * positive)
        inputs.append(output)
        masks.append(inside * positive)

    loss, gradient = _cross_entropy(inputs.pop(), labels)
    weight_gradients: list[FloatArray] = []
    bias_gradients: list[FloatArray] = []
    for index in reversed(range(last + 1)):
        gradient = gradient * masks[index]
        weight_gradients.insert(0, (inputs[index].T @ gradient) * weights[index][1])
        bias_gradients.insert(0, gradient.sum(axis=0))
        gradient = gradient @ weights[index][0].T
    return loss, [*weight_gradients, *bias_gradients]


def _cross_entropy(logits: FloatArray, labels: npt.NDArray[np.int64]) -> tuple[float, FloatArray]:
    rows = np.arange(len(labels))
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_probability = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    gradient = np.exp(log_probability)
    gradient[rows, labels] -= 1
    return float(-log_probability[rows, labels].mean()), gradient / np.float32(len(labels))
