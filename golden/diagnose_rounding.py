"""Hypotheses about the last step of the arithmetic: round, add the zero point, fit, clip."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from golden.diagnose_value import OVERFLOWS, deterministic_rules
from golden.formats import IntegerFormat
from golden.hypothesis import Hypothesis
from golden.overflow import Overflow, fit
from golden.rounding import Rounding, round_float, round_shift

__all__ = ["LastStep", "Rules"]

Integers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Marks = tuple[tuple[str, Mask], ...]
Rules = tuple[Rounding, Overflow]

USUAL_ROUNDINGS = (
    Rounding.HALF_EVEN,
    Rounding.HALF_AWAY,
    Rounding.HALF_UP,
    Rounding.TRUNCATE,
    Rounding.FLOOR,
)

LARGEST_WHOLE = 2.0**62
"""Below it a float, zero point added, fits int64."""


@dataclass(frozen=True, eq=False)
class LastStep:
    """Numbers before they are rounded, and what follows: clip(fit(round(x) + zero_point)).

    Parameters
    ----------
    values
        float64, or int64 that stand for values / 2**shift.
    shift
        From 0 to 63, broadcastable to `values`; 0 with floats.
    zero_point, low, high
        Integers, broadcastable to `values`.
    fmt
        The format that the sum is fitted into.
    """

    values: npt.NDArray[Any]
    shift: Integers
    zero_point: Integers
    low: Integers
    high: Integers
    fmt: IntegerFormat

    def rounded(self, rule: Rounding) -> npt.NDArray[Any]:
        """Round, and add the zero point."""
        if self.values.dtype.kind == "f":
            return round_float(self.values, rule) + self.zero_point
        return round_shift(self.values, self.shift, rule) + self.zero_point

    def output(self, rounding: Rounding, overflow: Overflow) -> Integers:
        """The result under a pair of rules."""
        return fit(self.rounded(rounding), self.fmt, overflow).clip(self.low, self.high)

    def rules_that_give(self, expected: Integers) -> list[Rules]:
        """The pairs of rules under which the result is `expected`, the usual ones first."""
        roundings = dict.fromkeys((*USUAL_ROUNDINGS, *deterministic_rules()))
        return [
            (rounding, overflow)
            for overflow in Overflow
            for rounding in roundings
            if np.array_equal(self.output(rounding, overflow), expected)
        ]

    def single(self, model: list[Rules]) -> Iterator[Hypothesis]:
        """Yield one rule that is not the model's, or one step left out.

        `model` holds the pairs of rules that the model may have, at least one.
        """
        rounding, overflow = model[0]
        names = " or ".join(_roundings(model))
        for rule in deterministic_rules():
            if rule.value not in _roundings(model):
                yield Hypothesis(
                    f"the hardware rounds {{}}, the model {names}",
                    self.output(rule, overflow),
                    rule.value,
                    (("ties", self._ties()),),
                )
        for other in Overflow:
            if other is not overflow:
                yield Hypothesis(
                    f"the hardware {OVERFLOWS[other]}, the model {OVERFLOWS[overflow]}",
                    self.output(rounding, other),
                    marks=self._outside(rounding, symmetric=other is Overflow.SATURATE_SYMMETRIC),
                )
        bare = replace(self, zero_point=np.zeros_like(self.zero_point))
        yield Hypothesis("the zero point is missing", bare.output(rounding, overflow))
        if np.abs(self.values.astype(np.float64)).max(initial=0) < LARGEST_WHOLE:
            whole = self.rounded(rounding).astype(np.int64)
            yield Hypothesis("the hardware does not clip", whole, marks=self._outside(rounding))

    def pairs(self, model: list[Rules]) -> Iterator[Hypothesis]:
        """Yield the pairs of rules that differ from the model's in both."""
        _, own = model[0]
        names = " or ".join(_roundings(model))
        for rounding in deterministic_rules():
            for overflow in Overflow:
                if rounding.value not in _roundings(model) and overflow is not own:
                    yield Hypothesis(
                        f"the hardware rounds {{}} and {OVERFLOWS[overflow]}, "
                        f"the model rounds {names} and {OVERFLOWS[own]}",
                        self.output(rounding, overflow),
                        rounding.value,
                    )

    def _ties(self) -> Mask:
        if self.values.dtype.kind == "f":
            with np.errstate(invalid="ignore"):
                return np.asarray(np.abs(np.modf(self.values)[0]) == 0.5)
        up = round_shift(self.values, self.shift, Rounding.HALF_UP)
        return np.asarray(up != round_shift(self.values, self.shift, Rounding.HALF_DOWN))

    def _outside(self, rounding: Rounding, *, symmetric: bool = False) -> Marks:
        low = -self.fmt.max if symmetric and self.fmt.signed else self.fmt.min
        whole = self.rounded(rounding)
        name = f"values outside {low} to {self.fmt.max}"
        return ((name, np.asarray((whole < low) | (whole > self.fmt.max))),)


def _roundings(rules: list[Rules]) -> list[str]:
    """The rounding rules of the pairs that overflow as the first one does."""
    return [rounding.value for rounding, overflow in rules if overflow is rules[0][1]]
