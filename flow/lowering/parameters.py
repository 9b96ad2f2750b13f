"""Requantization parameters with zero points folded into biases, and the proof of the width."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from golden.accumulate import required_bits
from golden.channel_parameters import ChannelParameters, channel_parameters
from golden.formats import INT8
from golden.requantize import Requantization
from hw.config import EngineConfig

__all__ = ["folded_parameters", "tiled_parameters"]


def folded_parameters(
    weights: npt.NDArray[np.integer],
    requantization: Requantization,
    zero_points: int | Sequence[int],
    engine: EngineConfig,
) -> list[ChannelParameters]:
    """The parameters of N channels whose accumulators are x @ weights, weights (K, N).

    There is one zero point z for all inputs x, or one each. The sum of (x - z) * w is that of x * w
    less that of z * w, which becomes a part of the bias.

    Raises ValueError if the engine has no such scheme, or if there are int8 inputs for which the
    accumulator, with or without the bias, needs more bits than the engine has.
    """
    if requantization.scheme not in engine.schemes:
        built = ", ".join(sorted(scheme.value for scheme in engine.schemes))
        raise ValueError(
            f"its requantization is {requantization.scheme.value}, and the engine has {built}"
        )
    zeros = np.broadcast_to(np.array(zero_points, np.int64), weights.shape[:1])
    bias = requantization.bias - zeros @ weights.astype(np.int64)
    needed = max(required_bits(weights, INT8), required_bits(weights, INT8, bias))
    if needed > engine.accumulator_bits:
        raise ValueError(
            f"it needs accumulators of {needed} bits, and there are {engine.accumulator_bits}; "
            "make the kernel, the weights or the bias smaller, or accumulator_bits larger"
        )
    words = channel_parameters(requantization, weights.shape[1])
    return [replace(word, bias=int(value)) for word, value in zip(words, bias, strict=True)]


def tiled_parameters(
    words: Sequence[ChannelParameters], width: int, cols: int
) -> tuple[ChannelParameters, ...]:
    """Parameters for tiles of `width` channels, each filled up to the array's columns.

    Columns without a channel have sums of 0, which these parameters neither clip nor round.
    """
    idle = replace(words[-1], bias=0, zero_point=0, low=INT8.min, high=INT8.max)
    tiled: list[ChannelParameters] = []
    for first in range(0, len(words), width):
        tile = list(words[first : first + width])
        tiled += tile + [idle] * (cols - len(tile))
    return tuple(tiled)
