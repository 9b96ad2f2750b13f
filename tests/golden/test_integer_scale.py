import re
from fractions import Fraction

import numpy as np
import pytest

from golden.formats import INT8, INT16, UINT8, IntegerFormat
from golden.integer_scale import (
    ZERO_SHIFT,
    compose,
    decompose,
    scale_float32_integer,
    significant_bits,
)
from golden.requantize import Requantization, requantize, requantize_float32_integer
from golden.scaling import Float32Scaling

MILLION = 1_000_000


def random_scales(rng, count):
    """Positive float32 of every exponent, most of them where results are not all 0 or clipped."""
    exponent = np.where(
        rng.random(count) < 0.8, rng.integers(90, 135, count), rng.integers(0, 255, count)
    )
    return (exponent << 23 | rng.integers(0, 1 << 23, count)).astype(np.uint32).view(np.float32)


def assert_forms_agree(t, scale, out=INT8, **parameters):
    r = Requantization.of(Float32Scaling(scale), out=out, **parameters)
    acc = t.reshape(1, -1)
    float_form, integer_form = requantize(acc, r), requantize_float32_integer(acc, r)
    different = np.flatnonzero(float_form != integer_form)
    assert not different.size, (
        f"{different.size} differ, the first: t {t[different[0]]}, scale {scale[different[0]]!r}, "
        f"float {float_form[0, different[0]]}, integers {integer_form[0, different[0]]}"
    )


@pytest.mark.parametrize(
    ("scale", "multiplier", "shift"),
    [
        (1.0, 2**23, 23),
        (0.75, 3 * 2**22, 24),
        (2.0**-126, 2**23, 149),
        (np.finfo(np.float32).max, 2**24 - 1, -104),
        (np.nextafter(np.float32(1), np.float32(0)), 2**24 - 1, 24),
        (0.0, 2**23, ZERO_SHIFT),
        (1e-45, 2**23, ZERO_SHIFT),
    ],
)
def test_decompose(scale, multiplier, shift):
    assert decompose(scale) == (multiplier, shift)


def test_decompose_and_compose_are_inverse_for_normal_scales():
    rng = np.random.default_rng(0)
    scale = random_scales(rng, 10_000)
    scale = scale[scale >= np.finfo(np.float32).tiny]
    multiplier, shift = decompose(scale)
    assert ((multiplier >= 2**23) & (multiplier < 2**24)).all()
    np.testing.assert_array_equal(compose(multiplier, shift), scale)


def test_scales_of_zero_shift_and_beyond_give_zero():
    t = np.array([2**31 - 1, -(2**31)])
    assert scale_float32_integer(t, 2**24 - 1, ZERO_SHIFT).tolist() == [0, 0]
    assert scale_float32_integer(t, 2**24 - 1, ZERO_SHIFT - 1).tolist() == [1, -1]


def test_significant_bits():
    values = [0, 1, 2, 3, 4, 255, 256, 2**31, 2**48 - 1, 2**62]
    expected = [value.bit_length() for value in values]
    assert significant_bits(np.array(values)).tolist() == expected


def float32_in_python(value):
    """The float32 nearest to a positive Fraction, ties to even; no limit on the exponent."""
    unit = Fraction(1)
    while value / unit >= 2**24:
        unit *= 2
    while value / unit < 2**23:
        unit /= 2
    return round(value / unit) * unit


def test_equals_the_rule_in_fractions(near_ties):
    rng = np.random.default_rng(6)
    t, scale = near_ties(rng, 2000)
    result = scale_float32_integer(t, *decompose(scale))
    for value, s, actual in zip(t.tolist(), scale.tolist(), result.tolist(), strict=True):
        operand = float32_in_python(Fraction(abs(value)))
        expected = round(float32_in_python(operand * Fraction(s)))
        assert actual == (expected if value > 0 else -expected), (value, s)


def test_forms_agree_on_edges():
    t = np.array([0, 1, -1, 3, 2**24 - 1, 2**24 + 1, 2**25 + 2, 2**31 - 1, -(2**31)], np.int32)
    exponents = np.arange(255, dtype=np.uint32) << 23
    scale = np.concatenate([exponents | mantissa for mantissa in (0, 1, 2**22, 2**23 - 1)])
    pairs = np.meshgrid(t, scale.view(np.float32))
    assert_forms_agree(pairs[0].ravel(), pairs[1].ravel())


@pytest.mark.parametrize(
    ("out", "zero_point"),
    [(INT8, -128), (INT8, 127), (UINT8, 7), (INT16, 0), (IntegerFormat(32, signed=True), 5)],
)
def test_forms_agree_near_ties_in_every_format(near_ties, out, zero_point):
    rng = np.random.default_rng(zero_point % 256)
    assert_forms_agree(*near_ties(rng, 100_000), out=out, zero_point=zero_point)


def test_forms_agree_on_results_of_up_to_32_bits(accumulators):
    rng = np.random.default_rng(12)
    t, scale = accumulators(rng, 100_000), random_scales(rng, 100_000)
    assert_forms_agree(t, scale, out=IntegerFormat(32, signed=True))


@pytest.mark.long
@pytest.mark.parametrize("seed", range(8))
def test_forms_agree_near_ties_campaign(near_ties, seed):
    rng = np.random.default_rng(seed)
    assert_forms_agree(*near_ties(rng, MILLION), zero_point=int(rng.integers(-128, 128)))


@pytest.mark.long
@pytest.mark.parametrize("seed", range(8))
def test_forms_agree_random_campaign(accumulators, seed):
    rng = np.random.default_rng(seed)
    t, scale = accumulators(rng, MILLION), random_scales(rng, MILLION)
    assert_forms_agree(t, scale, out=INT16, bias=rng.integers(-(2**31), 2**31, MILLION))


@pytest.mark.parametrize("scale", [np.nan, np.inf, -1.0, 1e39])
def test_illegal_scales_are_refused(scale):
    sentence = f"scale must be finite, not negative and within float32, not {scale}"
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        decompose(scale)
