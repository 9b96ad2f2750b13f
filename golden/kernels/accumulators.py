"""The exact accumulators of convolution, depthwise convolution and fully connected.

What every runtime agrees on: the sum of (activation - zero point) * (weight - zero point), padding
being the activation's zero point, modulo 2**32. Bias, scale and rounding are the kernel set's.

Activations and weights are int8 or uint8. The channels of an accumulator are its last axis, where
`golden.requantize` wants them; images are channels last (see `golden.kernels.windows`).
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from golden.gemm import matmul
from golden.kernel_window import KernelWindow
from golden.kernels.windows import patches, taps

__all__ = ["convolution", "depthwise", "fully_connected"]

Array = npt.NDArray[Any]
Accumulators = npt.NDArray[np.int32]

BLOCK_ELEMENTS = 1 << 24
"""Elements of the patches that exist at a time."""


def fully_connected(
    rows: Array, weights: Array, *, zero_point: int = 0, weight_zero_points: npt.ArrayLike = 0
) -> Accumulators:
    """Rows (..., K) by weights (K, N): (..., N).

    The zero point is that of the activations; weights have one, or (N,) of them.
    """
    flat = rows.reshape(-1, rows.shape[-1])
    acc = matmul(flat, weights).astype(np.int64)
    weight_zero = np.asarray(weight_zero_points, np.int64)
    if zero_point:
        acc -= zero_point * (weights.sum(0, dtype=np.int64) - len(weights) * weight_zero)
    if weight_zero.any():
        acc -= flat.sum(1, dtype=np.int64)[:, None] * weight_zero
    return acc.astype(np.int32).reshape(*rows.shape[:-1], weights.shape[1])


def convolution(
    images: Array,
    weights: Array,
    window: KernelWindow,
    *,
    groups: int = 1,
    zero_point: int = 0,
    weight_zero_points: npt.ArrayLike = 0,
) -> Accumulators:
    """Images by weights (kernel rows, kernel columns, channels / groups, N).

    Returns (images, rows, columns, N). Other parameters are those of `fully_connected`.
    """
    channels, outputs = images.shape[-1], weights.shape[-1]
    _check_kernel(weights, window)
    if channels % groups or outputs % groups or weights.shape[2] * groups != channels:
        raise ValueError(
            f"weights of shape {weights.shape} in {groups} groups do not suit {channels} channels"
        )
    weight_zero = np.broadcast_to(np.asarray(weight_zero_points, np.int64), outputs)
    rows, columns = window.output_size((images.shape[1], images.shape[2]))
    result = np.empty((len(images), rows, columns, outputs), np.int32)
    taken = rows * columns * channels * window.kernel[0] * window.kernel[1]
    step = max(1, BLOCK_ELEMENTS // taken)
    for start in range(0, len(images), step):
        block = slice(start, start + step)
        seen = patches(images[block], window, zero_point)
        for group in range(groups):
            inputs = _part(group, channels // groups)
            part = _part(group, outputs // groups)
            result[block, ..., part] = fully_connected(
                seen[..., inputs].reshape(*seen.shape[:3], -1),
                weights[..., part].reshape(-1, outputs // groups),
                zero_point=zero_point,
                weight_zero_points=weight_zero[part],
            )
    return result


def depthwise(
    images: Array,
    weights: Array,
    window: KernelWindow,
    *,
    zero_point: int = 0,
    weight_zero_points: npt.ArrayLike = 0,
) -> Accumulators:
    """Images by weights (kernel rows, kernel columns, channels, multiplier).

    Returns (images, rows, columns, channels * multiplier); weight zero points are one, or one for
    each of these channels.
    """
    _check_kernel(weights, window)
    channels, multiplier = weights.shape[2:]
    if channels != images.shape[-1]:
        raise ValueError(
            f"weights of shape {weights.shape} do not suit {images.shape[-1]} channels"
        )
    weight_zero = np.broadcast_to(np.asarray(weight_zero_points, np.int64), channels * multiplier)
    centred = weights.astype(np.int32) - weight_zero.reshape(channels, multiplier).astype(np.int32)
    kernel = centred.reshape(-1, channels, multiplier)
    acc: Any = 0
    for tap, weight in zip(taps(images, window, zero_point), kernel, strict=True):
        acc += (tap.astype(np.int32) - np.int32(zero_point))[..., None] * weight
    return np.asarray(acc, np.int32).reshape(*acc.shape[:3], channels * multiplier)


def _part(group: int, length: int) -> slice:
    return slice(group * length, (group + 1) * length)


def _check_kernel(weights: Array, window: KernelWindow) -> None:
    if weights.ndim != 4 or weights.shape[:2] != window.kernel:
        raise ValueError(
            f"a kernel of {window.kernel} needs weights of four dimensions that begin so, "
            f"not {weights.shape}"
        )
