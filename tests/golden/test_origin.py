"""Diagnosis of data whose arithmetic is known: rounding, overflow, parameters, scheme."""

from dataclasses import replace

import numpy as np
import pytest

from golden.diagnose import Quantized, Requantized, Unrounded, diagnose
from golden.diagnose_parameters import real_scale
from golden.formats import INT8, INT16, UINT8, IntegerFormat
from golden.overflow import Overflow, fit
from golden.quantization import Quantization
from golden.quantize import quantize
from golden.requantize import Requantization, requantize
from golden.rounding import Rounding, round_float, round_shift
from golden.scaling import FixedScaling, Q31Scaling
from golden.scheme import Scheme

RNG = np.random.default_rng(7)
CHANNELS = 6
ACC = RNG.integers(-20_000, 20_000, (200, CHANNELS)).astype(np.int32)
ACC[::2] &= ~63  # half of the scaled values are ties or whole
BIAS = RNG.integers(-15, 15, CHANNELS) * 64
RAW = np.arange(-1000, 1000)
RULES = [rule for rule in Rounding if rule is not Rounding.STOCHASTIC]


def requantization(scheme, scale=2.0**-7, **fields):
    fields = {"zero_point": 4, "low": -100, "high": 110} | fields
    return Requantization.from_scale(scheme, np.full(CHANNELS, scale), BIAS, **fields)


def exact_output(rounding, overflow, r):
    """Power-of-two scale 2**-7 by integer arithmetic, whatever the scheme."""
    rounded = round_shift(ACC.astype(np.int64) + r.bias, 7, rounding) + r.zero_point
    return fit(rounded, r.out, overflow).clip(r.low, r.high)


def best(actual, expected, origin):
    found = diagnose(actual, expected, origin)
    assert found, "nothing explains it"
    assert all(item.complete for item in found)
    return found[0].sentence


@pytest.mark.parametrize("scheme", [Scheme.FLOAT32, Scheme.FIXED, Scheme.SHIFT])
@pytest.mark.parametrize("rule", [rule for rule in RULES if rule is not Rounding.HALF_EVEN])
def test_rounding_rule_is_named(scheme, rule):
    r = requantization(scheme)
    expected = requantize(ACC, r)
    actual = exact_output(rule, Overflow.SATURATE, r)
    ties = " are ties" if rule.value.startswith("half") else ""
    assert best(actual, expected, Requantized(ACC, r)) == (
        f"all {np.sum(actual != expected)} differences{ties}: "
        f"the hardware rounds {rule.value}, the model half_even"
    )


@pytest.mark.parametrize("tie", [Rounding.HALF_UP, Rounding.HALF_AWAY])
@pytest.mark.parametrize("scheme", [Scheme.FIXED, Scheme.SHIFT])
def test_the_tie_rule_of_the_model_is_named(scheme, tie):
    r = requantization(scheme, tie=tie)
    actual = exact_output(Rounding.HALF_EVEN, Overflow.SATURATE, r)
    sentence = best(actual, requantize(ACC, r), Requantized(ACC, r))
    assert sentence.endswith(f"ties: the hardware rounds half_even, the model {tie.value}")


def test_rules_that_agree_on_the_data_are_named_together():
    r = requantization(Scheme.SHIFT)
    acc = np.abs(ACC) // 2 + np.int32(1024)
    acc &= ~31
    actual = requantize(acc, replace(r, scaling=replace(r.scaling, tie=Rounding.HALF_UP)))
    sentence = best(actual, requantize(acc, r), Requantized(acc, r))
    assert sentence.endswith("ties: the hardware rounds half_up or half_away, the model half_even")


def test_a_tie_that_is_equal_speaks_against_another_tie_rule():
    r = requantization(Scheme.SHIFT)
    up = replace(r, scaling=replace(r.scaling, tie=Rounding.HALF_UP))
    expected, actual = requantize(ACC, r), requantize(ACC, up)
    where = tuple(np.argwhere(actual != expected)[0])
    actual[where] = expected[where]
    total = np.sum(actual != expected)
    found = diagnose(actual, expected, Requantized(ACC, r))[0]
    assert (found.complete, found.explained, found.total, found.spoiled) == (False, total, total, 1)
    assert "hardware rounds half_up" in found.sentence


OVERFLOW_VERBS = {
    Overflow.WRAP: "wraps",
    Overflow.SATURATE_TO_ZERO: "turns into 0",
    Overflow.SATURATE_SYMMETRIC: "saturates symmetrically",
}


@pytest.mark.parametrize("scheme", [Scheme.FLOAT32, Scheme.FIXED, Scheme.SHIFT])
@pytest.mark.parametrize("rule", list(OVERFLOW_VERBS))
def test_overflow_rule_is_named(scheme, rule):
    r = requantization(scheme, low=-128, high=127)
    expected = requantize(ACC, r)
    actual = exact_output(Rounding.HALF_EVEN, rule, r)
    low = -127 if rule is Overflow.SATURATE_SYMMETRIC else -128
    assert best(actual, expected, Requantized(ACC, r)) == (
        f"all {np.sum(actual != expected)} differences are values outside {low} to 127: "
        f"the hardware {OVERFLOW_VERBS[rule]}, the model saturates"
    )


@pytest.mark.parametrize("rounding", [Rounding.FLOOR, Rounding.HALF_UP])
@pytest.mark.parametrize("overflow", [Overflow.WRAP, Overflow.SATURATE_TO_ZERO])
def test_both_rules_are_named(rounding, overflow):
    r = requantization(Scheme.FLOAT32)
    sentence = best(exact_output(rounding, overflow, r), requantize(ACC, r), Requantized(ACC, r))
    assert sentence.endswith(
        f"the hardware rounds {rounding.value} and {OVERFLOW_VERBS[overflow]}, "
        "the model rounds half_even and saturates"
    )


def channels(r, order):
    scaling = replace(r.scaling, scale=r.scaling.scale[order])
    return replace(r, scaling=scaling, bias=r.bias[order])


BASE = replace(
    Requantization.from_scale(Scheme.FLOAT32, 0.006 + 0.001 * np.arange(CHANNELS), BIAS),
    zero_point=4,
    low=-100,
    high=110,
)
NUMBERS = np.arange(CHANNELS)


@pytest.mark.parametrize(
    ("wrong", "cause"),
    [
        (replace(BASE, bias=BIAS * 0), "the bias is missing"),
        (replace(BASE, bias=BIAS * 2), "the bias is added twice"),
        (replace(BASE, bias=-BIAS), "the bias is subtracted"),
        (replace(BASE, zero_point=0), "the zero point is missing"),
        (replace(BASE, zero_point=8), "the zero point is added twice"),
        (replace(BASE, zero_point=-4), "the zero point is subtracted"),
        (replace(BASE, low=-128, high=127), "lacks the clip (ReLU) that the model applies"),
        (replace(BASE, low=4), "applies a ReLU at the zero point that the model lacks"),
        (replace(BASE, low=0), "applies a ReLU at 0 that the model lacks"),
        (channels(BASE, np.roll(NUMBERS, 1)), "has the parameters of the channel before it"),
        (channels(BASE, np.roll(NUMBERS, -1)), "has the parameters of the channel behind it"),
        (channels(BASE, NUMBERS[::-1]), "the channels have their parameters in reverse order"),
        (channels(BASE, NUMBERS * 0), "every channel has the parameters of channel 0"),
        (replace(BASE, scaling=replace(BASE.scaling, scale=BASE.scaling.scale * 2)), "scale is tw"),
        (replace(BASE, scaling=replace(BASE.scaling, scale=BASE.scaling.scale / 2)), "is half of"),
    ],
)
def test_wrong_parameter_is_named(wrong, cause):
    assert cause in best(requantize(ACC, wrong), requantize(ACC, BASE), Requantized(ACC, BASE))


@pytest.mark.parametrize("bits", [16, 15, 12])
@pytest.mark.parametrize(("rule", "verb"), [(Overflow.WRAP, "wraps"), (Overflow.SATURATE, "satur")])
def test_narrow_accumulators_are_named(bits, rule, verb):
    acc = ACC * np.int32(4)
    r = replace(BASE, scaling=replace(BASE.scaling, scale=BASE.scaling.scale / 8))
    narrow = fit(acc, IntegerFormat(bits, signed=True), rule).astype(np.int32)
    sentence = best(requantize(narrow, r), requantize(acc, r), Requantized(acc, r))
    assert f"the accumulators have {bits} bits only, and a sum outside {verb}" in sentence


@pytest.mark.parametrize(
    ("model", "hardware", "cause"),
    [
        (Scheme.FLOAT32, Scheme.Q31_DOUBLE, "by the scheme q31_double, the model by float32"),
        (Scheme.Q31_DOUBLE, Scheme.FIXED, "by the scheme fixed with ties half_even"),
        (Scheme.FIXED, Scheme.Q31_DOUBLE, "by the scheme q31_double, the model by fixed"),
    ],
)
def test_scheme_is_named(model, hardware, cause):
    acc = RNG.integers(-20_000, 20_000, (5000, CHANNELS)).astype(np.int32)
    r = requantization(model, 0.0073)
    scale = real_scale(r.scaling)
    other = Q31Scaling if hardware is Scheme.Q31_DOUBLE else FixedScaling
    actual = requantize(acc, replace(r, scaling=other.from_scale(scale)))
    assert cause in best(actual, requantize(acc, r), Requantized(acc, r))


def test_moved_data_is_named_with_an_origin_too():
    expected = requantize(ACC, BASE)
    sentence = best(expected[:, ::-1], expected, Requantized(ACC, BASE))
    assert sentence.endswith("the columns are in reverse order")


REAL = RNG.normal(scale=40, size=(60, CHANNELS)).astype(np.float32)
CODES = Quantization(np.float32(0.7), np.int64(-3), INT8)


@pytest.mark.parametrize(
    ("scale", "zero_point", "axis"), [(0.5, 5, None), (np.full(CHANNELS, 0.5), 5, 1)]
)
@pytest.mark.parametrize("rule", [Rounding.HALF_AWAY, Rounding.HALF_UP, Rounding.FLOOR])
def test_rounding_of_a_quantizer_is_named(scale, zero_point, axis, rule):
    q = Quantization(np.float32(scale), np.int64(zero_point), UINT8, axis)
    real = np.round(REAL * 8) / 8
    sentence = best(quantize(real, q, rule), quantize(real, q), Quantized(real, q))
    assert f"the hardware rounds {rule.value}, the model half_even" in sentence


def quantized(ratio):
    rounded = round_float(ratio.astype(np.float64), Rounding.HALF_EVEN) - 3
    return fit(rounded, INT8, Overflow.SATURATE)


def near_ties(scale):
    """Real values whose float32 quotient is a tie or next to one."""
    values = ((np.arange(-90, 90) + 0.5) * scale).astype(np.float32)
    return np.concatenate([np.nextafter(values, 1e9), values, np.nextafter(values, -1e9)])


def test_reciprocal_of_the_scale_is_named():
    real = near_ties(0.7)
    actual = quantized(real * (np.float32(1) / np.float32(0.7)))
    sentence = best(actual, quantize(real, CODES), Quantized(real, CODES))
    assert sentence.endswith("the hardware multiplies by the float32 reciprocal of the scale")


def test_a_division_in_float64_is_named():
    real = near_ties(0.7)
    actual = quantized(real.astype(np.float64) / np.float64(np.float32(0.7)))
    sentence = best(actual, quantize(real, CODES), Quantized(real, CODES))
    assert sentence.endswith("the hardware divides in float64")


def test_a_zero_point_added_before_rounding_is_named():
    real = near_ties(0.5)
    q = Quantization(np.float32(0.5), np.int64(-3), INT8)
    actual = fit(round_float(real / 0.5 - 3, Rounding.HALF_EVEN), INT8, Overflow.SATURATE)
    sentence = best(actual, quantize(real, q), Quantized(real, q))
    assert sentence.endswith("the hardware adds the zero point before it rounds")


def test_nan_and_infinity_have_codes():
    real = np.array([np.nan, np.inf, -np.inf, 0.35, -0.35, 100], np.float32)
    assert diagnose(quantize(real, CODES) ^ 1, quantize(real, CODES), Quantized(real, CODES))


@pytest.mark.parametrize("values", [RAW, RAW / 16.0])
@pytest.mark.parametrize("model", [Rounding.HALF_EVEN, Rounding.FLOOR, Rounding.HALF_AWAY])
@pytest.mark.parametrize("hardware", [Rounding.TRUNCATE, Rounding.HALF_UP, Rounding.HALF_ODD])
def test_both_rules_of_unrounded_values_are_found(values, model, hardware):
    shift = 4 if values.dtype.kind == "i" else 0
    results = [
        fit(round_shift(RAW, 4, rule), INT8, Overflow.SATURATE) for rule in (hardware, model)
    ]
    origin = Unrounded(values, INT8, shift)
    sentence = best(*results, origin)
    assert sentence.endswith(f"the hardware rounds {hardware.value}, the model {model.value}")


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
