"""Hypotheses about requantization with wrong parameters: bias, zero point, clip, scale, scheme."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from golden.diagnose_value import OVERFLOWS
from golden.formats import INT32, IntegerFormat
from golden.hypothesis import Hypothesis
from golden.overflow import Overflow, fit
from golden.requantize import Requantization, requantize
from golden.scaling import (
    TIE_RULES,
    FixedScaling,
    Float32Scaling,
    Q31Scaling,
    Scaling,
    ShiftScaling,
)
from golden.scheme import Scheme

__all__ = ["parameter_hypotheses", "real_scale"]

Accumulators = npt.NDArray[np.int32]
Change = tuple[str, Callable[[Requantization], Requantization]]

NARROWEST_ACCUMULATOR = 8


def parameter_hypotheses(acc: Accumulators, r: Requantization) -> Iterator[Hypothesis]:
    """Yield the outputs under each mistake, the simplest first; illegal parameters are skipped."""
    for cause, change in (*_FIELD_CHANGES, *_CHANNEL_CHANGES, *_SCALE_CHANGES):
        with suppress(ValueError):
            yield Hypothesis(cause, _outputs(acc, change(r)))
    yield from _schemes(acc, r)
    yield from _narrow_accumulators(acc, r)


def real_scale(scaling: Scaling) -> npt.NDArray[np.float64]:
    """The real number that each channel's scaling multiplies by."""
    match scaling:
        case Float32Scaling():
            return scaling.scale.astype(np.float64)
        case FixedScaling():
            return np.ldexp(scaling.multiplier.astype(np.float64), -scaling.shift)
        case ShiftScaling():
            return np.ldexp(1.0, -scaling.shift)
        case Q31Scaling():
            return np.ldexp(scaling.multiplier.astype(np.float64), scaling.exponent - 31)


def _outputs(acc: Accumulators, r: Requantization) -> npt.NDArray[np.int64]:
    return requantize(acc, r).astype(np.int64)


def _with_bias(r: Requantization, factor: int) -> Requantization:
    wrapped = fit(r.bias.astype(np.int64) * factor, INT32, Overflow.WRAP)
    return replace(r, bias=wrapped.astype(np.int32))


_FIELD_CHANGES: tuple[Change, ...] = (
    ("the bias is missing", lambda r: _with_bias(r, 0)),
    ("the bias is added twice", lambda r: _with_bias(r, 2)),
    ("the bias is subtracted", lambda r: _with_bias(r, -1)),
    ("the zero point is added twice", lambda r: replace(r, zero_point=2 * r.zero_point)),
    ("the zero point is subtracted", lambda r: replace(r, zero_point=-r.zero_point)),
    (
        "the hardware lacks the clip (ReLU) that the model applies",
        lambda r: replace(r, low=r.out.min, high=r.out.max),
    ),
    (
        "the hardware applies a ReLU at the zero point that the model lacks",
        lambda r: replace(r, low=r.zero_point),
    ),
    ("the hardware applies a ReLU at 0 that the model lacks", lambda r: replace(r, low=0)),
)


def _permuted(r: Requantization, order: Callable[[npt.NDArray[Any]], Any]) -> Requantization:
    arrays = {
        part.name: order(getattr(r.scaling, part.name))
        for part in fields(r.scaling)
        if isinstance(getattr(r.scaling, part.name), np.ndarray)
    }
    return replace(r, scaling=replace(r.scaling, **arrays), bias=order(r.bias))


_CHANNEL_CHANGES: tuple[Change, ...] = (
    (
        "every channel has the parameters of the channel before it",
        lambda r: _permuted(r, lambda array: np.roll(array, 1)),
    ),
    (
        "every channel has the parameters of the channel behind it",
        lambda r: _permuted(r, lambda array: np.roll(array, -1)),
    ),
    (
        "the channels have their parameters in reverse order",
        lambda r: _permuted(r, lambda array: array[::-1]),
    ),
    (
        "every channel has the parameters of channel 0",
        lambda r: _permuted(r, lambda array: np.full_like(array, array[0])),
    ),
)


def _rescaled(r: Requantization, power: int) -> Requantization:
    scaling: Scaling
    match r.scaling:
        case Float32Scaling() as old:
            scaling = replace(old, scale=np.ldexp(old.scale, power))
        case FixedScaling() | ShiftScaling() as old:
            scaling = replace(old, shift=old.shift - power)
        case Q31Scaling() as old:
            scaling = replace(old, exponent=old.exponent + power)
    return replace(r, scaling=scaling)


_SCALE_CHANGES: tuple[Change, ...] = (
    ("the scale is twice what it should be", lambda r: _rescaled(r, 1)),
    ("the scale is half of what it should be", lambda r: _rescaled(r, -1)),
)


def _schemes(acc: Accumulators, r: Requantization) -> Iterator[Hypothesis]:
    scale = real_scale(r.scaling)
    builders: tuple[tuple[Scheme, str, Callable[[], Scaling]], ...] = (
        (Scheme.FLOAT32, "", lambda: Float32Scaling(scale.astype(np.float32))),
        *(
            (
                Scheme.FIXED,
                f" with ties {tie.value}",
                lambda t=tie: FixedScaling.from_scale(scale, t),
            )
            for tie in TIE_RULES
        ),
        (Scheme.Q31_DOUBLE, "", lambda: Q31Scaling.from_scale(scale)),
    )
    for scheme, ties, build in builders:
        same = scheme is Scheme.FIXED and r.scheme is Scheme.SHIFT  # but for the ties
        if scheme is not r.scheme and not same:
            with suppress(ValueError):
                yield Hypothesis(
                    f"the hardware computes by the scheme {{}}, the model by {r.scheme.value}",
                    _outputs(acc, replace(r, scaling=build())),
                    scheme.value + ties,
                )


def _narrow_accumulators(acc: Accumulators, r: Requantization) -> Iterator[Hypothesis]:
    needed = int(max(abs(int(acc.min())), abs(int(acc.max())))).bit_length()
    for bits in range(min(31, needed), NARROWEST_ACCUMULATOR - 1, -1):
        fmt = IntegerFormat(bits, signed=True)
        for rule in (Overflow.WRAP, Overflow.SATURATE):
            narrow = fit(acc, fmt, rule).astype(np.int32)
            yield Hypothesis(
                f"the accumulators have {bits} bits only, and a sum outside {OVERFLOWS[rule]}",
                _outputs(narrow, r),
            )
