import re
from fractions import Fraction
from math import ceil, floor

import numpy as np
import pytest

from golden.rounding import Rounding
from golden.scaling import TIE_RULES, FixedScaling, Float32Scaling, Q31Scaling, ShiftScaling

EDGES = [0, 1, -1, 2, -2, 3, -3, 2**31 - 1, -(2**31), -(2**31) + 1, 2**30, -(2**30)]

ROUND = {
    Rounding.HALF_EVEN: round,
    Rounding.HALF_UP: lambda value: floor(value + Fraction(1, 2)),
    Rounding.HALF_AWAY: lambda value: (
        floor(value + Fraction(1, 2)) if value > 0 else ceil(value - Fraction(1, 2))
    ),
}


def around_ties(rng, multiplier, shift):
    """Accumulators whose scaled value is a tie, or near one, or an edge."""
    ties = (rng.integers(-200, 200, 40) + 0.5) * 2.0**shift / max(multiplier, 1)
    near = np.rint(ties)[:, None] + np.arange(-1, 2)
    return np.concatenate([near.clip(-(2**31), 2**31 - 1).ravel(), EDGES]).astype(np.int32)


@pytest.mark.parametrize("tie", TIE_RULES)
@pytest.mark.parametrize("multiplier", [0, 2**23, 2**23 + 1, 3 * 2**22, 13_421_773, 2**24 - 1])
def test_fixed_equals_fractions(multiplier, tie):
    rng = np.random.default_rng(1)
    for shift in [0, 1, 14, 22, 23, 24, 25, 31, 40, 54, 55, 56, 63]:
        t = around_ties(rng, multiplier, shift)
        result = FixedScaling(multiplier, shift, tie).apply(t[:, None])[:, 0]
        expected = [ROUND[tie](Fraction(value * multiplier, 2**shift)) for value in t.tolist()]
        assert result.tolist() == expected, shift


@pytest.mark.parametrize(
    ("tie", "results"),
    [
        (Rounding.HALF_EVEN, [-2, -2, 0, 0, 2, 2]),
        (Rounding.HALF_UP, [-2, -1, 0, 1, 2, 3]),
        (Rounding.HALF_AWAY, [-3, -2, -1, 1, 2, 3]),
    ],
)
def test_ties_of_fixed_and_shift(tie, results):
    halves = np.array([[-5], [-3], [-1], [1], [3], [5]], np.int32)
    assert ShiftScaling(1, tie).apply(halves)[:, 0].tolist() == results
    assert FixedScaling(2**23, 24, tie).apply(halves)[:, 0].tolist() == results


@pytest.mark.parametrize("tie", TIE_RULES)
def test_shift_is_fixed_with_the_smallest_multiplier(tie, accumulators):
    t = accumulators(np.random.default_rng(2), (500, 32))
    shift = np.arange(32)
    np.testing.assert_array_equal(
        ShiftScaling(shift, tie).apply(t), FixedScaling(2**23, shift + 23, tie).apply(t)
    )


def test_float32_is_two_roundings_to_float32_and_one_to_an_integer():
    # 2**24 + 1 becomes 2**24, so this product is a tie; exact, it is above one.
    t = np.array([[2**24 + 1, -(2**24) - 1]], np.int32)
    assert Float32Scaling(np.float32(2.0**-25)).apply(t).tolist() == [[0, 0]]
    assert FixedScaling(2**23, 48).apply(t).tolist() == [[1, -1]]


def test_float32_saturates_where_float32_overflows():
    t = np.array([[2**31 - 1, -(2**31), 1, 0]], np.int32)
    scale = np.finfo(np.float32).max
    assert Float32Scaling(scale).apply(t).tolist() == [[2**62, -(2**62), 2**62, 0]]


def int32(value):
    return (value + 2**31) % 2**32 - 2**31


def multiply_by_quantized_multiplier(x, multiplier, exponent):
    """The reference kernels' C, statement by statement."""
    left, right = (exponent, 0) if exponent > 0 else (0, -exponent)
    product = int32(x * (1 << left)) * multiplier
    nudge = 1 << 30 if product >= 0 else 1 - (1 << 30)
    quotient = abs(product + nudge) // (1 << 31)  # C divides toward zero
    high = quotient if product + nudge >= 0 else -quotient
    mask = (1 << right) - 1
    threshold = (mask >> 1) + (1 if high < 0 else 0)
    return (high >> right) + (1 if (high & mask) > threshold else 0)


def quantize_multiplier(scale):
    """The reference kernels' conversion of a double, statement by statement."""
    if scale == 0:
        return 0, 0
    mantissa, exponent = np.frexp(scale)
    fixed = floor(Fraction(float(mantissa)) * 2**31 + Fraction(1, 2))
    if fixed == 1 << 31:
        fixed, exponent = fixed // 2, exponent + 1
    if exponent < -31:
        return 0, 0
    return fixed, int(exponent)


@pytest.mark.parametrize(
    "count", [2_000, pytest.param(300_000, marks=pytest.mark.long)], ids=["short", "campaign"]
)
def test_q31_double_equals_the_reference_kernel(count, near_ties):
    t, scale = near_ties(np.random.default_rng(count), count)
    real = scale.astype(np.float64) * (1 + 2.0**-30)
    # A shift of Q31 by an exact power of two makes real ties of the second rounding.
    real[::4] = 2.0 ** np.random.default_rng(1).integers(-31, 12, real[::4].size)
    scaling = Q31Scaling.from_scale(real)
    result = scaling.apply(t)
    for x, s, actual in zip(t.tolist(), real.tolist(), result.tolist(), strict=True):
        assert actual == multiply_by_quantized_multiplier(x, *quantize_multiplier(s)), (x, s)


@pytest.mark.parametrize(
    ("scale", "multiplier", "exponent"),
    [
        (0.0, 0, 0),
        (0.5, 2**30, 0),
        (1.0, 2**30, 1),
        (1 - 2.0**-40, 2**30, 1),
        (2.0**-33, 0, 0),
        (2.0**-32, 2**30, -31),
        (2.0**29, 2**30, 30),
    ],
)
def test_q31_multiplier_of_a_scale(scale, multiplier, exponent):
    scaling = Q31Scaling.from_scale(scale)
    assert (scaling.multiplier, scaling.exponent) == (multiplier, exponent)


@pytest.mark.parametrize(
    ("scale", "multiplier", "shift"),
    [
        (0.0, 0, 0),
        (0.75, 3 * 2**22, 24),
        (1 - 2.0**-30, 2**23, 23),
        (2.0**24 - 1, 2**24 - 1, 0),
        (2.0**-40, 2**23, 63),
        (2.0**-41, 0, 0),
    ],
)
def test_fixed_multiplier_of_a_scale(scale, multiplier, shift):
    scaling = FixedScaling.from_scale(scale)
    assert (scaling.multiplier, scaling.shift) == (multiplier, shift)


@pytest.mark.parametrize("shift", [0, 1, 15, 31])
def test_shift_of_a_scale(shift):
    assert ShiftScaling.from_scale(2.0**-shift).shift == shift


def test_one_value_serves_all_channels():
    scaling = FixedScaling(2**23, [23, 24, 25])
    assert scaling.channels == 3
    assert scaling.multiplier.tolist() == [2**23] * 3


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (
            lambda: Float32Scaling([0.5, np.nan]),
            ValueError,
            "scale must be finite, not negative and within float32, not nan",
        ),
        (
            lambda: Float32Scaling(np.ones((2, 2))),
            ValueError,
            "scale must have one dimension, not shape (2, 2)",
        ),
        (
            lambda: Float32Scaling("0.5"),
            TypeError,
            "scale must be real numbers, not <U3",
        ),
        (
            lambda: FixedScaling(2**23 - 1, 20),
            ValueError,
            "multiplier must be 0 or from 2**23 to 2**24 - 1, not 8388607",
        ),
        (
            lambda: FixedScaling(2**24, 20),
            ValueError,
            "multiplier must be 0 or from 2**23 to 2**24 - 1, not 16777216",
        ),
        (
            lambda: FixedScaling(1.5, 20),
            TypeError,
            "multiplier must be integers that fit int64, not float64",
        ),
        (
            lambda: FixedScaling([2**23, 2**23], [1, 2, 3]),
            ValueError,
            "multiplier has 2 channels but shift has 3",
        ),
        (lambda: FixedScaling(2**23, 64), ValueError, "shift must be from 0 to 63, not 64"),
        (lambda: ShiftScaling([0, -1]), ValueError, "shift must be from 0 to 31, not -1"),
        (lambda: ShiftScaling(32), ValueError, "shift must be from 0 to 31, not 32"),
        (
            lambda: ShiftScaling(1, Rounding.FLOOR),
            ValueError,
            "tie must be half_even, half_up or half_away, not floor",
        ),
        (
            lambda: FixedScaling(2**23, 1, "half_up"),
            TypeError,
            "tie must be a golden.rounding.Rounding, not 'half_up'",
        ),
        (
            lambda: ShiftScaling.from_scale([0.5, 0.3]),
            ValueError,
            "scale must be a power of two from 2**-31 to 1 for Scheme.SHIFT, not 0.3",
        ),
        (
            lambda: ShiftScaling.from_scale(2.0),
            ValueError,
            "scale must be a power of two from 2**-31 to 1 for Scheme.SHIFT, not 2.0",
        ),
        (
            lambda: FixedScaling.from_scale(2.0**24),
            ValueError,
            "scale must be below 2**24 for Scheme.FIXED, not 16777216.0",
        ),
        (
            lambda: Q31Scaling.from_scale(-0.5),
            ValueError,
            "scale must be finite, not negative and within float32, not -0.5",
        ),
        (
            lambda: Q31Scaling.from_scale(2.0**30),
            ValueError,
            "scale must be below 2**30 for Scheme.Q31_DOUBLE, not 1073741824.0",
        ),
        (
            lambda: Q31Scaling(2**30 - 1, 0),
            ValueError,
            "multiplier must be 0 or from 2**30 to 2**31 - 1, not 1073741823",
        ),
        (lambda: Q31Scaling(2**30, 31), ValueError, "exponent must be from -31 to 30, not 31"),
    ],
)
def test_refusals(call, error, sentence):
    with pytest.raises(error, match=f"^{re.escape(sentence)}$"):
        call()
