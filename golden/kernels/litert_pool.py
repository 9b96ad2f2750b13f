"""AVERAGE_POOL_2D and MAX_POOL_2D in LiteRT's kernel sets: on raw codes, scales play no part."""

from typing import Any

import numpy as np
import numpy.typing as npt

from golden.kernels.litert_bounds import builtin_bounds, xnnpack_bounds
from golden.kernels.node_values import NodeValues
from golden.kernels.windows import (
    channels_last,
    in_layout,
    window_counts,
    window_maxima,
    window_sums,
)
from golden.operators import AveragePool, MaxPool
from golden.rounding import Rounding, round_divide

__all__ = ["average", "maximum", "xnnpack_maximum", "xnnpack_takes_maximum"]

Array = npt.NDArray[Any]


def average(x: NodeValues) -> Array:
    """The sum of codes over their number, ties away from zero; padding is left out."""
    operator = x.node.operator
    assert isinstance(operator, AveragePool)
    if operator.padding_counts:
        raise ValueError("it counts padding, which AVERAGE_POOL_2D does not do")
    images = _images(x)
    counts = window_counts((images.shape[1], images.shape[2]), operator.window)
    mean = round_divide(
        window_sums(images, operator.window), counts[:, :, None], Rounding.HALF_AWAY
    )
    return _finish(x, mean, builtin_bounds(x, operator.activation))


def maximum(x: NodeValues) -> Array:
    """The largest code."""
    operator = x.node.operator
    assert isinstance(operator, MaxPool)
    largest = window_maxima(_images(x), operator.window)
    return _finish(x, largest, builtin_bounds(x, operator.activation))


def xnnpack_maximum(x: NodeValues) -> Array:
    """The largest code, with XNNPACK's bounds."""
    operator = x.node.operator
    assert isinstance(operator, MaxPool)
    largest = window_maxima(_images(x), operator.window)
    return _finish(x, largest, xnnpack_bounds(x, operator.activation))


def xnnpack_takes_maximum(x: NodeValues) -> bool:
    """Whether no stride is longer than the kernel, and a 1 x 1 kernel does not stride."""
    operator = x.node.operator
    assert isinstance(operator, MaxPool)
    pairs = zip(operator.window.kernel, operator.window.stride, strict=True)
    return all(stride <= kernel for kernel, stride in pairs)


def _images(x: NodeValues) -> Array:
    given, out = x.quantization(0), x.output_quantization
    if (given.scale, given.zero_point) != (out.scale, out.zero_point):
        raise ValueError("its input and output must have the same scale and zero point")
    return channels_last(x.integers(0), x.model.layout)


def _finish(x: NodeValues, codes: Array, bounds: tuple[int, int]) -> Array:
    return in_layout(np.clip(codes, *bounds).astype(x.output_format.dtype), x.model.layout)
