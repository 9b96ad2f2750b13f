"""Convolutions and matrix products: the kernel's bytes along the rows of the array.

Neighbouring kernel columns are neighbouring bytes of an image row where the kernel has no dilation,
so a pass takes R bytes of a kernel row, whatever columns they belong to. Where a kernel also spans
whole image rows, its rows are neighbouring bytes too.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from flow.layers import Conv2d, FullyConnected, TensorType
from flow.lowering.nest import Nest
from flow.lowering.parameters import folded_parameters, tiled_parameters
from flow.lowering.window_nest import window_nest
from golden.channel_parameters import ChannelParameters
from golden.kernel_window import KernelWindow
from hw.config import EngineConfig
from hw.instruction import INSTRUCTION

__all__ = ["dense_nest", "lower_convolution", "lower_fully_connected"]

Int8Array = npt.NDArray[np.int8]


@dataclass(frozen=True)
class _Geometry:
    """A convolution: the input's (batch, height, width, channels), and the kernel on it."""

    shape: tuple[int, int, int, int]
    window: KernelWindow
    weights: Int8Array


def lower_convolution(layer: Conv2d, read: TensorType, engine: EngineConfig) -> list[Nest]:
    """One nest."""
    matrix = layer.weights.reshape(-1, layer.weights.shape[3])
    words = folded_parameters(matrix, layer.requantization, read.zero_point, engine)
    return [dense_nest(layer.input, read, layer.window, layer.weights, words, engine)]


def lower_fully_connected(
    layer: FullyConnected, read: TensorType, engine: EngineConfig
) -> list[Nest]:
    """The convolution by a kernel of one element."""
    words = folded_parameters(layer.weights, layer.requantization, read.zero_point, engine)
    weights = layer.weights[None, None]
    return [dense_nest(layer.input, read, KernelWindow((1, 1)), weights, words, engine)]


def dense_nest(
    source: str,
    read: TensorType,
    window: KernelWindow,
    weights: Int8Array,
    words: list[ChannelParameters],
    engine: EngineConfig,
) -> Nest:
    """The nest of a convolution by weights (kernel rows, columns, channels, outputs)."""
    plain = _Geometry(read.shape, window, weights)
    simple = _spatial_rows_merged(plain) or _kernel_rows_merged(plain) or plain
    outputs = simple.weights.shape[3]
    return window_nest(
        simple.shape,
        simple.window,
        source=source,
        step_kc=engine.rows,
        padding=read.zero_point,
        tiles=_tiles(simple, engine.rows, engine.cols),
        parameters=tiled_parameters(words, engine.cols, engine.cols),
        channels=outputs,
        width=min(outputs, engine.cols),
        last_width=(outputs - 1) % engine.cols + 1,
    )


def _spatial_rows_merged(g: _Geometry) -> _Geometry | None:
    """A kernel of one element that goes everywhere: all pixels of all images are one column."""
    if g.window != KernelWindow((1, 1)):
        return None
    batch, height, width, channels = g.shape
    return replace(g, shape=(1, batch * height * width, 1, channels))


def _kernel_rows_merged(g: _Geometry) -> _Geometry | None:
    """A kernel as wide as the image: the image is one row, of pixels that were rows."""
    (_, width), window = g.shape[1:3], g.window
    (kernel_y, kernel_x), (stride_y, _) = window.kernel, window.stride
    if kernel_x != width or window.padding[1] != (0, 0) or window.dilation[0] != 1:
        return None
    if kernel_x > 1 and window.dilation[1] != 1:
        return None
    batch, height, _, channels = g.shape
    pixel = width * channels
    if height * pixel > _largest("row_bytes") or stride_y * pixel > _largest("step_x"):
        return None
    merged = KernelWindow((1, kernel_y), (1, stride_y), padding=((0, 0), window.padding[0]))
    weights = g.weights.reshape(1, kernel_y, pixel, -1)
    return _Geometry((batch, 1, height, pixel), merged, weights)


def _largest(field: str) -> int:
    return int(INSTRUCTION[field].range[1])


def _tiles(g: _Geometry, rows: int, cols: int) -> Int8Array:
    """The weights as tiles, padded with zeros."""
    kernel_y, kernel_x, channels, outputs = g.weights.shape
    weights = g.weights
    if g.window.dilation[1] == 1:
        weights = weights.reshape(kernel_y, 1, kernel_x * channels, outputs)
    steps_kx, length = weights.shape[1:3]
    padding = ((0, 0), (0, 0), (0, -length % rows), (0, -outputs % cols))
    padded = np.pad(weights, padding)
    tiles = padded.reshape(kernel_y, steps_kx, -1, rows, padded.shape[3] // cols, cols)
    return np.ascontiguousarray(tiles.transpose(4, 0, 1, 2, 3, 5))
