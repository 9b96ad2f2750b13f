"""The modules that fake-quantize: what a scale follows from, and how it is trained."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from flow.qat.fake_quantize import learned_step, straight_through
from golden.formats import INT8, IntegerFormat
from golden.quantization import Quantization, Range
from golden.quantize import SMALLEST_SCALE, QuantizationKind, choose
from golden.ranges import RangeRule, find_range

__all__ = ["ACTIVATIONS", "WEIGHTS", "FakeQuantizer", "Mode", "Recipe", "Step"]


class Mode(Enum):
    """What a quantizer does with a tensor."""

    FLOAT = "float"
    """It passes."""
    OBSERVE = "observe"
    """It passes and is remembered, to find a range."""
    QUANTIZE = "quantize"
    """It becomes what the integer network sees."""


class Step(Enum):
    """Where the scale comes from while the network is trained."""

    FIXED = "fixed"
    """It stays as it was calibrated."""
    FOLLOWING = "following"
    """It is found anew from the tensor itself every time: only weights."""
    LEARNED = "learned"
    """It is a parameter with a gradient: learned step size quantization."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How a tensor is quantized.

    Parameters
    ----------
    format : of the codes, 2 to 8 bits
    kind : how the scale and the zero point follow from a range
    step : where the scale comes from in training
    rule : how the range is found
    narrow : whether the lowest code is left out
    per_channel : whether each channel of the first axis has a scale: only weights
    """

    format: IntegerFormat
    kind: QuantizationKind
    step: Step
    rule: RangeRule
    narrow: bool = False
    per_channel: bool = False

    def __post_init__(self) -> None:
        if not 2 <= self.format.bits <= 8:
            raise ValueError(f"format must have from 2 to 8 bits, not {self.format}")


WEIGHTS = Recipe(
    format=INT8,
    kind=QuantizationKind.SYMMETRIC,
    step=Step.FOLLOWING,
    rule=RangeRule.MIN_MAX,
    narrow=True,
    per_channel=True,
)
"""Of weights, if nothing else is said."""

ACTIVATIONS = Recipe(
    format=INT8,
    kind=QuantizationKind.ASYMMETRIC,
    step=Step.FIXED,
    rule=RangeRule.MEAN_SQUARED_ERROR,
)
"""Of activations, if nothing else is said."""


class FakeQuantizer(nn.Module):
    """Fake quantization of one tensor; in the beginning in `Mode.FLOAT`.

    Parameters
    ----------
    recipe : how
    channels : scales, one each for the channels of the first axis; None for one scale

    Members
    -------
    mode : what `forward` does
    scale : () or (channels,) float32, NaN before it is initialized; a parameter if it is learned
    zero_point : () or (channels,) int64
    """

    def __init__(self, recipe: Recipe, channels: int | None = None) -> None:
        super().__init__()
        self.recipe = recipe
        self.axis = None if channels is None else 0
        self.mode = Mode.FLOAT
        self.observed: list[np.ndarray[Any, Any]] = []
        scale = torch.full(() if channels is None else (channels,), float("nan"))
        if recipe.step is Step.LEARNED:
            self.scale = nn.Parameter(scale)
        else:
            self.register_buffer("scale", scale)
        self.register_buffer("zero_point", torch.zeros(scale.shape, dtype=torch.int64))

    @property
    def initialized(self) -> bool:
        """Whether there is a scale."""
        return not bool(torch.isnan(self.scale).any())

    @property
    def quantization(self) -> Quantization:
        """As golden and the exported file have it, at this moment."""
        recipe = self.recipe
        scale = self._scale().detach().cpu().numpy()
        zero_point = self.zero_point.cpu().numpy()
        return Quantization(scale, zero_point, recipe.format, self.axis, recipe.narrow)

    def initialize(self, values: Range) -> None:
        """Set scale and zero point for a range, by `golden.quantize.choose`."""
        recipe = self.recipe
        chosen = choose(values, recipe.format, recipe.kind, narrow=recipe.narrow)
        with torch.no_grad():
            self.scale.copy_(torch.from_numpy(chosen.scale.copy()))
            self.zero_point.copy_(torch.from_numpy(chosen.zero_point.copy()))

    def initialize_from(self, tensors: Sequence[Tensor]) -> None:
        """Set scale and zero point from tensors, batch by batch, by the recipe's rule."""
        self._initialize_from([tensor.detach().cpu().numpy() for tensor in tensors])

    def initialize_from_observed(self) -> None:
        """Set scale and zero point from what was observed, and forget that."""
        self._initialize_from(self.observed)
        self.observed = []

    def forward(self, x: Tensor) -> Tensor:
        """`x`, or in `Mode.QUANTIZE` what the integer network sees of it."""
        if self.mode is Mode.OBSERVE:
            self.observed.append(x.detach().cpu().numpy().copy())
        if self.mode is not Mode.QUANTIZE:
            return x
        if self.recipe.step is Step.FOLLOWING:
            self.initialize_from([x])
        shape = (-1, *[1] * (x.ndim - 1)) if self.axis == 0 else ()
        recipe = self.recipe
        lowest = recipe.format.min + int(recipe.narrow)
        low = (lowest - self.zero_point).to(torch.float32).reshape(shape)
        high = (recipe.format.max - self.zero_point).to(torch.float32).reshape(shape)
        scale = self._scale().reshape(shape)
        if recipe.step is Step.LEARNED:
            return learned_step(x, scale, low, high, self._values_of_a_scale(x))
        return straight_through(x, scale, low, high)

    def _values_of_a_scale(self, x: Tensor) -> int:
        return int(x.numel() // self.scale.numel())

    def _initialize_from(self, arrays: list[np.ndarray[Any, Any]]) -> None:
        recipe = self.recipe
        symmetric = recipe.kind is not QuantizationKind.ASYMMETRIC
        seen: Any = arrays
        if recipe.rule is not RangeRule.MOVING_AVERAGE:
            seen = np.concatenate(arrays)
        found = find_range(seen, recipe.rule, recipe.format, axis=self.axis, symmetric=symmetric)
        self.initialize(found)

    def _scale(self) -> Tensor:
        """The scale that is used: a learned one is kept legal."""
        if self.recipe.step is not Step.LEARNED:
            scale: Tensor = self.scale
            return scale
        power_of_two = self.recipe.kind is QuantizationKind.POWER_OF_TWO
        legal: Tensor = _LegalScale.apply(self.scale, power_of_two)
        return legal


class _LegalScale(torch.autograd.Function):
    """At least the smallest normal number, a power of two if asked for; the gradient passes."""

    @staticmethod
    def forward(ctx: Any, scale: Tensor, power_of_two: bool) -> Tensor:
        scale = scale.clamp(min=SMALLEST_SCALE)
        if not power_of_two:
            return scale
        mantissa, exponent = torch.frexp(scale)
        return torch.ldexp(torch.ones_like(scale), exponent - (mantissa == 0.5).int())

    @staticmethod
    def backward(ctx: Any, upstream: Tensor) -> tuple[Tensor, None]:
        return upstream, None
