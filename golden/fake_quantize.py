"""Quantization-aware training: the quantized forward pass and the gradients around it."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from golden.channels import as_float32, as_rows, spread
from golden.quantization import Quantization
from golden.quantize import clipped_steps, saturates
from golden.rounding import Rounding

__all__ = ["fake_quantize", "learned_step_gradient", "straight_through_mask"]


def fake_quantize(
    x: ArrayLike,
    q: Quantization,
    rounding: Rounding = Rounding.HALF_EVEN,
    *,
    seed: int | None = None,
) -> NDArray[np.float32]:
    """Return `dequantize(quantize(x))`, what the integer network sees of `x`, bit for bit.

    The integers are passed over, which halves the time.
    """
    steps = clipped_steps(x, q, rounding, seed=seed)
    scale = spread(q.scale, steps.shape, q.axis)
    with np.errstate(over="ignore"):
        return np.asarray((steps + 0.0).astype(np.float32, copy=False) * scale)  # -0 + 0 is 0


def straight_through_mask(x: ArrayLike, q: Quantization) -> NDArray[np.float32]:
    """Return the factor of the gradient of `x`: 1 where `quantize` keeps x, 0 where it clips.

    The straight-through estimator takes rounding for the identity (Bengio et al.,
    arXiv:1308.3432); NaN counts as clipped.
    """
    return np.asarray(~saturates(x, q), dtype=np.float32)


def learned_step_gradient(
    x: ArrayLike, upstream: ArrayLike, q: Quantization, *, balanced: bool = True
) -> NDArray[np.float32]:
    """Return the gradient of the scale, shape () or (channels,), by learned step size quantization.

    With v = x / scale and the end codes l = qmin - zero_point and h = qmax - zero_point, each value
    adds its `upstream` gradient times

        l where v <= l,    h where v >= h,    round(v) - v between

    (Esser et al., arXiv:1902.08153). `balanced` divides by sqrt(values of a scale * h), the paper's
    factor that keeps the step's updates in proportion to those of the values.

    Raises ValueError unless `x` and `upstream` have one shape.
    """
    values, gradient = as_float32(x), as_float32(upstream, "upstream")
    if values.shape != gradient.shape:
        raise ValueError(f"upstream must have the shape of x, {values.shape}, not {gradient.shape}")
    scale, zero = (spread(part, values.shape, q.axis) for part in (q.scale, q.zero_point))
    low, high = q.low - zero, q.high - zero
    with np.errstate(over="ignore"):
        steps = (values / scale).astype(np.float64)
    slope = np.where(steps <= low, low, np.where(steps >= high, high, np.rint(steps) - steps))
    total = as_rows(slope * gradient, q.axis).sum(axis=1).reshape(q.scale.shape)
    if balanced:
        reach = np.maximum(
            q.high - q.zero_point, 1
        )  # a zero point at the top leaves no codes above
        total = total / np.sqrt(reach * (values.size / q.scale.size))
    return np.asarray(total, dtype=np.float32)
