"""The square window that a convolution or a pooling slides over images."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

__all__ = ["FloatArray", "Shape", "Window"]

FloatArray = npt.NDArray[np.float32]
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Window:
    """`kernel` x `kernel` pixels, every `stride` pixels, with `padding` pixels around an image.

    Images are (n, y, x, channels).
    """

    kernel: int
    stride: int = 1
    padding: int = 0

    def __post_init__(self) -> None:
        for name, least in (("kernel", 1), ("stride", 1), ("padding", 0)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, not {getattr(self, name)}")

    def places(self, shape: Shape) -> tuple[int, int]:
        """How many rows and columns of windows an image (y, x, channels) has."""
        rows, columns = (
            (side + 2 * self.padding - self.kernel) // self.stride + 1 for side in shape[:2]
        )
        if min(rows, columns) < 1:
            raise ValueError(
                f"an image of {shape[0]} x {shape[1]} is smaller than the {self.kernel} x "
                f"{self.kernel} window; make the kernel smaller or the padding larger"
            )
        return rows, columns

    def padded(self, x: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The images with zeros around them."""
        around = (self.padding, self.padding)
        return np.pad(x, ((0, 0), around, around, (0, 0)))

    def cropped(self, padded: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The images without what `padded` put around them."""
        rows, columns = padded.shape[1:3]
        p = self.padding
        return padded[:, p : rows - p, p : columns - p]

    def taps(self, padded: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
        """A view (n, rows, columns, channels) for each pixel of the window, row by row."""
        shape = (padded.shape[1], padded.shape[2])
        rows, columns = Window(self.kernel, self.stride).places(shape)
        s = self.stride
        return [
            padded[:, y : y + s * (rows - 1) + 1 : s, x : x + s * (columns - 1) + 1 : s]
            for y in range(self.kernel)
            for x in range(self.kernel)
        ]

    def patches(self, padded: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """All windows as rows of a matrix, (n, rows, columns, kernel * kernel * channels)."""
        views = sliding_window_view(padded, (self.kernel, self.kernel), axis=(1, 2))
        views = views[:, :: self.stride, :: self.stride].transpose(0, 1, 2, 4, 5, 3)
        return views.reshape(*views.shape[:3], -1)
