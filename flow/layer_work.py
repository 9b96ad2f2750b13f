"""What a layer is called, and how many products it takes."""

from collections.abc import Sequence
from math import prod

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

__all__ = ["kind", "multiply_accumulates"]


def kind(layer: Layer) -> str:
    """What it is, for a person."""
    match layer:
        case Conv2d():
            return f"convolution {_size(layer.window.kernel)}"
        case DepthwiseConv2d():
            return f"depthwise {_size(layer.window.kernel)}"
        case FullyConnected():
            return "fully connected"
        case AveragePool():
            return f"average pooling {_size(layer.window.kernel)}"
        case GlobalAveragePool():
            return "global average pooling"
        case MaxPool():
            return f"max pooling {_size(layer.window.kernel)}"
        case ResidualAdd():
            return "residual addition"
        case Flatten():
            return "flatten"
    raise TypeError(f"layer {layer.name} must be one of flow.layers, not {type(layer).__name__}")


def multiply_accumulates(layer: Layer, inputs: Sequence[TensorType]) -> int:
    """How many products the layer's definition has, those with padding included.

    An addition has one for each of its operands, a pooling one for each element of its windows.
    """
    outputs = layer.output(inputs).bytes
    match layer:
        case Conv2d():
            return outputs * prod(layer.weights.shape[:3])
        case DepthwiseConv2d() | AveragePool() | MaxPool():
            return outputs * prod(layer.window.kernel)
        case FullyConnected():
            return outputs * len(layer.weights)
        case GlobalAveragePool():
            return inputs[0].bytes
        case ResidualAdd():
            return outputs * 2
        case Flatten():
            return 0
    raise TypeError(f"layer {layer.name} must be one of flow.layers, not {type(layer).__name__}")


def _size(kernel: tuple[int, int]) -> str:
    return f"{kernel[0]} × {kernel[1]}"
