"""Fake quantization of PyTorch tensors: `golden.fake_quantize` bit for bit, with gradients.

The operations are those of golden in their order, each of which IEEE 754 rounds in one way: a true
float32 division, rounding to the even neighbour, a clip between integers and one product. Hence the
equality, which the tests hold on every bit; it is one of eager mode, as a compiler may contract.
"""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from golden.channels import spread
from golden.quantization import Quantization

__all__ = ["fake_quantize", "learned_step", "quantization_tensors", "straight_through"]


def fake_quantize(x: Tensor, q: Quantization) -> Tensor:
    """Return what the integer network sees of `x`; the gradient goes straight through."""
    return straight_through(x, *quantization_tensors(q, tuple(x.shape), x.device))


def straight_through(x: Tensor, scale: Tensor, low: Tensor, high: Tensor) -> Tensor:
    """Fake quantization whose gradient is that of the identity where nothing is clipped.

    Parameters
    ----------
    x
        float32.
    scale
        float32, positive, in a shape that broadcasts over `x`.
    low, high
        float32 integers: the end codes minus the zero point, shaped as `scale`.

    The factor of the gradient is `golden.fake_quantize.straight_through_mask`. NaN becomes the
    lowest code and infinities saturate.
    """
    _check(x)
    result: Tensor = _StraightThrough.apply(x, scale, low, high)
    return result


def learned_step(x: Tensor, scale: Tensor, low: Tensor, high: Tensor, values: int) -> Tensor:
    """Fake quantization that trains its scale, by learned step size quantization.

    The arguments are those of `straight_through`. With v = x / scale, the gradient of x goes
    through where low < v < high, and that of a scale is the sum of the upstream gradient times

        low where v <= low,    high where v >= high,    round(v) - v between

    divided by sqrt(values * high), where `values` says how many values share the scale, those of
    one example of a batch (Esser et al., arXiv:1902.08153, section 2). A zero point at the top
    leaves no codes above: 1 then stands for `high`.
    """
    _check(x)
    result: Tensor = _LearnedStep.apply(x, scale, low, high, values)
    return result


def quantization_tensors(
    q: Quantization, shape: tuple[int, ...], device: torch.device | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """Return scale, low and high, as `straight_through` takes them for a tensor of a shape.

    Raises ValueError for more than 16 bits, where a float32 need not hold a code.
    """
    if q.format.bits > 16:
        raise ValueError(f"fake quantization takes formats of up to 16 bits, not {q.format}")
    parts = (q.scale, q.low - q.zero_point, q.high - q.zero_point)
    scale, low, high = (
        torch.from_numpy(np.array(spread(part, shape, q.axis), np.float32)) for part in parts
    )
    return scale.to(device), low.to(device), high.to(device)


def _check(x: Tensor) -> None:
    if x.dtype != torch.float32:
        raise TypeError(f"what is quantized must be torch.float32, not {x.dtype}")


def _quantized(steps: Tensor, scale: Tensor, low: Tensor, high: Tensor) -> Tensor:
    clipped = torch.fmin(torch.fmax(steps, low), high)  # fmax takes the number and not the NaN
    return (clipped + 0.0) * scale  # -0 + 0 is 0


class _StraightThrough(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, scale: Tensor, low: Tensor, high: Tensor) -> Tensor:
        steps = torch.round(x / scale)
        ctx.save_for_backward((steps >= low) & (steps <= high))
        return _quantized(steps, scale, low, high)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, ...]:
        (inside,) = ctx.saved_tensors
        return upstream * inside, None, None, None


class _LearnedStep(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, scale: Tensor, low: Tensor, high: Tensor, values: int
    ) -> Tensor:
        ratio = x / scale
        ctx.save_for_backward(ratio, scale, low, high)
        ctx.values = values
        return _quantized(torch.round(ratio), scale, low, high)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor | None, ...]:
        ratio, scale, low, high = ctx.saved_tensors
        slope = torch.where(ratio >= high, high, torch.round(ratio) - ratio)
        slope = torch.where(ratio <= low, low, slope)
        total = (slope * upstream).double().sum_to_size(scale.shape)
        balance = torch.sqrt(ctx.values * high.clamp(min=1).double())
        inside = (ratio > low) & (ratio < high)
        return upstream * inside, (total / balance).float(), None, None, None
