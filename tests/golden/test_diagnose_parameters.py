from dataclasses import replace

import numpy as np
import pytest

from golden.diagnose import Requantized
from golden.diagnose_parameters import real_scale
from golden.formats import IntegerFormat
from golden.overflow import Overflow, fit
from golden.requantize import Requantization, requantize
from golden.scaling import FixedScaling, Q31Scaling
from golden.scheme import Scheme

RNG = np.random.default_rng(7)
CHANNELS = 6
ACC = RNG.integers(-20_000, 20_000, (200, CHANNELS)).astype(np.int32)
BIAS = RNG.integers(-900, 900, CHANNELS)


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
def test_wrong_parameter_is_named(cause_of, wrong, cause):
    assert cause in cause_of(requantize(ACC, wrong), requantize(ACC, BASE), Requantized(ACC, BASE))


@pytest.mark.parametrize("bits", [16, 15, 12])
@pytest.mark.parametrize(("rule", "verb"), [(Overflow.WRAP, "wraps"), (Overflow.SATURATE, "satur")])
def test_narrow_accumulators_are_named(cause_of, bits, rule, verb):
    acc = ACC * np.int32(4)
    r = replace(BASE, scaling=replace(BASE.scaling, scale=BASE.scaling.scale / 8))
    narrow = fit(acc, IntegerFormat(bits, signed=True), rule).astype(np.int32)
    sentence = cause_of(requantize(narrow, r), requantize(acc, r), Requantized(acc, r))
    assert f"the accumulators have {bits} bits only, and a sum outside {verb}" in sentence


@pytest.mark.parametrize(
    ("model", "hardware", "cause"),
    [
        (Scheme.FLOAT32, Scheme.Q31_DOUBLE, "by the scheme q31_double, the model by float32"),
        (Scheme.Q31_DOUBLE, Scheme.FIXED, "by the scheme float32 or fixed with ties half_even"),
        (Scheme.FIXED, Scheme.Q31_DOUBLE, "by the scheme q31_double, the model by fixed"),
    ],
)
def test_scheme_is_named(cause_of, model, hardware, cause):
    acc = RNG.integers(-20_000, 20_000, (5000, CHANNELS)).astype(np.int32)
    r = Requantization.from_scale(model, np.full(CHANNELS, 0.0073), BIAS, zero_point=4)
    scale = real_scale(r.scaling)
    other = Q31Scaling if hardware is Scheme.Q31_DOUBLE else FixedScaling
    actual = requantize(acc, replace(r, scaling=other.from_scale(scale)))
    assert cause in cause_of(actual, requantize(acc, r), Requantized(acc, r))


def test_moved_data_is_named_with_an_origin_too(cause_of):
    expected = requantize(ACC, BASE)
    sentence = cause_of(expected[:, ::-1], expected, Requantized(ACC, BASE))
    assert sentence.endswith("the columns are in reverse order")
