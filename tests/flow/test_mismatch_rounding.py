"""The case of one requantization."""

from fractions import Fraction

import numpy as np
import pytest

from flow.mismatch_report import describe_case
from flow.mismatch_rounding import RoundingCase, requantization_case, together
from golden.channel_parameters import ChannelParameters, channel_parameters
from golden.requantize import Requantization, requantize
from golden.rounding import Rounding
from golden.scaling import TIE_RULES
from golden.scheme import Scheme

SCHEMES = (Scheme.FLOAT32, Scheme.FIXED, Scheme.SHIFT)


def shift(amount, bias=0, tie=Rounding.HALF_EVEN, zero_point=0, low=-128, high=127):
    return ChannelParameters(
        scheme=Scheme.SHIFT, bias=bias, multiplier=None, shift=amount, tie=tie,
        zero_point=zero_point, low=low, high=high,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("parameters", "accumulator", "value", "rounded", "result", "case"),
    [
        (shift(2), 8, 2, 2, 2, RoundingCase.EXACT),
        (shift(2), 10, Fraction(5, 2), 2, 2, RoundingCase.TIE),
        (shift(2, tie=Rounding.HALF_UP), 10, Fraction(5, 2), 3, 3, RoundingCase.TIE),
        (shift(2, tie=Rounding.HALF_AWAY), -10, Fraction(-5, 2), -3, -3, RoundingCase.TIE),
        (shift(2), 9, Fraction(9, 4), 2, 2, RoundingCase.DOWN),
        (shift(2), 11, Fraction(11, 4), 3, 3, RoundingCase.UP),
        (shift(2), -11, Fraction(-11, 4), -3, -3, RoundingCase.DOWN),
        (shift(2, bias=3, zero_point=-7), 8, Fraction(11, 4), 3, -4, RoundingCase.UP),
        (shift(0), 300, 300, 300, 127, RoundingCase.CLIPPED_HIGH),
        (shift(0, low=-3), -4, -4, -4, -3, RoundingCase.CLIPPED_LOW),
        (shift(0, zero_point=3, high=9), 6, 6, 6, 9, RoundingCase.EXACT),
    ],
)
def test_cases(parameters, accumulator, value, rounded, result, case):
    found = requantization_case(parameters, accumulator)
    assert (found.value, found.rounded, found.result, found.case) == (value, rounded, result, case)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_result_is_that_of_requantize(scheme):
    rng = np.random.default_rng(3)
    for _ in range(60):
        scale = 2.0 ** -int(rng.integers(0, 12)) if scheme is Scheme.SHIFT else rng.uniform(0, 0.1)
        requantization = Requantization.from_scale(
            scheme, [scale], [int(rng.integers(-900, 900))], tie=TIE_RULES[rng.integers(3)],
            zero_point=int(rng.integers(-128, 128)),
        )  # fmt: skip
        accumulator = int(rng.integers(-20000, 20000))
        (parameters,) = channel_parameters(requantization)
        expected = requantize(np.array([accumulator], np.int32), requantization)
        assert requantization_case(parameters, accumulator).result == int(expected[0])


@pytest.mark.parametrize("scheme", SCHEMES)
def test_channels_together_are_the_requantization_they_came_from(scheme):
    whole = Requantization.from_scale(scheme, [0.5, 0.25, 2**-9], [1, -2, 3], zero_point=5, high=99)
    again = together(channel_parameters(whole))
    accumulators = np.arange(-600, 600, dtype=np.int32).reshape(-1, 3)
    np.testing.assert_array_equal(requantize(accumulators, again), requantize(accumulators, whole))


def test_channels_of_different_rules_are_not_put_together():
    assert together([shift(2), shift(2, tie=Rounding.HALF_UP)]) is None
    assert together([shift(2), shift(2, zero_point=1)]) is None


def test_in_words():
    lines = list(describe_case(requantization_case(shift(2, bias=4, zero_point=-7), 6)))
    assert lines == [
        "accumulator 6, with bias 4: 10; shift scale 2**-2 gives 2.5",
        "rounded to 2 by half_even, a tie; with zero point -7, in -128 to 127: -5",
    ]
