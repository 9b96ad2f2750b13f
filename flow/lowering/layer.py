"""Which lowering a layer has."""

from collections.abc import Iterable, Sequence

from flow.layers import (
    AveragePool,
    Conv2d,
    DepthwiseConv2d,
    Flatten,
    FullyConnected,
    GlobalAveragePool,
    Layer,
    MaxPool,
    ResidualAdd,
    TensorType,
)
from flow.lowering.convolution import lower_convolution, lower_fully_connected
from flow.lowering.depthwise import lower_depthwise
from flow.lowering.nest import Nest
from flow.lowering.pooling import lower_average_pool, lower_max_pool
from flow.lowering.residual import lower_residual
from hw.config import EngineConfig

__all__ = ["lower_layer"]


def lower_layer(layer: Layer, types: Sequence[TensorType], engine: EngineConfig) -> Iterable[Nest]:
    """Return the nests of a layer that reads tensors of these types, in the order of execution.

    Raises ValueError, in a sentence about "it", if the engine cannot run it.
    """
    match layer:
        case Conv2d():
            return lower_convolution(layer, types[0], engine)
        case FullyConnected():
            return lower_fully_connected(layer, types[0], engine)
        case DepthwiseConv2d():
            return lower_depthwise(layer, types[0], engine)
        case AveragePool():
            return lower_average_pool(layer, types[0], engine)
        case GlobalAveragePool():
            return lower_average_pool(layer.pool(types[0]), types[0], engine)
        case MaxPool():
            return lower_max_pool(layer, types[0], engine)
        case ResidualAdd():
            return lower_residual(layer, (types[0], types[1]), engine)
        case Flatten():
            return []
    raise TypeError(f"it must be one of flow.layers, not {type(layer).__name__}")
