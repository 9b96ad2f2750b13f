"""Pooling: averages are depthwise convolutions by ones, maxima are passes that keep the larger."""

import numpy as np

from flow.layers import AveragePool, MaxPool, TensorType
from flow.lowering.depthwise import depthwise_nest, diagonal_nest
from flow.lowering.nest import Nest
from flow.lowering.parameters import folded_parameters
from golden.accumulate_operation import AccumulateOperation
from golden.formats import INT8
from golden.requantize import Requantization
from golden.scheme import Scheme
from hw.config import EngineConfig

__all__ = ["lower_average_pool", "lower_max_pool"]


def lower_average_pool(layer: AveragePool, read: TensorType, engine: EngineConfig) -> list[Nest]:
    """A depthwise convolution; the division is in the requantization's scale."""
    weights = np.ones((*layer.window.kernel, read.shape[3], 1), np.int8)
    matrix = weights.reshape(-1, read.shape[3])
    words = folded_parameters(matrix, layer.requantization, read.zero_point, engine)
    return [depthwise_nest(layer.input, read, layer.window, weights, words, engine)]


def lower_max_pool(layer: MaxPool, read: TensorType, engine: EngineConfig) -> list[Nest]:
    """The identity for each kernel element; padding is the smallest code, which never wins."""
    weights = np.ones((*layer.window.kernel, read.shape[3], 1), np.int8)
    scheme = next(scheme for scheme in Scheme if scheme in engine.schemes)
    unchanged = Requantization.from_scale(scheme, 1.0)
    words = folded_parameters(weights[0, 0].T, unchanged, 0, engine)
    return [
        diagonal_nest(
            layer.input,
            read,
            layer.window,
            weights,
            words,
            engine,
            rest=AccumulateOperation.MAX,
            padding=INT8.min,
        )
    ]
