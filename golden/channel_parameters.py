"""Requantization parameters of single output channels, and what is counted when they are applied.

An accelerator keeps a word of parameters for each output channel, so neighbouring channels may
follow different schemes. `requantize_counted` applies such words and counts

 * `low` and `high`: values that the clip changed, from below `low` and from above `high`; the value
   is the rounded one with the zero point added;
 * `ties`: outputs that the clip did not change, and of which the number that is rounded to an
   integer lay exactly half way between two. That number is t * multiplier * 2**-shift for FIXED, t
   * 2**-shift for SHIFT, and the float32 product for FLOAT32.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from golden.integer_scale import compose
from golden.requantize import Requantization
from golden.rounding import Rounding
from golden.scaling import FixedScaling, Float32Scaling, ShiftScaling
from golden.scheme import Scheme

__all__ = ["ChannelParameters", "Requantized", "channel_parameters", "requantize_counted"]

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class ChannelParameters:
    """Parameters of one output channel: the scale is multiplier * 2**-shift.

    With Scheme.SHIFT the multiplier is None and the scale 2**-shift.
    """

    scheme: Scheme
    bias: int
    multiplier: int | None
    shift: int
    tie: Rounding
    zero_point: int
    low: int
    high: int


@dataclass(frozen=True)
class Requantized:
    """Outputs (M, N) and what was counted."""

    outputs: npt.NDArray[np.int8]
    low: int
    high: int
    ties: int


def channel_parameters(r: Requantization, channels: int | None = None) -> list[ChannelParameters]:
    """Split a requantization into channels; one channel serves any number of them."""
    scaling = r.scaling
    if not isinstance(scaling, Float32Scaling | FixedScaling | ShiftScaling):
        raise ValueError(f"there are no channel parameters for scheme {r.scheme.value}")
    wanted = r.channels if channels is None else channels
    if r.channels not in (1, wanted):
        raise ValueError(f"the requantization must have {wanted} channels, not {r.channels}")
    multipliers: list[int | None] = [None] * r.channels
    if not isinstance(scaling, ShiftScaling):
        multipliers = list(scaling.multiplier.tolist())
    tie = Rounding.HALF_EVEN if isinstance(scaling, Float32Scaling) else scaling.tie
    words = [
        ChannelParameters(
            scheme=r.scheme,
            bias=bias,
            multiplier=multiplier,
            shift=shift,
            tie=tie,
            zero_point=r.zero_point,
            low=r.low,
            high=r.high,
        )
        for bias, multiplier, shift in zip(
            r.bias.tolist(), multipliers, scaling.shift.tolist(), strict=True
        )
    ]
    return words * wanted if r.channels == 1 else words


def requantize_counted(t: Integers, parameters: Sequence[ChannelParameters]) -> Requantized:
    """Requantize biased accumulators t (M, N), values of int32, and count."""
    values, halves = np.empty_like(t), np.empty(t.shape, np.bool_)
    kinds = [(p.scheme, p.tie) for p in parameters]
    for kind in dict.fromkeys(kinds):
        columns = [index for index, other in enumerate(kinds) if other == kind]
        group = [parameters[index] for index in columns]
        values[:, columns], halves[:, columns] = _scaled(t[:, columns], group)
    values += [p.zero_point for p in parameters]
    low, high = ([getattr(p, bound) for p in parameters] for bound in ("low", "high"))
    under, over = values < low, values > high
    ties = halves & ~under & ~over
    outputs = values.clip(low, high).astype(np.int8)
    return Requantized(outputs, int(under.sum()), int(over.sum()), int(ties.sum()))


def _scaled(
    t: Integers, group: Sequence[ChannelParameters]
) -> tuple[Integers, npt.NDArray[np.bool_]]:
    """Values of one scheme and tie rule, scaled and rounded, and which of them were half way."""
    shift = np.array([p.shift for p in group], np.int64)
    multiplier = np.array([p.multiplier or 0 for p in group], np.int64)
    narrow = t.astype(np.int32)
    match group[0].scheme:
        case Scheme.FLOAT32:
            scale = compose(multiplier, shift)
            with np.errstate(over="ignore", under="ignore", invalid="ignore"):
                product = narrow.astype(np.float32) * scale
                half: npt.NDArray[Any] = np.abs(product - np.trunc(product)) == np.float32(0.5)
            return Float32Scaling(scale).apply(narrow), half
        case Scheme.FIXED:
            exact, scaling = t * multiplier, FixedScaling(multiplier, shift, group[0].tie)
            return scaling.apply(narrow), _is_half(exact, shift)
        case Scheme.SHIFT:
            return ShiftScaling(shift, group[0].tie).apply(narrow), _is_half(t, shift)
    raise ValueError(f"there are no channel parameters for scheme {group[0].scheme.value}")


def _is_half(exact: Integers, shift: Integers) -> npt.NDArray[np.bool_]:
    """Whether exact * 2**-shift is half way between two integers."""
    dropped = exact & ((np.int64(1) << shift) - 1)
    return np.asarray(dropped == np.int64(1) << np.maximum(shift - 1, 0))
