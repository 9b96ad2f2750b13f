import numpy as np
import pytest

from golden.diagnose import Quantized, Requantized, Unrounded, diagnose
from golden.formats import INT8, INT16, UINT8
from golden.overflow import Overflow, fit
from golden.quantization import Quantization
from golden.quantize import quantize
from golden.requantize import Requantization, requantize
from golden.rounding import Rounding, round_float
from golden.scheme import Scheme

RNG = np.random.default_rng(7)
CHANNELS = 6
ACC = RNG.integers(-20_000, 20_000, (200, CHANNELS)).astype(np.int32)
BASE = Requantization.from_scale(Scheme.FLOAT32, 0.006 + 0.001 * np.arange(CHANNELS), 50)
REAL = RNG.normal(scale=40, size=(60, CHANNELS)).astype(np.float32)
CODES = Quantization(np.float32(0.7), np.int64(-3), INT8)


@pytest.mark.parametrize(
    ("scale", "zero_point", "axis"), [(0.5, 5, None), (np.full(CHANNELS, 0.5), 5, 1)]
)
@pytest.mark.parametrize("rule", [Rounding.HALF_AWAY, Rounding.HALF_UP, Rounding.FLOOR])
def test_rounding_of_a_quantizer_is_named(cause_of, scale, zero_point, axis, rule):
    q = Quantization(np.float32(scale), np.int64(zero_point), UINT8, axis)
    real = np.round(REAL * 8) / 8
    sentence = cause_of(quantize(real, q, rule), quantize(real, q), Quantized(real, q))
    assert f"the hardware rounds {rule.value}, the model half_even" in sentence


def quantized(ratio):
    rounded = round_float(ratio.astype(np.float64), Rounding.HALF_EVEN) - 3
    return fit(rounded, INT8, Overflow.SATURATE)


def near_ties(scale):
    """Real values whose float32 quotient is a tie or next to one."""
    values = ((np.arange(-90, 90) + 0.5) * scale).astype(np.float32)
    return np.concatenate([np.nextafter(values, 1e9), values, np.nextafter(values, -1e9)])


def test_reciprocal_of_the_scale_is_named(cause_of):
    real = near_ties(0.7)
    actual = quantized(real * (np.float32(1) / np.float32(0.7)))
    sentence = cause_of(actual, quantize(real, CODES), Quantized(real, CODES))
    assert sentence.endswith("the hardware multiplies by the float32 reciprocal of the scale")


def test_a_division_in_float64_is_named(cause_of):
    real = near_ties(0.7)
    actual = quantized(real.astype(np.float64) / np.float64(np.float32(0.7)))
    sentence = cause_of(actual, quantize(real, CODES), Quantized(real, CODES))
    assert sentence.endswith("the hardware divides in float64")


def test_a_zero_point_added_before_rounding_is_named(cause_of):
    real = near_ties(0.5)
    q = Quantization(np.float32(0.5), np.int64(-3), INT8)
    actual = fit(round_float(real / 0.5 - 3, Rounding.HALF_EVEN), INT8, Overflow.SATURATE)
    sentence = cause_of(actual, quantize(real, q), Quantized(real, q))
    assert sentence.endswith("the hardware adds the zero point before it rounds")


def test_nan_and_infinity_have_codes():
    real = np.array([np.nan, np.inf, -np.inf, 0.35, -0.35, 100], np.float32)
    assert diagnose(quantize(real, CODES) ^ 1, quantize(real, CODES), Quantized(real, CODES))


@pytest.mark.parametrize(
    ("expected", "origin", "error", "sentence"),
    [
        (
            requantize(ACC, BASE) ^ 1,
            Requantized(ACC, BASE),
            ValueError,
            "^the origin does not give",
        ),
        (
            requantize(ACC, BASE),
            Requantized(ACC[1:], BASE),
            ValueError,
            "^the accumulators must ha",
        ),
        (
            quantize(REAL, CODES),
            Quantized(REAL[1:], CODES),
            ValueError,
            "^the real values must hav",
        ),
        (ACC, Unrounded(ACC[1:], INT16), ValueError, "^the unrounded values must have the shape o"),
        (
            np.float32(ACC),
            Requantized(ACC, BASE),
            TypeError,
            "^data with an origin must be integers",
        ),
    ],
)
def test_an_origin_that_does_not_fit_is_refused(expected, origin, error, sentence):
    with pytest.raises(error, match=sentence):
        diagnose(expected + 1, expected, origin)


def test_unrounded_values_are_checked():
    with pytest.raises(ValueError, match=r"^the shift of unrounded floats must be 0, not 3$"):
        Unrounded(np.zeros(3), INT8, 3)
    with pytest.raises(TypeError, match=r"^the unrounded values must be integers or floats, not b"):
        Unrounded(np.zeros(3, bool), INT8)
