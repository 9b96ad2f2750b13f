import math
from fractions import Fraction

import numpy as np
import pytest
from apytypes import APyFixedArray, OverflowMode, QuantizationMode
from fxpmath import Fxp

from golden.fixed_point import from_fixed, quantize_fixed, to_fixed
from golden.formats import FixedFormat
from golden.overflow import Overflow
from golden.rounding import Rounding

Q1_6 = FixedFormat.parse("Q1.6")


def test_worked_example():
    """Weights in (-2, 2) on 8 bits: 1 integer bit, 6 fraction bits, steps of 1/64."""
    assert (Q1_6.bits, Q1_6.resolution) == (8, 1 / 64)
    assert to_fixed(0.101, Q1_6) == 6
    assert quantize_fixed(0.101, 8, 6) == 0.09375


@pytest.mark.parametrize(
    ("rounding", "overflow", "integers"),
    [
        (Rounding.HALF_EVEN, Overflow.SATURATE, [0, 2, -2, 127, -128, 127]),
        (Rounding.HALF_AWAY, Overflow.SATURATE, [1, 2, -2, 127, -128, 127]),
        (Rounding.FLOOR, Overflow.WRAP, [0, 1, -2, -128, 64, 127]),
        (Rounding.CEIL, Overflow.SATURATE_SYMMETRIC, [1, 2, -1, 127, -127, 127]),
        (Rounding.JAM, Overflow.SATURATE_TO_ZERO, [1, 1, -1, 0, 0, 127]),
    ],
)
def test_rounding_and_overflow_are_as_named(rounding, overflow, integers):
    values = np.array([0.5, 1.5, -1.5, 128, -192, 127]) / 64
    got = to_fixed(values, Q1_6, rounding, overflow)
    assert got.tolist() == integers
    real = quantize_fixed(values, 8, 6, rounding, overflow)
    np.testing.assert_array_equal(real, np.array(integers) / 64)


def test_integers_and_values_are_each_others_inverse():
    for name in ("Q1.6", "UQ-2.9", "Q12.-5", "UQ-246.256", "Q262.-256"):
        fmt = FixedFormat.parse(name)
        integers = np.arange(fmt.integer.min, fmt.integer.max + 1)
        values = from_fixed(integers, fmt)
        assert (values[0], values[-1]) == (fmt.min, fmt.max)
        for rule in Rounding:
            np.testing.assert_array_equal(to_fixed(values, fmt, rule, seed=0), integers)


@pytest.mark.parametrize("name", ["Q1.6", "Q15.-8", "UQ-224.256", "Q287.-256"])
@pytest.mark.parametrize("rounding", [Rounding.FLOOR, Rounding.CEIL, Rounding.HALF_EVEN])
def test_exact_at_both_ends_of_float64(name, rounding):
    fmt = FixedFormat.parse(name)
    whole = {Rounding.FLOOR: math.floor, Rounding.CEIL: math.ceil, Rounding.HALF_EVEN: round}
    ends = [5e-324, 1e-310, 2.0**-1022, 1e-20, 1.5, 1e20, 2.0**1023, np.finfo(np.float64).max]
    values = np.array(ends + [-end for end in ends])
    exact = [whole[rounding](Fraction(v) * Fraction(2) ** fmt.fraction_bits) for v in values]
    low, high = fmt.integer.min, fmt.integer.max
    saturated = [min(max(value, low), high) for value in exact]
    wrapped = [(value - low) % 2**fmt.bits + low for value in exact]
    assert to_fixed(values, fmt, rounding).tolist() == saturated
    assert to_fixed(values, fmt, rounding, Overflow.WRAP).tolist() == wrapped


def test_nan_and_infinity():
    values = [np.nan, np.inf, -np.inf]
    assert to_fixed(values, Q1_6).tolist() == [0, 127, -128]
    assert to_fixed(values, Q1_6, overflow=Overflow.WRAP).tolist() == [0, 0, 0]


@pytest.mark.parametrize(("bits", "fraction_bits"), [(8, 6), (12, 3), (5, 9), (16, -2)])
def test_oracles(bits, fraction_bits):
    step = 2.0**-fraction_bits
    rng = np.random.default_rng(bits)
    ties = rng.integers(-(2**bits), 2**bits, 20000) * step / 2
    values = np.concatenate([ties, rng.normal(0, 2 ** (bits - 2) * step, 20000)])
    wide = APyFixedArray.from_array(values, int_bits=40, frac_bits=60)
    cast = wide.cast(
        bits=bits,
        frac_bits=fraction_bits,
        quantization=QuantizationMode.RND_CONV,
        overflow=OverflowMode.SAT,
    )
    got = quantize_fixed(np.ldexp(np.trunc(np.ldexp(values, 60)), -60), bits, fraction_bits)
    np.testing.assert_array_equal(got, cast.to_numpy())
    fxp = Fxp(values, signed=True, n_word=bits, n_frac=fraction_bits, rounding="around")
    np.testing.assert_array_equal(quantize_fixed(values, bits, fraction_bits), fxp.get_val())


def test_unsigned_stochastic_and_empty():
    assert quantize_fixed([-1.0, 3.99], 8, 6, signed=False).tolist() == [0.0, 255 / 64]
    drawn = to_fixed(np.full(1000, 0.5 / 64), Q1_6, Rounding.STOCHASTIC, seed=1)
    assert 400 < drawn.sum() < 600
    assert quantize_fixed(np.zeros((0, 3)), 8, 6).shape == (0, 3)


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (lambda: quantize_fixed(0.1, 33, 6), ValueError, "bits must be from 1 to 32, not 33"),
        (
            lambda: quantize_fixed(0.1, 8, 300),
            ValueError,
            "fraction_bits must be from -256 to 256, not 300",
        ),
        (
            lambda: from_fixed([0, 128], Q1_6),
            ValueError,
            "integers of Q1.6 must be from -128 to 127, not 128",
        ),
        (lambda: from_fixed([0.5], Q1_6), TypeError, "integers must be integers .*, not float64"),
        (lambda: to_fixed(0.1, "Q1.6"), TypeError, "fmt must be a .*FixedFormat, not 'Q1.6'"),
        (lambda: to_fixed(["0.1"], Q1_6), TypeError, "values must be float64 or .*, not <U3"),
    ],
)
def test_bad_arguments_are_refused(call, error, sentence):
    with pytest.raises(error, match=f"^{sentence}$"):
        call()
