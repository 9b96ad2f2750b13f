from fractions import Fraction

import numpy as np
import pytest

from golden.residual import (
    LARGEST_MULTIPLIER,
    LARGEST_SUM,
    limbs,
    residual_add,
    residual_parameters,
)
from golden.rounding import Rounding

EDGES = [-128, -127, -1, 0, 1, 126, 127]


@pytest.mark.parametrize(
    "start", [0, 120, 32_640, 65_408, 8_355_700 - 400, LARGEST_MULTIPLIER - 399]
)
def test_limbs_are_signed_bytes_of_the_multiplier(start):
    for multiplier in range(start, start + 400):
        high, middle, low = limbs(multiplier)
        assert high * 65536 + middle * 256 + low == multiplier
        assert all(-128 <= limb <= 127 for limb in (high, middle, low))


@pytest.mark.parametrize("multiplier", [-1, LARGEST_MULTIPLIER + 1])
def test_a_multiplier_that_three_limbs_do_not_hold_is_refused(multiplier):
    with pytest.raises(ValueError, match=r"^multiplier must be from 0 to 8355711, not"):
        limbs(multiplier)


def test_no_sum_leaves_int32():
    assert 255 * LARGEST_SUM < 2**31 <= 255 * (LARGEST_SUM + 1)


@pytest.mark.parametrize("scales", [(1, 1, 1), (0.3, 0.7, 0.5), (0.01, 2, 1.3), (5, 3, 0.4)])
@pytest.mark.parametrize("tie", [Rounding.HALF_EVEN, Rounding.HALF_UP, Rounding.HALF_AWAY])
def test_the_sum_is_the_rounded_real_one_but_next_to_ties(scales, tie):
    multipliers, r = residual_parameters(scales[:2], scales[2], tie=tie, zero_point=-3)
    codes = np.array([*EDGES, *range(-120, 120, 7)], np.int8)
    a, b = (m.ravel() for m in np.meshgrid(codes, codes))
    got = residual_add(a, b, multipliers, (5, -128), r)
    shift = int(r.scaling.shift[0])
    compared = 0
    for x, y, output in zip(a.tolist(), b.tolist(), got.tolist(), strict=True):
        real = (x - 5) * Fraction(scales[0]) + (y + 128) * Fraction(scales[1])
        real = real / Fraction(scales[2]) - 3
        if abs(real % 1 - Fraction(1, 2)) > Fraction(255, 1 << shift):
            assert output == min(max(round(real), -128), 127)
            compared += 1
    assert compared > len(a) * 0.4


def test_equal_scales_have_no_error_at_all():
    multipliers, r = residual_parameters((0.25, 0.25), 0.5, tie=Rounding.HALF_UP)
    codes = np.array(EDGES, np.int8)
    a, b = np.meshgrid(codes, codes)
    expected = (a.astype(int) + b + 1) >> 1
    np.testing.assert_array_equal(residual_add(a, b, multipliers, (0, 0), r), expected)


@pytest.mark.parametrize("ratio", [0.5, 1, 2])
def test_ordinary_scales_keep_twenty_fraction_bits(ratio):
    _, r = residual_parameters((ratio, ratio), 1.0)
    assert r.scaling.shift[0] >= 20


def test_scales_that_are_too_different_are_refused():
    with pytest.raises(ValueError, match=r"^the scales must add up to at most 8421504 output"):
        residual_parameters((1e7, 1), 1)
    with pytest.raises(ValueError, match=r"^scale must be finite and above 0, not 0$"):
        residual_parameters((1, 0), 1)


def test_multipliers_that_could_overflow_are_refused():
    _, r = residual_parameters((1, 1), 1)
    x = np.zeros(1, np.int8)
    residual_add(x, x, (LARGEST_MULTIPLIER, LARGEST_SUM - LARGEST_MULTIPLIER), (0, 0), r)
    with pytest.raises(ValueError, match=r"^the multipliers must add up to at most 8421504, not"):
        residual_add(x, x, (LARGEST_MULTIPLIER, LARGEST_SUM - LARGEST_MULTIPLIER + 1), (0, 0), r)
