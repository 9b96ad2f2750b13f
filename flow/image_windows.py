"""What a kernel window sees of float images, and the way back for gradients.

Images are (n, y, x, channels).
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from golden.kernel_window import KernelWindow

__all__ = ["cropped", "padded", "patches", "taps"]

Array = npt.NDArray[Any]


def padded(x: Array, window: KernelWindow) -> Array:
    """The images with the window's padding of zeros around them."""
    return np.pad(x, ((0, 0), *window.padding, (0, 0)))


def cropped(x: Array, window: KernelWindow) -> Array:
    """The images without what `padded` put around them."""
    (top, bottom), (left, right) = window.padding
    return x[:, top : x.shape[1] - bottom, left : x.shape[2] - right]


def taps(x: Array, window: KernelWindow) -> list[Array]:
    """A view (n, rows, columns, channels) of padded images for each kernel element, row by row."""
    (down, right), (dy, dx) = window.stride, window.dilation
    rows, columns = KernelWindow(window.kernel, window.stride, window.dilation).output_size(
        (x.shape[1], x.shape[2])
    )
    bottom, end = (rows - 1) * down + 1, (columns - 1) * right + 1
    return [
        x[:, ky * dy : ky * dy + bottom : down, kx * dx : kx * dx + end : right]
        for ky, kx in np.ndindex(window.kernel)
    ]


def patches(x: Array, window: KernelWindow) -> Array:
    """All windows of padded images, (n, rows, columns, kernel elements * channels)."""
    (down, right), (dy, dx) = window.stride, window.dilation
    views = sliding_window_view(x, window.extent, axis=(1, 2))
    views = views[:, ::down, ::right, :, ::dy, ::dx].transpose(0, 1, 2, 4, 5, 3)
    return views.reshape(*views.shape[:3], -1)
