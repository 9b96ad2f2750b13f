"""Kernel windows over images: padding, patches, and what pooling takes from them.

Images are (images, height, width, channels) here; `channels_last` and `in_layout` turn those of a
model around.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from golden.kernel_window import KernelWindow
from golden.model import Layout

__all__ = [
    "channels_last",
    "in_layout",
    "padded",
    "patches",
    "taps",
    "window_counts",
    "window_maxima",
    "window_sums",
]

Array = npt.NDArray[Any]


def channels_last(images: Array, layout: Layout) -> Array:
    """Images of a model as (images, height, width, channels)."""
    if images.ndim != 4:
        raise ValueError(f"it takes images of four dimensions, not of shape {images.shape}")
    return images if layout is Layout.CHANNELS_LAST else np.moveaxis(images, 1, -1)


def in_layout(images: Array, layout: Layout) -> Array:
    """The inverse of `channels_last`, contiguous."""
    if layout is Layout.CHANNELS_LAST:
        return np.ascontiguousarray(images)
    return np.ascontiguousarray(np.moveaxis(images, -1, 1))


def padded(images: Array, window: KernelWindow, fill: int) -> Array:
    """The images with the window's padding around them, every added pixel `fill`."""
    if window.padding == ((0, 0), (0, 0)):
        return images
    return np.pad(images, ((0, 0), *window.padding, (0, 0)), constant_values=fill)


def taps(images: Array, window: KernelWindow, fill: int) -> Iterator[Array]:
    """For each kernel element, row by row, what it meets: (images, rows, columns, channels).

    Rows and columns are those of the output; the arrays are views.
    """
    rows, columns = window.output_size((images.shape[1], images.shape[2]))
    source = padded(images, window, fill)
    (sy, sx), (dy, dx) = window.stride, window.dilation
    for ky in range(window.kernel[0]):
        down = slice(ky * dy, ky * dy + (rows - 1) * sy + 1, sy)
        for kx in range(window.kernel[1]):
            across = slice(kx * dx, kx * dx + (columns - 1) * sx + 1, sx)
            yield source[:, down, across]


def patches(images: Array, window: KernelWindow, fill: int) -> Array:
    """What each output sees: (images, rows, columns, kernel elements, channels)."""
    return np.stack(list(taps(images, window, fill)), axis=3)


def window_sums(images: Array, window: KernelWindow) -> npt.NDArray[np.int32]:
    """Sums over the window, padding as 0: int32, modulo 2**32."""
    return _reduced(images.astype(np.int32), window, 0, np.add)


def window_maxima(images: Array, window: KernelWindow) -> Array:
    """Maxima over the window; padding never wins."""
    return _reduced(images, window, int(np.iinfo(images.dtype).min), np.maximum)


def window_counts(size: tuple[int, int], window: KernelWindow) -> npt.NDArray[np.int64]:
    """How many pixels of an image of this height and width each output sees: (rows, columns)."""
    ones = np.ones((1, *size, 1), np.int32)
    return window_sums(ones, window)[0, :, :, 0].astype(np.int64)


def _reduced(images: Array, window: KernelWindow, fill: int, combine: np.ufunc) -> Array:
    steps = taps(images, window, fill)
    result = next(steps).copy()
    for step in steps:
        combine(result, step, out=result)
    return result
