import numpy as np
import pytest

from golden.floating_point import (
    FloatClass,
    FloatFields,
    FloatFormat,
    classify,
    fields,
    from_fields,
    ulp,
)

F16, F32, F64 = FloatFormat


def patterns(fmt: FloatFormat) -> np.ndarray:
    """Return all float16, or edges and random ones of a wider format, as unsigned integers."""
    if fmt is F16:
        return np.arange(2**16, dtype=np.uint16)
    rng = np.random.default_rng(fmt.bits)
    quiet = 1 << (fmt.significand_bits - 1)
    infinite = ((1 << fmt.exponent_bits) - 1) << fmt.significand_bits
    edges = [0, 1, 2 * quiet - 1, 2 * quiet, infinite - 1, infinite, infinite + 1]
    edges += [infinite + quiet, infinite + quiet + 5, infinite + 2 * quiet - 1]
    signed = edges + [edge | 1 << (fmt.bits - 1) for edge in edges]
    drawn = rng.integers(0, 2**fmt.bits, 5000, dtype=np.uint64)
    return np.concatenate([np.array(signed, np.uint64), drawn]).astype(fmt.unsigned)


@pytest.mark.parametrize("fmt", FloatFormat)
def test_format_is_what_numpy_says(fmt):
    info = np.finfo(fmt.dtype)
    assert fmt.bits == info.bits
    assert fmt.significand_bits == info.nmant
    assert fmt.exponent_bits == info.iexp
    assert 2 - fmt.bias == info.minexp + 1
    assert fmt.unsigned.itemsize == fmt.dtype.itemsize
    assert FloatFormat.parse(fmt.value) is fmt


@pytest.mark.parametrize(
    ("value", "fmt", "sign", "exponent", "significand"),
    [
        (1.0, F16, 0, 15, 0),
        (-2.0, F16, 1, 16, 0),
        (65504.0, F16, 0, 30, 1023),
        (2.0**-24, F16, 0, 0, 1),
        (-0.15625, F32, 1, 124, 0b01 << 21),
        (0.1, F32, 0, 123, 0x4CCCCD),
        (-0.0, F32, 1, 0, 0),
        (np.inf, F32, 0, 255, 0),
        (0.1, F64, 0, 1019, 0x999999999999A),
        (-5e-324, F64, 1, 0, 1),
    ],
)
def test_known_fields(value, fmt, sign, exponent, significand):
    view = fields(np.asarray(value, fmt.dtype))
    assert (view.sign, view.exponent, view.significand) == (sign, exponent, significand)


@pytest.mark.parametrize("fmt", FloatFormat)
def test_fields_give_every_pattern_back(fmt):
    pattern = patterns(fmt)
    values = pattern.view(fmt.dtype)
    again = from_fields(fields(values), fmt)
    np.testing.assert_array_equal(again.view(fmt.unsigned), pattern)


@pytest.mark.parametrize("fmt", FloatFormat)
def test_fields_have_the_value_of_the_formula(fmt):
    values = patterns(fmt).view(fmt.dtype)
    values = values[np.isfinite(values)]
    view = fields(values)
    normal = view.exponent > 0
    significand = view.significand + (normal.astype(np.int64) << fmt.significand_bits)
    scale = np.where(normal, view.exponent, 1) - fmt.bias - fmt.significand_bits
    value = np.where(view.sign, -1.0, 1.0) * np.ldexp(significand.astype(np.float64), scale)
    np.testing.assert_array_equal(value, values.astype(np.float64))


@pytest.mark.parametrize("fmt", FloatFormat)
def test_classes(fmt):
    tiny, top = np.finfo(fmt.dtype).smallest_subnormal, np.finfo(fmt.dtype).max
    normal = np.finfo(fmt.dtype).smallest_normal
    below = np.nextafter(normal, fmt.dtype.type(0))
    finite = np.array([0, -0.0, tiny, -below, normal, 1, -top, np.inf, -np.inf], fmt.dtype)
    quiet = ((1 << (fmt.exponent_bits + 1)) - 1) << (fmt.significand_bits - 1)
    nans = np.array([quiet, quiet + 1, quiet ^ (1 << (fmt.significand_bits - 1)) | 1])
    values = np.concatenate([finite, nans.astype(fmt.unsigned).view(fmt.dtype)])
    expected = "ZERO ZERO SUBNORMAL SUBNORMAL NORMAL NORMAL NORMAL INFINITE INFINITE"
    expected += " QUIET_NAN QUIET_NAN SIGNALING_NAN"
    assert [FloatClass(kind).name for kind in classify(values)] == expected.split()


@pytest.mark.parametrize("fmt", FloatFormat)
def test_ulp_is_the_distance_outward(fmt):
    values = patterns(fmt).view(fmt.dtype)
    values = values[np.isfinite(values) & (np.abs(values) < np.finfo(fmt.dtype).max)]
    outward = np.nextafter(np.abs(values), fmt.dtype.type(np.inf))
    step = ulp(values)
    assert step.dtype == fmt.dtype
    np.testing.assert_array_equal(step, outward - np.abs(values))
    top = np.finfo(fmt.dtype).max
    assert ulp(np.array(top)) == top - np.nextafter(top, fmt.dtype.type(0))
    assert np.isnan(ulp(np.array([np.nan, np.inf, -np.inf], fmt.dtype))).all()


def test_shapes_byte_orders_and_empty_arrays():
    assert fields(np.ones((2, 3), np.float32)).exponent.shape == (2, 3)
    assert classify(np.float16(1)).shape == ()
    swapped = np.array([1.0, -2.5], ">f4")
    assert fields(swapped).exponent.tolist() == [127, 128]
    assert fields(np.ones((4, 4), np.float64)[:, ::2].T).exponent.shape == (2, 4)
    for fmt in FloatFormat:
        assert fields(np.zeros(0, fmt.dtype)).sign.tolist() == []


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (lambda: fields([1.0]), TypeError, "values must be a float16, .* array, not list"),
        (lambda: fields(np.arange(3)), TypeError, "values must be a float16, .* array, not int64"),
        (
            lambda: from_fields(FloatFields(np.array(0), np.array(32), np.array(0)), F16),
            ValueError,
            "exponent must be from 0 to 31, not 32",
        ),
        (
            lambda: from_fields(FloatFields(np.array(0), np.array(1), np.array([5, -1])), F32),
            ValueError,
            "significand must be from 0 to 8388607, not -1",
        ),
        (
            lambda: from_fields(fields(np.ones(1)), "float16"),
            TypeError,
            "fmt must be a golden.floating_point.FloatFormat, not 'float16'",
        ),
        (
            lambda: FloatFormat.parse("bfloat16"),
            ValueError,
            "float format must be one of .*, not 'bfloat16'; did you mean float16[?]",
        ),
    ],
)
def test_bad_arguments_are_refused(call, error, sentence):
    with pytest.raises(error, match=f"^{sentence}$"):
        call()
