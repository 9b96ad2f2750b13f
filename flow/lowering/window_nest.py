"""The loop nest that moves a window over images."""

from typing import Any

from flow.lowering.nest import Nest
from golden.kernel_window import KernelWindow

__all__ = ["window_nest"]


def window_nest(shape: tuple[int, int, int, int], window: KernelWindow, **fields: Any) -> Nest:
    """Return the nest of a window on images (batch, height, width, channels), with other fields."""
    batch, height, width, channels = shape
    rows_y, rows_x = window.output_size((height, width))
    (top, _), (left, _) = window.padding
    return Nest(
        images=batch,
        image_rows=height,
        row_bytes=width * channels,
        rows_y=rows_y,
        rows_x=rows_x,
        y_start=-top,
        x_start=-left * channels,
        step_y=window.stride[0],
        step_x=window.stride[1] * channels,
        step_ky=window.dilation[0],
        step_kx=window.dilation[1] * channels,
        **fields,
    )
