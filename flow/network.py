"""A fully-connected float32 network: what there is before quantization."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

__all__ = ["FloatArray", "Network"]

FloatArray = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Network:
    """Layers `x @ weights + bias`, with a ReLU after every layer but the last.

    Parameters
    ----------
    weights : one float32 array (K, N) a layer
    biases : one float32 array (N,) a layer
    """

    weights: tuple[FloatArray, ...]
    biases: tuple[FloatArray, ...]

    def __post_init__(self) -> None:
        if not self.weights or len(self.weights) != len(self.biases):
            raise ValueError(
                "a network must have at least one layer and a bias for each, not "
                f"{len(self.weights)} weight and {len(self.biases)} bias arrays"
            )
        inputs = self.weights[0].shape[0]
        for index, (weights, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            if weights.shape != (inputs, *bias.shape):
                raise ValueError(
                    f"weights of layer {index + 1} must have the shape {(inputs, *bias.shape)}, "
                    f"not {weights.shape}"
                )
            inputs = weights.shape[1]

    @classmethod
    def random(cls, sizes: Sequence[int], *, seed: int) -> "Network":
        """A network to be trained: He-normal weights and zero biases.

        `sizes` are the features from the input to the output, for example `(64, 32, 10)`.
        """
        if len(sizes) < 2 or min(sizes) < 1:
            raise ValueError(f"sizes must be two or more positive numbers, not {tuple(sizes)}")
        random = np.random.default_rng(seed)
        weights = tuple(
            (random.standard_normal((k, n)) * np.sqrt(2 / k)).astype(np.float32)
            for k, n in pairwise(sizes)
        )
        return cls(weights, tuple(np.zeros(n, np.float32) for n in sizes[1:]))

    @property
    def sizes(self) -> tuple[int, ...]:
        """Features from the input to the output."""
        return (self.weights[0].shape[0], *(len(bias) for bias in self.biases))

    def layer_outputs(self, images: FloatArray) -> list[FloatArray]:
        """The output of every layer, ReLU included, each (n, N). The last are the logits."""
        outputs = []
        x = images
        for index, (weights, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            x = x @ weights + bias
            if index < len(self.weights) - 1:
                x = np.maximum(x, np.float32(0))
            outputs.append(x)
        return outputs

    def predict(self, images: FloatArray) -> npt.NDArray[np.int64]:
        """The class with the largest logit, the first one of equals."""
        predictions: npt.NDArray[np.int64] = self.layer_outputs(images)[-1].argmax(axis=-1)
        return predictions
