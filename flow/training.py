"""Training with Adam, in float32 or quantization-aware with the straight-through estimator."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from flow.digits import DigitSet
from flow.float_layers import FloatArray, Pullback
from flow.network import INPUT, Network

__all__ = ["FakeQuantizer", "Schedule", "loss_and_gradients", "train"]

Parameters = Mapping[str, tuple[FloatArray, ...]]


class FakeQuantizer(Protocol):
    """What quantization-aware training puts between a value and its use.

    Both methods return the value the integer network will use in place of `x`, and the gradient
    mask of the straight-through estimator: 1 where rounding is treated as the identity, 0 where
    the value is clipped.
    """

    def fake_weights(self, layer: str, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Weights of a layer."""

    def fake_activations(self, tensor: str, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Activations: the network's input or the output of a layer."""


class _Exact:
    """No quantization: training in float32."""

    def fake_weights(self, layer: str, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        return x, np.ones_like(x)

    def fake_activations(self, tensor: str, x: FloatArray) -> tuple[FloatArray, FloatArray]:
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

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = {
            name: tuple(array.copy() for array in arrays) for name, arrays in parameters.items()
        }
        arrays = [array for arrays in self.parameters.values() for array in arrays]
        self.state = [(array, np.zeros_like(array), np.zeros_like(array)) for array in arrays]
        self.steps = 0

    def step(self, gradients: Parameters, rate: float) -> None:
        self.steps += 1
        correction_mean = 1 - 0.9**self.steps
        correction_square = 1 - 0.999**self.steps
        flat = [array for name in self.parameters for array in gradients[name]]
        for gradient, (parameter, mean, square) in zip(flat, self.state, strict=True):
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
    cross-entropy in nats. The same arguments give the same network on the same machine; another
    BLAS may sum in another order.
    """
    # the products are so small that more threads only wait for each other
    with threadpool_limits(1, "blas"):
        return _train(network, data, schedule, quantizer or _Exact(), on_epoch)


def _train(
    network: Network,
    data: DigitSet,
    schedule: Schedule,
    quantizer: FakeQuantizer,
    on_epoch: Callable[[int, float], None] | None,
) -> Network:
    adam = _Adam(network.parameters)
    trained = replace(network, parameters=adam.parameters)
    for epoch in range(schedule.epochs):
        losses = []
        for rate, chosen in schedule.batches(epoch, len(data)):
            loss, gradients = loss_and_gradients(
                trained, data.images[chosen], data.labels[chosen], quantizer
            )
            losses.append(loss)
            adam.step(gradients, rate)
        if on_epoch is not None:
            on_epoch(epoch + 1, float(np.mean(losses)))
    return trained


def loss_and_gradients(
    network: Network, images: FloatArray, labels: npt.NDArray[np.int64], quantizer: FakeQuantizer
) -> tuple[float, Parameters]:
    """Mean cross-entropy of a batch, and its gradients by the parameters of every layer."""
    tensors = {INPUT: quantizer.fake_activations(INPUT, images)[0]}
    steps: dict[str, tuple[Pullback, FloatArray, FloatArray | None]] = {}
    for layer in network.layers:
        inputs = tuple(tensors[name] for name in layer.inputs)
        parameters = network.parameters.get(layer.name, ())
        weight_mask = None
        if parameters:
            weights, weight_mask = quantizer.fake_weights(layer.name, parameters[0])
            parameters = (weights, parameters[1])
        x, pullback = layer.forward(inputs, parameters)
        positive = (x > 0).astype(x.dtype) if layer.relu else np.ones_like(x)
        tensors[layer.name], mask = quantizer.fake_activations(layer.name, x * positive)
        steps[layer.name] = pullback, mask * positive, weight_mask

    last = network.layers[-1].name
    loss, gradient = _cross_entropy(tensors[last], labels)
    of_tensors = {last: gradient}
    gradients = {}
    for layer in reversed(network.layers):
        pullback, mask, weight_mask = steps[layer.name]
        of_inputs, of_parameters = pullback(of_tensors.pop(layer.name) * mask)
        if weight_mask is not None:
            gradients[layer.name] = (of_parameters[0] * weight_mask, of_parameters[1])
        for name, of_input in zip(layer.inputs, of_inputs, strict=True):
            of_tensors[name] = of_tensors[name] + of_input if name in of_tensors else of_input
    return loss, gradients


def _cross_entropy(logits: FloatArray, labels: npt.NDArray[np.int64]) -> tuple[float, FloatArray]:
    """The loss and its gradient by logits (n, 1, 1, classes)."""
    rows = np.arange(len(labels))
    flat = logits.reshape(len(labels), -1)
    shifted = flat - flat.max(axis=1, keepdims=True)
    log_probability = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    gradient = np.exp(log_probability)
    gradient[rows, labels] -= 1
    loss = float(-log_probability[rows, labels].mean())
    return loss, (gradient / np.float32(len(labels))).reshape(logits.shape)
