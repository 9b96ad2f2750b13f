from fractions import Fraction

import numpy as np
import pytest

from golden.channel_parameters import ChannelParameters, channel_parameters, requantize_counted
from golden.requantize import Requantization, requantize
from golden.rounding import Rounding
from golden.scheme import Scheme

SCHEMES = [
    (Scheme.FLOAT32, Rounding.HALF_EVEN),
    (Scheme.FIXED, Rounding.HALF_EVEN),
    (Scheme.FIXED, Rounding.HALF_UP),
    (Scheme.SHIFT, Rounding.HALF_AWAY),
]


def word(scheme, multiplier, shift, **other):
    fields = {"bias": 0, "tie": Rounding.HALF_EVEN, "zero_point": 0, "low": -128, "high": 127}
    return ChannelParameters(scheme=scheme, multiplier=multiplier, shift=shift, **fields | other)


@pytest.mark.parametrize(("scheme", "tie"), SCHEMES)
def test_outputs_are_those_of_requantize(scheme, tie, accumulators):
    rng = np.random.default_rng(1)
    scale = np.exp2(-rng.integers(0, 31, 9).astype(float))
    if scheme is not Scheme.SHIFT:
        scale *= rng.uniform(1, 2, 9)
    r = Requantization.from_scale(scheme, scale, 0, tie=tie, zero_point=-7, low=-100, high=90)
    t = accumulators(rng, (500, 9))
    outputs = requantize_counted(t.astype(np.int64), channel_parameters(r)).outputs
    np.testing.assert_array_equal(outputs, requantize(t, r))


def test_neighbouring_channels_may_differ_in_everything():
    words = [
        word(Scheme.SHIFT, None, 1, tie=Rounding.HALF_UP),
        word(Scheme.FLOAT32, 1 << 23, 24, zero_point=3),
        word(Scheme.SHIFT, None, 1, tie=Rounding.HALF_AWAY),
        word(Scheme.FIXED, 1 << 23, 22, high=5),
    ]
    t = np.array([[-3, -3, -3, -3], [5, 5, 5, 5]])
    result = requantize_counted(t, words)
    np.testing.assert_array_equal(result.outputs, [[-1, 1, -2, -6], [3, 5, 3, 5]])
    assert (result.low, result.high, result.ties) == (0, 1, 6)


@pytest.mark.parametrize(("scheme", "tie"), SCHEMES)
def test_counts_are_those_of_exact_arithmetic(scheme, tie):
    """Of 10 bits, so that a float32 product is exact and scales of 2**-n make ties."""
    rng = np.random.default_rng(2)
    scale = np.exp2(-rng.integers(0, 6, 12).astype(float))
    if scheme is not Scheme.SHIFT:
        scale[6:] *= 1.5
    r = Requantization.from_scale(scheme, scale, 0, tie=tie, zero_point=20, low=-50, high=60)
    t = rng.integers(-512, 512, (300, 12))
    result = requantize_counted(t, channel_parameters(r))
    low = high = ties = 0
    for value, factor in zip(t.ravel().tolist(), np.tile(scale, 300).tolist(), strict=True):
        exact = value * Fraction(factor) + 20
        is_half = exact.denominator == 2
        low += exact < Fraction(-101, 2) or (
            is_half and exact == Fraction(-101, 2) and rounded(exact, value, tie) < -50
        )
        high += exact > Fraction(121, 2) or (
            is_half and exact == Fraction(121, 2) and rounded(exact, value, tie) > 60
        )
        ties += is_half and -50 <= rounded(exact, value, tie) <= 60
    assert (result.low, result.high, result.ties) == (low, high, ties)
    assert min(low, high, ties) > 10


def rounded(exact, value, tie):
    """A number that is half way, with an even zero point in it, rounded."""
    below, above = int(exact - Fraction(1, 2)), int(exact + Fraction(1, 2))
    match tie:
        case Rounding.HALF_EVEN:
            return below if below % 2 == 0 else above
        case Rounding.HALF_UP:
            return above
        case Rounding.HALF_AWAY:
            return above if value >= 0 else below


@pytest.mark.parametrize("shift", [24, 56, 149, -104, 0])
def test_any_float_scale_counts_without_a_warning(shift):
    t = np.array([[0], [1], [-1], [2**31 - 1], [-(2**31)]])
    result = requantize_counted(t, [word(Scheme.FLOAT32, 1 << 23, shift)])
    expected = {24: (1, 1, 2), 56: (0, 0, 0), 149: (0, 0, 0)}.get(shift, (2, 2, 0))
    assert (result.low, result.high, result.ties) == expected


def test_one_channel_serves_many():
    words = channel_parameters(Requantization.from_scale(Scheme.FLOAT32, 0.5, 3), 4)
    assert len(words) == 4
    assert set(words) == {word(Scheme.FLOAT32, 1 << 23, 24, bias=3)}


def test_what_has_no_parameters_is_refused():
    two = Requantization.from_scale(Scheme.FIXED, [0.5, 0.25])
    with pytest.raises(ValueError, match=r"^the requantization must have 3 channels, not 2$"):
        channel_parameters(two, 3)
    q31 = Requantization.from_scale(Scheme.Q31_DOUBLE, 0.5)
    with pytest.raises(ValueError, match=r"^there are no channel parameters for scheme q31_double"):
        channel_parameters(q31)
