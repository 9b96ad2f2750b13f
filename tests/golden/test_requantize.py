import re

import numpy as np
import pytest

from golden.formats import INT4, INT8, INT16, UINT8
from golden.requantize import Requantization, biased, requantize, requantize_float32_integer
from golden.rounding import Rounding
from golden.scaling import FixedScaling, Float32Scaling, Q31Scaling, ShiftScaling
from golden.scheme import Scheme

ONE = {
    Scheme.FLOAT32: Float32Scaling(1.0),
    Scheme.FIXED: FixedScaling(2**23, 23),
    Scheme.SHIFT: ShiftScaling(0),
    Scheme.Q31_DOUBLE: Q31Scaling(2**30, 1),
}


def column(*values):
    return np.array(values, np.int32)[:, None]


@pytest.mark.parametrize("scheme", Scheme)
def test_a_scale_of_one_leaves_small_values_as_they_are(scheme):
    r = Requantization.of(ONE[scheme])
    assert r.scheme is scheme
    values = np.arange(-128, 128, dtype=np.int32)[:, None]
    np.testing.assert_array_equal(requantize(values, r), values)


@pytest.mark.parametrize("scheme", [Scheme.FLOAT32, Scheme.FIXED, Scheme.SHIFT])
def test_bias_wraps_the_accumulator_at_32_bits(scheme):
    r = Requantization.of(ONE[scheme], bias=[1])
    assert requantize(column(2**31 - 1, -1), r)[:, 0].tolist() == [-128, 0]
    assert biased(column(2**31 - 1), r).item() == -(2**31)


def test_a_left_shift_of_q31_double_wraps_like_int32():
    r = Requantization.of(Q31Scaling(2**30, 1))
    assert requantize(column(2**30 - 1, 2**30, -(2**31)), r)[:, 0].tolist() == [127, -128, 0]


@pytest.mark.parametrize("scheme", [Scheme.FLOAT32, Scheme.FIXED, Scheme.SHIFT])
def test_zero_point_is_added_before_anything_saturates(scheme):
    r = Requantization.of(ONE[scheme], zero_point=-100)
    acc = column(150, 227, 228, -28, -29, 2**31 - 1, -(2**31))
    assert requantize(acc, r)[:, 0].tolist() == [50, 127, 127, -128, -128, 127, -128]


@pytest.mark.parametrize("scheme", Scheme)
def test_clip_bounds_apply_after_the_zero_point(scheme):
    r = Requantization.of(ONE[scheme], zero_point=3, low=3, high=9)
    assert requantize(column(-5, 0, 1, 6, 7, 100), r)[:, 0].tolist() == [3, 3, 4, 9, 9, 9]


@pytest.mark.parametrize(
    ("out", "ends"),
    [(INT4, [-8, 7]), (INT8, [-128, 127]), (UINT8, [0, 255]), (INT16, [-(2**15), 2**15 - 1])],
)
def test_output_formats(out, ends):
    r = Requantization.of(ONE[Scheme.FLOAT32], out=out)
    result = requantize(column(-(2**31), 2**31 - 1), r)
    assert result.dtype == out.dtype
    assert result[:, 0].tolist() == ends


def test_every_channel_has_its_own_parameters():
    r = Requantization.from_scale(Scheme.FLOAT32, [1.0, 0.5, 0.25], bias=[0, 2, -4])
    acc = np.full((2, 2, 3), 12, np.int32)
    assert requantize(acc, r).tolist() == [[[12, 7, 2]] * 2] * 2


def test_one_channel_serves_any_number():
    r = Requantization.from_scale(Scheme.FIXED, 0.5)
    assert requantize(np.array([[2, 4, 6]], np.int32), r).tolist() == [[1, 2, 3]]


@pytest.mark.parametrize("bias", [5, [5, 5]])
def test_scale_and_bias_take_the_number_of_channels_from_each_other(bias):
    r = Requantization.from_scale(Scheme.SHIFT, [0.5, 0.25], bias)
    assert (r.channels, r.bias.tolist()) == (2, [5, 5])
    assert Requantization.from_scale(Scheme.SHIFT, 0.5, [1, 2, 3]).channels == 3


@pytest.mark.parametrize("scheme", Scheme)
def test_no_rows_and_float32_scales(scheme):
    r = Requantization.from_scale(scheme, np.float32([0.5, 0.25]))
    assert requantize(np.zeros((0, 2), np.int32), r).shape == (0, 2)


def test_tie_rule_reaches_the_scaling():
    for scheme in (Scheme.FIXED, Scheme.SHIFT):
        r = Requantization.from_scale(scheme, 0.5, tie=Rounding.HALF_UP)
        assert requantize(column(1, -1, 3), r)[:, 0].tolist() == [1, 0, 2]


def test_parameters_are_copies_that_cannot_be_written():
    bias, scale = np.array([1, 2]), np.array([0.5, 0.25], np.float32)
    r = Requantization.of(Float32Scaling(scale), bias)
    bias[0] = scale[0] = 7
    assert (r.bias[0], r.scaling.scale[0]) == (1, 0.5)
    for array in (r.bias, r.scaling.scale):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_float32_with_integers_only():
    r = Requantization.from_scale(Scheme.FLOAT32, [0.3, 0.7], bias=[1, -1], zero_point=4)
    acc = np.array([[100, -100], [4, 6]], np.int32)
    np.testing.assert_array_equal(requantize_float32_integer(acc, r), requantize(acc, r))


SCALING = Float32Scaling([0.5, 0.25])
R = Requantization.of(SCALING)


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (
            lambda: Requantization.of(SCALING, zero_point=128),
            ValueError,
            "zero_point must be from -128 to 127 for int8, not 128",
        ),
        (
            lambda: Requantization.of(SCALING, zero_point=-1, out=UINT8),
            ValueError,
            "zero_point must be from 0 to 255 for uint8, not -1",
        ),
        (
            lambda: Requantization.of(SCALING, zero_point=0.5),
            TypeError,
            "zero_point must be an integer, not 0.5",
        ),
        (
            lambda: Requantization.of(SCALING, low=-129),
            ValueError,
            "low must be from -128 to 127 for int8, not -129",
        ),
        (
            lambda: Requantization.of(SCALING, low=5, high=4),
            ValueError,
            "low must be at most high, which is 4, not 5",
        ),
        (
            lambda: Requantization.of(SCALING, [1, 2**31]),
            ValueError,
            "bias must fit int32, not 2147483648",
        ),
        (
            lambda: Requantization.of(SCALING, [1, 2, 3]),
            ValueError,
            "bias must have shape (2,), not (3,)",
        ),
        (
            lambda: Requantization.of(SCALING, 0.5),
            TypeError,
            "bias must be integers that fit int64, not float64",
        ),
        (
            lambda: Requantization.of(0.5),
            TypeError,
            "scaling must be a value of golden.scaling, not 0.5",
        ),
        (
            lambda: Requantization.of(SCALING, out="int8"),
            TypeError,
            "out must be a golden.formats.IntegerFormat, not 'int8'",
        ),
        (
            lambda: Requantization.from_scale("float32", 0.5),
            TypeError,
            "scheme must be a golden.scheme.Scheme, not 'float32'",
        ),
        (
            lambda: Requantization.from_scale(Scheme.FLOAT32, [1, 2], [1, 2, 3]),
            ValueError,
            "scale has shape (2,) but bias has (3,): give one value, or one a channel",
        ),
        (
            lambda: requantize(np.zeros((3, 2)), R),
            TypeError,
            "acc must be an int32 array, not float64",
        ),
        (
            lambda: requantize([[1, 2]], R),
            TypeError,
            "acc must be an int32 array, not list",
        ),
        (
            lambda: requantize(np.zeros((2, 3), np.int32), R),
            ValueError,
            "acc must have 2 channels on its last axis, not shape (2, 3)",
        ),
        (
            lambda: requantize_float32_integer(
                np.zeros((1, 1), np.int32), Requantization.of(ShiftScaling(1))
            ),
            ValueError,
            "scheme must be Scheme.FLOAT32, not Scheme.SHIFT",
        ),
    ],
)
def test_refusals(call, error, sentence):
    with pytest.raises(error, match=f"^{re.escape(sentence)}$"):
        call()
