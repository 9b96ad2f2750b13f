"""How golden requantizes one element: every number on the way, and which case it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

import numpy as np

from golden.accumulate import wrap
from golden.channel_parameters import ChannelParameters
from golden.formats import INT8
from golden.integer_scale import compose
from golden.origin import Requantized
from golden.requantize import Requantization
from golden.rounding import Rounding
from golden.scaling import FixedScaling, Float32Scaling, Scaling, ShiftScaling
from golden.scheme import Scheme

__all__ = ["RequantizationCase", "RoundingCase", "requantization_case", "together"]


class RoundingCase(Enum):
    """What decides a result."""

    EXACT = "no rounding"
    TIE = "a tie"
    DOWN = "rounded down"
    UP = "rounded up"
    CLIPPED_LOW = "clipped from below"
    CLIPPED_HIGH = "clipped from above"


@dataclass(frozen=True)
class RequantizationCase:
    """The way from an accumulator to its result.

    Parameters
    ----------
    parameters : of the output channel; its bias has the input's zero point in it
    accumulator, biased : before and after the bias
    value : what is rounded to an integer
    rule : that rounds
    rounded : the integer
    result : with the zero point, clipped
    case : RoundingCase
    """

    parameters: ChannelParameters
    accumulator: int
    biased: int
    value: Fraction
    rule: Rounding
    rounded: int
    result: int
    case: RoundingCase


def together(parameters: Sequence[ChannelParameters]) -> Requantization | None:
    """The parameters of N channels as one requantization; None if they have no common rules."""
    first = parameters[0]
    common = ("scheme", "tie", "zero_point", "low", "high")
    if any(getattr(p, name) != getattr(first, name) for p in parameters for name in common):
        return None
    multiplier = np.array([p.multiplier or 0 for p in parameters], np.int64)
    shift = np.array([p.shift for p in parameters], np.int64)
    scaling: Scaling
    match first.scheme:
        case Scheme.FLOAT32:
            scaling = Float32Scaling(compose(multiplier, shift))
        case Scheme.FIXED:
            scaling = FixedScaling(multiplier, shift, first.tie)
        case Scheme.SHIFT:
            scaling = ShiftScaling(shift, first.tie)
        case _:
            return None
    bias = np.array([p.bias for p in parameters], np.int32)
    return Requantization(scaling, bias, first.zero_point, first.low, first.high, INT8)


def requantization_case(parameters: ChannelParameters, accumulator: int) -> RequantizationCase:
    """Return how an accumulator becomes a result."""
    requantization = together([parameters])
    if requantization is None:
        raise ValueError(f"there are no channel parameters for scheme {parameters.scheme.value}")
    origin = Requantized(np.array([accumulator], np.int32), requantization)
    step = origin.last_step((1,))
    number, shift = step.values[0].item(), int(np.broadcast_to(step.shift, (1,))[0])
    value = Fraction(number) / (1 << shift)
    whole = int(step.rounded(parameters.tie)[0])
    result = min(max(whole, parameters.low), parameters.high)
    return RequantizationCase(
        parameters=parameters,
        accumulator=accumulator,
        biased=int(wrap(accumulator + parameters.bias, 32)),
        value=value,
        rule=parameters.tie,
        rounded=whole - parameters.zero_point,
        result=result,
        case=_case(value, whole, parameters),
    )


def _case(value: Fraction, whole: int, parameters: ChannelParameters) -> RoundingCase:
    if whole < parameters.low:
        return RoundingCase.CLIPPED_LOW
    if whole > parameters.high:
        return RoundingCase.CLIPPED_HIGH
    rounded = whole - parameters.zero_point
    if abs(value - rounded) == Fraction(1, 2):
        return RoundingCase.TIE
    if value == rounded:
        return RoundingCase.EXACT
    return RoundingCase.DOWN if rounded < value else RoundingCase.UP
