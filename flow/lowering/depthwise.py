"""Depthwise convolutions: diagonal weight tiles.

A tile holds one kernel element of as many channels as fit. Where all channels fit into the columns,
the kernel can also be seen as a dense one that is mostly zero, whose rows of bytes hold several
kernel columns. Which one takes fewer passes is taken.
"""

import numpy as np
import numpy.typing as npt

from flow.layers import DepthwiseConv2d, TensorType
from flow.lowering.convolution import dense_nest
from flow.lowering.nest import Nest
from flow.lowering.parameters import folded_parameters, tiled_parameters
from flow.lowering.window_nest import window_nest
from golden.accumulate_operation import AccumulateOperation
from golden.channel_parameters import ChannelParameters
from golden.kernel_window import KernelWindow
from hw.config import EngineConfig

__all__ = ["depthwise_nest", "diagonal_nest", "lower_depthwise"]

Int8Array = npt.NDArray[np.int8]


def lower_depthwise(layer: DepthwiseConv2d, read: TensorType, engine: EngineConfig) -> list[Nest]:
    """One nest."""
    matrix = layer.weights.reshape(-1, layer.weights.shape[2] * layer.weights.shape[3])
    words = folded_parameters(matrix, layer.requantization, read.zero_point, engine)
    return [depthwise_nest(layer.input, read, layer.window, layer.weights, words, engine)]


def depthwise_nest(
    source: str,
    read: TensorType,
    window: KernelWindow,
    weights: Int8Array,
    words: list[ChannelParameters],
    engine: EngineConfig,
) -> Nest:
    """The nest with the fewest passes for weights (kernel rows, columns, channels, multiplier)."""
    kernel_y, kernel_x, channels, multiplier = weights.shape
    if multiplier > engine.cols or channels * multiplier <= engine.cols:
        expanded = np.zeros((kernel_y, kernel_x, channels, channels, multiplier), np.int8)
        every = np.arange(channels)
        expanded[:, :, every, every] = weights
        dense = expanded.reshape(kernel_y, kernel_x, channels, channels * multiplier)
        packed = dense_nest(source, read, window, dense, words, engine)
        if multiplier > engine.cols:
            return packed
        diagonal = diagonal_nest(source, read, window, weights, words, engine)
        return min(packed, diagonal, key=lambda nest: nest.passes)
    return diagonal_nest(source, read, window, weights, words, engine)


def diagonal_nest(
    source: str,
    read: TensorType,
    window: KernelWindow,
    weights: Int8Array,
    words: list[ChannelParameters],
    engine: EngineConfig,
    *,
    rest: AccumulateOperation = AccumulateOperation.ADD,
    padding: int | None = None,
) -> Nest:
    """The nest with a pass for each kernel element; `multiplier` must be at most the columns.

    `padding` is the zero point of what is read by default.
    """
    channels, multiplier = weights.shape[2:]
    together = min(engine.rows, engine.cols // multiplier, channels)
    tiles_n = -(-channels // together)
    return window_nest(
        read.shape,
        window,
        source=source,
        step_n=together,
        padding=read.zero_point if padding is None else padding,
        rest=rest,
        tiles=_tiles(weights, together, engine.rows, engine.cols),
        parameters=tiled_parameters(words, together * multiplier, engine.cols),
        channels=channels * multiplier,
        width=together * multiplier,
        last_width=(channels - (tiles_n - 1) * together) * multiplier,
    )


def _tiles(weights: Int8Array, together: int, rows: int, cols: int) -> Int8Array:
    """Row r of a tile holds the weights of its channel r, in the columns of that channel."""
    kernel_y, kernel_x, channels, multiplier = weights.shape
    padded = np.pad(weights, ((0, 0), (0, 0), (0, -channels % together), (0, 0)))
    parts = padded.reshape(kernel_y, kernel_x, -1, together, multiplier)
    tiles = np.zeros((parts.shape[2], kernel_y, kernel_x, 1, rows, cols), np.int8)
    for row in range(together):
        columns = slice(row * multiplier, (row + 1) * multiplier)
        tiles[:, :, :, 0, row, columns] = parts[:, :, :, row].transpose(2, 0, 1, 3)
    return tiles
