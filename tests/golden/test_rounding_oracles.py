"""Rounding rules against apytypes and fxpmath, which share no code with golden."""

import numpy as np
import pytest
from apytypes import APyFixedArray, QuantizationMode
from fxpmath import Fxp

from golden.rounding import Rounding, round_divide, round_float, round_shift

APYTYPES = {
    Rounding.FLOOR: QuantizationMode.TRN,
    Rounding.CEIL: QuantizationMode.TRN_INF,
    Rounding.TRUNCATE: QuantizationMode.TRN_ZERO,
    Rounding.AWAY: QuantizationMode.TRN_AWAY,
    Rounding.HALF_UP: QuantizationMode.RND,
    Rounding.HALF_DOWN: QuantizationMode.RND_MIN_INF,
    Rounding.HALF_EVEN: QuantizationMode.RND_CONV,
    Rounding.HALF_AWAY: QuantizationMode.RND_INF,
    Rounding.HALF_ZERO: QuantizationMode.RND_ZERO,
    Rounding.HALF_ODD: QuantizationMode.RND_CONV_ODD,
    Rounding.JAM: QuantizationMode.JAM_UNBIASED,  # its JAM sets the last bit of whole numbers too
}
FXPMATH = {
    Rounding.FLOOR: "floor",
    Rounding.CEIL: "ceil",
    Rounding.TRUNCATE: "trunc",
    Rounding.HALF_UP: "nearest_posinf",
    Rounding.HALF_DOWN: "nearest_neginf",
    Rounding.HALF_EVEN: "around",
    Rounding.HALF_AWAY: "nearest_away",
    Rounding.HALF_ZERO: "nearest_zero",
}


def stimulus(count: int, bits: int, shift: int, seed: int) -> np.ndarray:
    """Return integers of `bits` bits: uniform, of every magnitude, and within 1 of ties."""
    rng = np.random.default_rng(seed)
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    uniform = rng.integers(low, high, count // 3, endpoint=True)
    magnitudes = uniform >> rng.integers(0, bits, uniform.size)
    halves = rng.integers(low, high, count // 3, endpoint=True) >> shift << shift
    ties = (halves | (1 << shift >> 1)) + rng.integers(-1, 1, halves.size, endpoint=True)
    return np.concatenate([uniform, magnitudes, ties.clip(low, high), [low, -1, 0, 1, high]])


def apytypes_shift(values: np.ndarray, shift: int, rule: Rounding) -> np.ndarray:
    """Return what apytypes makes of values / 2**shift."""
    # A second word: within one of 64 bits, apytypes 0.5 overflows when the largest values go up.
    fixed = APyFixedArray(values, bits=64, frac_bits=shift).cast(bits=72, frac_bits=shift)
    cast = fixed.cast(int_bits=64, frac_bits=0, quantization=APYTYPES[rule])
    return cast.to_bits(numpy=True).view(np.int64)


def check_apytypes(rule: Rounding, count: int) -> None:
    for shift in (1, 2, 7, 8, 20, 31, 32, 47, 62, 63):
        values = stimulus(count, 64, shift, seed=shift)
        expected = apytypes_shift(values, shift, rule)
        np.testing.assert_array_equal(round_shift(values, shift, rule), expected, f"{shift=}")
        if shift < 63:
            np.testing.assert_array_equal(round_divide(values, 1 << shift, rule), expected)
        small = stimulus(count, 54, min(shift, 53), seed=shift)
        expected = apytypes_shift(small, shift, rule)
        np.testing.assert_array_equal(round_float(np.ldexp(small * 1.0, -shift), rule), expected)


def check_fxpmath(rule: Rounding, count: int) -> None:
    for shift in (1, 4, 16):
        values = stimulus(count, 40, shift, seed=shift) / 2.0**shift
        fixed = Fxp(values, signed=True, n_word=48, n_frac=0, rounding=FXPMATH[rule])
        np.testing.assert_array_equal(round_float(values, rule), np.asarray(fixed.val, np.int64))


def test_apytypes_has_every_rule():
    assert set(APYTYPES) == set(Rounding) - {Rounding.STOCHASTIC}


@pytest.mark.parametrize("rule", APYTYPES)
def test_apytypes(rule):
    check_apytypes(rule, 3000)


@pytest.mark.parametrize("rule", FXPMATH)
def test_fxpmath(rule):
    check_fxpmath(rule, 3000)


@pytest.mark.long
@pytest.mark.parametrize("rule", APYTYPES)
def test_apytypes_on_millions(rule):
    check_apytypes(rule, 300_000)


@pytest.mark.long
@pytest.mark.parametrize("rule", FXPMATH)
def test_fxpmath_on_millions(rule):
    check_fxpmath(rule, 400_000)
