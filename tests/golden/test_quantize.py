"""Uniform quantization: the codes, the scales and the zero points by hand."""

import numpy as np
import pytest

from golden.formats import INT4, INT8, INT16, INT32, UINT4, UINT8, UINT16, IntegerFormat
from golden.quantize import (
    Quantization,
    QuantizationKind,
    Range,
    choose,
    dequantize,
    quantize,
    saturates,
)
from golden.rounding import Rounding

ASYMMETRIC = QuantizationKind.ASYMMETRIC
SYMMETRIC = QuantizationKind.SYMMETRIC
POWER_OF_TWO = QuantizationKind.POWER_OF_TWO
INT1 = IntegerFormat(1, signed=True)
FORMATS = [INT4, UINT4, INT8, UINT8, INT16, UINT16]
by_format = pytest.mark.parametrize("fmt", FORMATS, ids=str)


def some_quantizations(fmt):
    rng = np.random.default_rng(fmt.bits)
    scales = np.float32([0.1, 1 / 3, 2.0**-7, 7.77e-5])
    zeros = rng.integers(fmt.min, fmt.max + 1, 4)
    yield from (Quantization(s, z, fmt) for s, z in zip(scales, zeros, strict=True))
    yield Quantization(scales, zeros, fmt, axis=1)


@pytest.mark.parametrize(
    ("value", "code"),
    [(0.0, 5), (0.5, 6), (0.25, 5), (0.75, 7), (-0.25, 5), (-0.75, 3), (60.9, 127), (61.3, 127),
     (1e30, 127), (np.inf, 127), (-66.6, -128), (-1e30, -128), (-np.inf, -128), (np.nan, -128)],
)  # fmt: skip
def test_codes_by_hand_for_scale_one_half_and_zero_point_five(value, code):
    assert quantize(np.float32(value), Quantization(0.5, 5, INT8)) == code


@pytest.mark.parametrize(
    ("rounding", "codes"),
    [
        (Rounding.FLOOR, [-2, -1, 0, 1]),
        (Rounding.HALF_UP, [-1, 0, 1, 2]),
        (Rounding.HALF_AWAY, [-2, -1, 1, 2]),
        (Rounding.HALF_EVEN, [-2, 0, 0, 2]),
    ],
)
def test_rounding_rule_is_a_choice(rounding, codes):
    assert quantize([-1.5, -0.5, 0.5, 1.5], Quantization(1.0, 0, INT8), rounding).tolist() == codes


def test_division_is_in_float32():
    scale = np.float32(0.0001)
    x = ((np.arange(-127, 127) + 0.5) * scale).astype(np.float32)
    q = Quantization(scale, 0, INT8)
    assert np.array_equal(quantize(x, q), np.rint(x / scale))
    assert not np.array_equal(quantize(x, q), np.rint(x.astype(np.float64) / np.float64(scale)))


def test_wide_formats_saturate_exactly():
    q = Quantization(1.0, 7, INT32)
    assert quantize([3e9, -3e9, 2.0**30, -(2.0**31)], q).tolist() == [
        2**31 - 1,
        -(2**31),
        2**30 + 7,
        -(2**31) + 7,
    ]


@by_format
def test_every_code_survives_the_way_there_and_back(fmt):
    codes = np.arange(fmt.min, fmt.max + 1)
    for q in some_quantizations(fmt):
        if q.axis is None:
            assert np.array_equal(quantize(dequantize(codes, q), q), codes)


def test_saturation_is_reported_where_the_rounded_value_is_no_code():
    q = Quantization(1.0, 0, INT8, narrow=True)
    x = [127.4, 127.6, -127.4, -127.6, np.nan, np.inf, 0.0]
    assert saturates(x, q).tolist() == [False, True, False, True, True, True, False]
    assert quantize(x, q).tolist() == [127, 127, -127, -127, -127, 127, 0]


@pytest.mark.parametrize(
    ("kind", "fmt", "narrow", "low", "high", "scale", "zero_point"),
    [
        (ASYMMETRIC, UINT8, False, -1.0, 1.55, 0.01, 100),
        (ASYMMETRIC, INT8, False, 0.0, 2.55, 0.01, -128),
        (ASYMMETRIC, INT8, False, 1.0, 2.55, 0.01, -128),
        (ASYMMETRIC, INT8, False, -2.55, -1.0, 0.01, 127),
        (ASYMMETRIC, INT4, False, -1.0, 14.0, 1.0, -7),
        (SYMMETRIC, INT8, True, -1.0, 12.7, 0.1, 0),
        (SYMMETRIC, INT8, False, -12.75, 1.0, 0.1, 0),
        (SYMMETRIC, UINT8, False, -12.75, 1.0, 0.1, 128),
        (SYMMETRIC, UINT8, True, -12.7, 1.0, 0.1, 128),
        (POWER_OF_TWO, INT8, False, -1.0, 0.2, 2.0**-6, 0),
        (POWER_OF_TWO, INT8, True, -127.0, 0.0, 1.0, 0),
        (POWER_OF_TWO, INT8, False, -1.99, 0.0, 2.0**-6, 0),
        (POWER_OF_TWO, INT16, True, -32767.001, 0.0, 2.0, 0),
        (ASYMMETRIC, UINT8, False, 0.0, 0.0, 1.0, 0),
        (ASYMMETRIC, INT8, False, 0.0, 0.0, 1.0, 0),
        (SYMMETRIC, UINT8, False, 0.0, 0.0, 1.0, 128),
        (POWER_OF_TWO, INT8, False, 0.0, 0.0, 1.0, 0),
        (SYMMETRIC, INT8, False, 0.0, 1e-44, 2.0**-126, 0),
    ],
)
def test_scale_and_zero_point_by_hand(kind, fmt, narrow, low, high, scale, zero_point):
    q = choose(Range(low, high), fmt, kind, narrow=narrow)
    assert q == Quantization(scale, zero_point, fmt, narrow=narrow)


@by_format
@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize("kind", QuantizationKind)
def test_zero_is_exact_and_the_range_is_within_a_step(fmt, kind, narrow):
    rng = np.random.default_rng(fmt.bits)
    ends = np.sort(rng.standard_normal((2, 2000)) * np.exp2(rng.uniform(-40, 40, 2000)), axis=0)
    q = choose(Range(ends[0], ends[1], axis=0), fmt, kind, narrow=narrow)
    x = np.stack([np.zeros(2000), ends[0], ends[1]], axis=1).astype(np.float32)
    restored = dequantize(quantize(x, q), q)
    assert not restored[:, 0].any()
    error = np.abs(restored - x).max(axis=1) / q.scale
    assert error.max() < (1.001 if kind is ASYMMETRIC else 0.51)


def test_each_channel_of_an_axis_is_quantized_as_if_alone():
    x = np.random.default_rng(3).standard_normal((2, 3, 4)).astype(np.float32)
    q = Quantization([0.1, 0.2, 0.3], [1, 2, 3], INT8, axis=-2)
    for c in range(3):
        alone = Quantization(q.scale[c], q.zero_point[c], INT8)
        assert np.array_equal(quantize(x, q)[:, c], quantize(x[:, c], alone))


def test_shape_of_values_is_kept():
    for shape in [(), (0,), (3,), (2, 0, 3), (2, 1, 3)]:
        codes = quantize(np.zeros(shape, np.float32), Quantization(1.0, 3, UINT4))
        assert (codes.shape, codes.dtype) == (shape, np.uint8)
        assert dequantize(codes, Quantization(1.0, 3, UINT4)).shape == shape


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (lambda: quantize([1, 2], Quantization(1.0, 0, INT8)), TypeError,
         "values must be floating point, not int64"),
        (lambda: quantize(np.zeros((2, 3)), Quantization([1.0, 1.0], 0, INT8, 1)), ValueError,
         "axis 1 must have 2 channels as the quantization has, not 3"),
        (lambda: quantize(np.zeros(2), Quantization([1.0, 1.0], 0, INT8, 1)), ValueError,
         "axis must be from -1 to 0 for 1 axes, not 1"),
        (lambda: dequantize([1.0], Quantization(1.0, 0, INT8)), TypeError,
         "codes must be integers, not float64"),
        (lambda: dequantize([-8, 8], Quantization(1.0, 0, INT4)), ValueError,
         "codes must be from -8 to 7, not 8"),
        (lambda: choose(Range(0.0, 1.0), INT1, SYMMETRIC, narrow=True), ValueError,
         "a narrow range needs at least 2 bits, not int1"),
        (lambda: choose(Range(-1e300, 1.0), INT8, SYMMETRIC), ValueError,
         "scale must be positive and finite, not inf"),
    ],
)  # fmt: skip
def test_illegal_values_are_refused(call, error, sentence):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == sentence
