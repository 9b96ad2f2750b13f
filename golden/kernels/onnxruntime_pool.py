"""QLinearAveragePool, QLinearGlobalAveragePool, MaxPool and ReduceMean of ONNX Runtime."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from golden.kernel_window import KernelWindow
from golden.kernels.node_values import NodeValues
from golden.kernels.onnxruntime_float import VECTOR, clipped, sum_by_fours
from golden.kernels.onnxruntime_quantize import (
    activated,
    check_fused,
    dequantized,
    is_fused,
    quantized,
    real,
    requantized,
)
from golden.kernels.windows import (
    channels_last,
    in_layout,
    taps,
    window_counts,
    window_maxima,
)
from golden.operators import AveragePool, MaxPool, Mean

__all__ = ["average_pool", "global_average_pool", "max_pool", "mean"]

Array = npt.NDArray[Any]

SMALLEST_SCALE, SCALE_LIMIT = 2.0**-32, 256.0
"""What a global average may be scaled by; ONNX Runtime fails outside."""


def global_average_pool(x: NodeValues) -> Array:
    """rne(f32(acc) * s) + z: acc = sum of (x - zx), s = f32(xs / f32(ys * n))."""
    images = channels_last(x.integers(0), x.model.layout)
    return in_layout(_global_average(x, images), x.model.layout)


def average_pool(x: NodeValues) -> Array:
    """rne(f32(f32(m / ys) + z)): m the mean of the dequantized numbers, summed row by row.

    A window over the whole image, without padding, is a global average.
    """
    operator = x.node.operator
    assert isinstance(operator, AveragePool)
    window = operator.window
    if window.dilation != (1, 1):
        raise ValueError(f"it has the dilation {window.dilation}; QLinearAveragePool has none")
    check_fused(operator.activation, x.output)
    images = channels_last(x.integers(0), x.model.layout)
    height, width = images.shape[1:3]
    if window == KernelWindow((height, width), window.stride):
        return in_layout(_global_average(x, images), x.model.layout)
    counts: Any = np.float32(math.prod(window.kernel))
    if not operator.padding_counts:
        counts = window_counts((height, width), window)[..., None].astype(np.float32)
    total: Any = np.float32(0)
    for tap in taps(channels_last(real(x, 0), x.model.layout), window, 0):
        total = total + tap
    out, fmt = x.output_quantization, x.output_format
    steps = total / counts / out.scale + np.float32(out.zero_point)
    return in_layout(clipped(steps, fmt.min, fmt.max).astype(fmt.dtype), x.model.layout)


def max_pool(x: NodeValues) -> Array:
    """The maximum of the integers; to another scale it is requantized."""
    operator = x.node.operator
    assert isinstance(operator, MaxPool)
    images = channels_last(x.integers(0), x.model.layout)
    highest = in_layout(window_maxima(images, operator.window), x.model.layout)
    if not is_fused(operator.activation, x.output):
        return activated(dequantized(highest, x.tensor(0)), operator.activation, x.output)
    return requantized(highest, x.tensor(0), x.output)


def mean(x: NodeValues) -> Array:
    """The quantized f32(f32 sum / n) of the dequantized numbers, over the last dimensions.

    The order of the sum depends on where a row begins: memory is aligned to 16 bytes.
    """
    operator = x.node.operator
    assert isinstance(operator, Mean)
    shape = x.tensor(0).shape
    kept = len(shape) - len(operator.axes)
    if sorted(operator.axes) != list(range(kept, len(shape))) or not kept:
        raise ValueError(
            f"it takes the mean over the dimensions {operator.axes} of {len(shape)}, and only "
            "that over the last ones is known to the bit"
        )
    count = math.prod(shape[kept:])
    rows = real(x, 0).reshape(-1, count)
    row = np.arange(len(rows)) % math.prod(shape[:kept])
    first = np.minimum(-row * count % VECTOR, count)
    means = sum_by_fours(rows, first) / np.float32(count)
    return quantized(means, x.output).reshape(x.output_shape)


def _global_average(x: NodeValues, images: Array) -> Array:
    given, out, fmt = x.quantization(0), x.output_quantization, x.output_format
    if x.tensor(0).dtype != x.output.dtype:
        raise ValueError(f"its input must be {x.output.dtype} like its output")
    count = images.shape[1] * images.shape[2]
    acc = images.astype(np.int64).sum(axis=(1, 2), keepdims=True) - count * given.zero_point
    scale = given.scale / np.float32(out.scale * np.float32(count))
    if not SMALLEST_SCALE <= scale < SCALE_LIMIT:
        raise ValueError(
            f"it scales sums by {scale}; ONNX Runtime takes from {SMALLEST_SCALE} to below "
            f"{SCALE_LIMIT}"
        )
    scaled = np.rint(acc.astype(np.float32) * scale).astype(np.int64) + out.zero_point
    result: Array = scaled.clip(fmt.min, fmt.max).astype(fmt.dtype)
    return result
