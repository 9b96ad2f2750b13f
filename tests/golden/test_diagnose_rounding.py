from dataclasses import replace

import numpy as np
import pytest

from golden.diagnose import Requantized, Unrounded, diagnose
from golden.formats import INT8
from golden.overflow import Overflow, fit
from golden.requantize import Requantization, requantize
from golden.rounding import Rounding, round_shift
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


@pytest.mark.parametrize("scheme", [Scheme.FLOAT32, Scheme.FIXED, Scheme.SHIFT])
@pytest.mark.parametrize("rule", [rule for rule in RULES if rule is not Rounding.HALF_EVEN])
def test_rounding_rule_is_named(cause_of, scheme, rule):
    r = requantization(scheme)
    expected = requantize(ACC, r)
    actual = exact_output(rule, Overflow.SATURATE, r)
    ties = " are ties" if rule.value.startswith("half") else ""
    assert cause_of(actual, expected, Requantized(ACC, r)) == (
        f"all {np.sum(actual != expected)} differences{ties}: "
        f"the hardware rounds {rule.value}, the model half_even"
    )


@pytest.mark.parametrize("tie", [Rounding.HALF_UP, Rounding.HALF_AWAY])
@pytest.mark.parametrize("scheme", [Scheme.FIXED, Scheme.SHIFT])
def test_the_tie_rule_of_the_model_is_named(cause_of, scheme, tie):
    r = requantization(scheme, tie=tie)
    actual = exact_output(Rounding.HALF_EVEN, Overflow.SATURATE, r)
    sentence = cause_of(actual, requantize(ACC, r), Requantized(ACC, r))
    assert sentence.endswith(f"ties: the hardware rounds half_even, the model {tie.value}")


def test_rules_that_agree_on_the_data_are_named_together(cause_of):
    r = requantization(Scheme.SHIFT)
    acc = np.abs(ACC) // 2 + np.int32(1024)
    acc &= ~31
    actual = requantize(acc, replace(r, scaling=replace(r.scaling, tie=Rounding.HALF_UP)))
    sentence = cause_of(actual, requantize(acc, r), Requantized(acc, r))
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
def test_overflow_rule_is_named(cause_of, scheme, rule):
    r = requantization(scheme, low=-128, high=127)
    expected = requantize(ACC, r)
    actual = exact_output(Rounding.HALF_EVEN, rule, r)
    low = -127 if rule is Overflow.SATURATE_SYMMETRIC else -128
    assert cause_of(actual, expected, Requantized(ACC, r)) == (
        f"all {np.sum(actual != expected)} differences are values outside {low} to 127: "
        f"the hardware {OVERFLOW_VERBS[rule]}, the model saturates"
    )


@pytest.mark.parametrize("rounding", [Rounding.FLOOR, Rounding.HALF_UP])
@pytest.mark.parametrize("overflow", [Overflow.WRAP, Overflow.SATURATE_TO_ZERO])
def test_both_rules_are_named(cause_of, rounding, overflow):
    r = requantization(Scheme.FLOAT32)
    actual = exact_output(rounding, overflow, r)
    sentence = cause_of(actual, requantize(ACC, r), Requantized(ACC, r))
    assert sentence.endswith(
        f"the hardware rounds {rounding.value} and {OVERFLOW_VERBS[overflow]}, "
        "the model rounds half_even and saturates"
    )


@pytest.mark.parametrize("values", [RAW, RAW / 16.0])
@pytest.mark.parametrize("model", [Rounding.HALF_EVEN, Rounding.FLOOR, Rounding.HALF_AWAY])
@pytest.mark.parametrize("hardware", [Rounding.TRUNCATE, Rounding.HALF_UP, Rounding.HALF_ODD])
def test_both_rules_of_unrounded_values_are_found(cause_of, values, model, hardware):
    shift = 4 if values.dtype.kind == "i" else 0
    results = [
        fit(round_shift(RAW, 4, rule), INT8, Overflow.SATURATE) for rule in (hardware, model)
    ]
    origin = Unrounded(values, INT8, shift)
    sentence = cause_of(*results, origin)
    assert sentence.endswith(f"the hardware rounds {hardware.value}, the model {model.value}")
