"""Where results come from: the data that a diagnosis can compute them from again."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from golden.channels import as_float32, spread
from golden.diagnose_parameters import parameter_hypotheses
from golden.diagnose_rounding import LastStep, Rules
from golden.formats import IntegerFormat
from golden.hypothesis import Hypothesis
from golden.overflow import Overflow
from golden.quantization import Quantization
from golden.requantize import Requantization, biased
from golden.rounding import Rounding
from golden.scaling import FixedScaling, Float32Scaling, Q31Scaling, ShiftScaling

__all__ = ["Origin", "Quantized", "Requantized", "Unrounded"]

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Requantized:
    """Outputs that `golden.requantize.requantize` computes.

    Parameters
    ----------
    accumulators : (..., N) int32, without the bias
    requantization : of N channels

    """

    accumulators: npt.NDArray[np.int32]
    requantization: Requantization

    def last_step(self, shape: tuple[int, ...]) -> LastStep:
        """The numbers before the last rounding; checks dtype and shape."""
        _check_shape("the accumulators", self.accumulators.shape, shape)
        r = self.requantization
        t = biased(self.accumulators, r)
        values: npt.NDArray[Any]
        shift: Integers = np.zeros(1, np.int64)
        match r.scaling:
            case Float32Scaling(scale=scale):
                with np.errstate(over="ignore", under="ignore"):
                    values = (t.astype(np.float32) * scale).astype(np.float64)
            case FixedScaling(multiplier=multiplier, shift=shift):
                values = t.astype(np.int64) * multiplier
            case ShiftScaling(shift=shift):
                values = t.astype(np.int64)
            case Q31Scaling(multiplier=multiplier, exponent=exponent):
                moved = (t.astype(np.int64) << np.maximum(exponent, 0)).astype(np.int32)
                values = (moved * multiplier + (1 << 30)) >> 31
                shift = np.maximum(-exponent, 0)
        zero, low, high = (np.array(n, np.int64) for n in (r.zero_point, r.low, r.high))
        return LastStep(values, shift, zero, low, high, r.out)

    def model_rules(self, last_step: LastStep, expected: Integers) -> list[Rules]:
        """The rules that the scheme names, if they give `expected`."""
        match self.requantization.scaling:
            case FixedScaling(tie=tie) | ShiftScaling(tie=tie):
                rounding = tie
            case Float32Scaling():
                rounding = Rounding.HALF_EVEN
            case Q31Scaling():
                rounding = Rounding.HALF_AWAY
        return _confirmed((rounding, Overflow.SATURATE), last_step, expected)

    def mistakes(self) -> Iterator[Hypothesis]:
        """Yield the outputs under wrong parameters."""
        yield from parameter_hypotheses(self.accumulators, self.requantization)


@dataclass(frozen=True, eq=False)
class Quantized:
    """Codes that `golden.quantize.quantize` computes of real values by ties to even."""

    real: npt.NDArray[Any]
    quantization: Quantization

    def last_step(self, shape: tuple[int, ...]) -> LastStep:
        """The real values in units of their scales, by a float32 division."""
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            return self._step(shape, as_float32(self.real) / self._spread(self.quantization.scale))

    def model_rules(self, last_step: LastStep, expected: Integers) -> list[Rules]:
        """Ties to even and saturation, if they give `expected`."""
        return _confirmed((Rounding.HALF_EVEN, Overflow.SATURATE), last_step, expected)

    def mistakes(self) -> Iterator[Hypothesis]:
        """Yield the codes under other ways to divide and to add the zero point."""
        shape, scale = self.real.shape, self._spread(self.quantization.scale)
        with np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore"):
            inverse = as_float32(self.real) * (np.float32(1) / scale)
            exact = self.real.astype(np.float64) / scale.astype(np.float64)
            moved = as_float32(self.real) / scale + self._zero_point().astype(np.float32)
        early = replace(self._step(shape, moved), zero_point=np.zeros(1, np.int64))
        for cause, other in (
            (
                "the hardware multiplies by the float32 reciprocal of the scale",
                self._step(shape, inverse),
            ),
            ("the hardware divides in float64", self._step(shape, exact)),
            ("the hardware adds the zero point before it rounds", early),
        ):
            yield Hypothesis(cause, other.output(Rounding.HALF_EVEN, Overflow.SATURATE))

    def _zero_point(self) -> Integers:
        return self._spread(self.quantization.zero_point)

    def _spread(self, per_channel: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return spread(per_channel, self.real.shape, self.quantization.axis)

    def _step(self, shape: tuple[int, ...], ratio: npt.NDArray[Any]) -> LastStep:
        _check_shape("the real values", self.real.shape, shape)
        q = self.quantization
        low, high = (np.array(n, np.int64) for n in (q.low, q.high))
        # quantize() gives NaN the lowest code, whatever the zero point.
        values = np.where(np.isnan(ratio), -np.inf, ratio.astype(np.float64))
        zero, shift = self._zero_point(), np.zeros(1, np.int64)
        return LastStep(values, shift, zero, low, high, q.format)


@dataclass(frozen=True, eq=False)
class Unrounded:
    """Results of one rounding, by a rule that the diagnosis finds.

    Parameters
    ----------
    values
        In units of the last place: floats, or integers that stand for values / 2**shift.
    format
        What the results are fitted into.
    shift
        From 0 to 63; 0 with floats.
    zero_point
        What is added after rounding.
    """

    values: npt.NDArray[Any]
    format: IntegerFormat
    shift: int = 0
    zero_point: int = 0

    def __post_init__(self) -> None:
        kind = self.values.dtype.kind
        if kind not in "iuf":
            raise TypeError(
                f"the unrounded values must be integers or floats, not {self.values.dtype}"
            )
        if kind == "f" and self.shift:
            raise ValueError(f"the shift of unrounded floats must be 0, not {self.shift}")

    def last_step(self, shape: tuple[int, ...]) -> LastStep:
        """The values, with the ends of the format as clip bounds."""
        _check_shape("the unrounded values", self.values.shape, shape)
        kind = np.float64 if self.values.dtype.kind == "f" else np.int64
        numbers = (self.shift, self.zero_point, self.format.min, self.format.max)
        shift, zero, low, high = (np.array(number, np.int64) for number in numbers)
        return LastStep(self.values.astype(kind), shift, zero, low, high, self.format)

    def model_rules(self, last_step: LastStep, expected: Integers) -> list[Rules]:
        """All rules that give `expected`."""
        return last_step.rules_that_give(expected)

    def mistakes(self) -> Iterator[Hypothesis]:
        """Yield nothing: there are no parameters."""
        yield from ()


Origin = Requantized | Quantized | Unrounded


def _confirmed(rules: Rules, last_step: LastStep, expected: Integers) -> list[Rules]:
    return [rules] if np.array_equal(last_step.output(*rules), expected) else []


def _check_shape(name: str, shape: tuple[int, ...], wanted: tuple[int, ...]) -> None:
    if shape != wanted:
        raise ValueError(f"{name} must have the shape of the data, {wanted}, not {shape}")
