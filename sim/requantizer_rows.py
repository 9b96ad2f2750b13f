"""Accumulators and parameters that go where a requantizer's mistakes are, with golden's answers."""

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from golden.accumulate import wrap
from golden.channel_parameters import ChannelParameters, requantize_counted
from golden.formats import INT8, IntegerFormat
from golden.integer_scale import compose
from golden.requantize import Requantization, requantize
from golden.rounding import Rounding
from golden.scaling import FixedScaling, Float32Scaling, Scaling, ShiftScaling
from golden.scheme import Scheme
from hw.parameter_word import Parameters

__all__ = ["Row", "requantizer_rows"]

_TIES = (Rounding.HALF_EVEN, Rounding.HALF_UP, Rounding.HALF_AWAY)
_MULTIPLIERS = (1 << 23, (1 << 23) + 1, 3 << 22, 5 << 21, (1 << 24) - 1)


@dataclass(frozen=True)
class Row:
    """An accumulator, its parameters and what golden makes of them."""

    acc: int
    parameters: Parameters
    expected: int
    under: int
    over: int
    tied: int


def requantizer_rows(
    random: np.random.Generator,
    count: int,
    *,
    schemes: Sequence[Scheme],
    out_format: IntegerFormat = INT8,
    acc_bits: int = 32,
) -> Iterator[Row]:
    """Draw rows: near ties and the ends of the output, at powers of two, extreme, and anywhere."""
    for _ in range(count):
        scheme = schemes[int(random.integers(len(schemes)))]
        multiplier, shift = _scale(random, scheme)
        total = _total(random, multiplier, shift, out_format, acc_bits)
        bias = _wrapped(int(random.integers(-(1 << 31), 1 << 31)), acc_bits)
        zero_point, low, high = random.integers(out_format.min, out_format.max + 1, 3).tolist()
        if random.integers(2):
            zero_point, low, high = 0, out_format.min, out_format.max
        parameters = Parameters(
            scheme=scheme,
            bias=bias,
            multiplier=None if scheme is Scheme.SHIFT else multiplier,
            shift=shift - 23 if scheme is Scheme.SHIFT else shift,
            tie=Rounding.HALF_EVEN if scheme is Scheme.FLOAT32 else _TIES[random.integers(3)],
            zero_point=zero_point,
            low=min(low, high),
            high=max(low, high),
        )
        counted = requantize_counted(
            np.array([[total]]), [ChannelParameters(**dataclasses.asdict(parameters))]
        )
        yield Row(
            acc=_wrapped(total - bias, acc_bits),
            parameters=parameters,
            expected=_expected(total, parameters, out_format),
            under=counted.low,
            over=counted.high,
            tied=counted.ties,
        )


def _scale(random: np.random.Generator, scheme: Scheme) -> tuple[int, int]:
    """A multiplier and a shift; few shifts are beyond what the parameter word holds."""
    if scheme is Scheme.SHIFT:
        return 1 << 23, 23 + int(random.integers(32))
    multiplier = int(random.integers(1 << 23, 1 << 24))
    if random.integers(4) == 0:
        multiplier = _MULTIPLIERS[random.integers(len(_MULTIPLIERS))]
    smallest, largest = (-100, 140) if scheme is Scheme.FLOAT32 else (0, 63)
    if random.integers(10) == 0:
        return multiplier, int(random.integers(smallest, largest + 1))
    return multiplier, int(random.integers(12, 59))


def _total(
    random: np.random.Generator,
    multiplier: int,
    shift: int,
    out_format: IntegerFormat,
    acc_bits: int,
) -> int:
    """The sum of accumulator and bias: in half of the rows within one unit of a tie."""
    kind = random.integers(8)
    if kind < 4:
        target = 2 * int(random.integers(2 * out_format.min, 2 * out_format.max)) + 1
        near: int = target * 2 ** max(shift, 0) // (2 * multiplier) + int(random.integers(-1, 2))
        if abs(near) < 1 << acc_bits - 1:
            return near
    if kind < 6:
        power = 1 << int(random.integers(acc_bits))
        total = int(random.choice([-1, 1])) * power + int(random.integers(-1, 2))
    else:
        total = int(random.integers(-(1 << 31), 1 << 31)) >> int(random.integers(32))
    return _wrapped(total, acc_bits)


def _expected(total: int, parameters: Parameters, out_format: IntegerFormat) -> int:
    """Golden's answer for an accumulator that has its bias."""
    rule = Requantization.of(
        _scaling(parameters),
        zero_point=parameters.zero_point,
        low=parameters.low,
        high=parameters.high,
        out=out_format,
    )
    return int(requantize(np.array([total], np.int32), rule)[0])


def _scaling(parameters: Parameters) -> Scaling:
    shift, tie = parameters.shift, parameters.tie
    if parameters.multiplier is None:
        return ShiftScaling(np.array([shift]), tie)
    if parameters.scheme is Scheme.FIXED:
        return FixedScaling(np.array([parameters.multiplier]), np.array([shift]), tie)
    return Float32Scaling(np.atleast_1d(compose(parameters.multiplier, shift)))


def _wrapped(value: int, bits: int) -> int:
    return int(wrap(np.array([value]), bits)[0])
