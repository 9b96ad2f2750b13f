import numpy as np
import pytest

from flow.errors import UserError
from flow.weight_quantization import LARGEST_BIAS, WeightSettings, quantize_layer
from golden.formats import INT4, INT8, UINT8, IntegerFormat
from golden.quantization import Quantization

RNG = np.random.default_rng(3)
WEIGHTS = RNG.standard_normal((4, 3, 3, 3)).astype(np.float32)
BIAS = RNG.standard_normal(4).astype(np.float32)
ACTIVATION = Quantization(np.float32(0.037), 5, INT8)


def codes_of(weights=WEIGHTS, bias=BIAS, axis=0, activation=ACTIVATION, **settings):
    settings = WeightSettings(**settings)
    return quantize_layer("conv", weights, bias, axis, activation, settings)


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize(("bits", "largest"), [(8, 127), (4, 7)])
def test_each_channel_uses_all_codes(axis, bits, largest):
    weights = RNG.standard_normal((6, 5)).astype(np.float32)
    bias = np.zeros(weights.shape[axis], np.float32)
    codes = codes_of(weights, bias, axis, format=IntegerFormat(bits, signed=True))
    assert codes.weights.dtype == np.int8
    assert (np.abs(codes.weights).max(axis=1 - axis) == largest).all()
    assert not codes.quantization.zero_point.any()


def test_one_scale_for_all():
    codes = codes_of(per_channel=False)
    assert codes.quantization.scale.shape == codes.bias_scale.shape == ()
    assert np.abs(codes.weights).max() == 127


def test_the_bias_has_the_scale_of_the_accumulator():
    codes = codes_of()
    step = np.float32(0.037) * codes.quantization.scale
    assert codes.bias_scale.dtype == np.float32
    np.testing.assert_array_equal(codes.bias_scale, step)
    np.testing.assert_array_equal(codes.bias, np.rint(BIAS.astype(np.float64) / step))
    assert codes_of(bias=None).bias is None


@pytest.mark.parametrize("power_of_two", [False, True])
@pytest.mark.parametrize("per_channel", [False, True])
def test_tiny_weights_get_a_scale_that_their_bias_fits(power_of_two, per_channel):
    weights = WEIGHTS * np.float32(1e-12)
    codes = codes_of(weights, per_channel=per_channel, power_of_two=power_of_two)
    assert codes.widened == (4 if per_channel else 1)
    assert np.abs(codes.bias).max() <= LARGEST_BIAS + 64  # half a float32 step of the scale
    np.testing.assert_allclose(codes.bias * codes.bias_scale.astype(float), BIAS, rtol=1e-6)
    if power_of_two:
        assert (np.frexp(codes.quantization.scale)[0] == 0.5).all()
    assert codes_of().widened == 0


def test_weights_that_are_all_but_zero_keep_a_normal_scale():
    codes = codes_of(WEIGHTS * np.float32(1e-36), bias=None)
    assert (codes.bias_scale >= 2.0**-101).all()
    assert not codes.weights.any()


@pytest.mark.parametrize(
    ("fmt", "zero_point", "fits", "bias"),
    [(INT8, 0, 132104, -2000), (UINT8, 0, 66311, 30000), (INT8, -128, 66311, 30000)],
)
def test_an_accumulator_that_could_overflow_is_refused(fmt, zero_point, fits, bias):
    """A product is at most 127 * 128 from the zero point 0, and 127 * 255 from an end."""
    activation = Quantization(np.float32(1), zero_point, fmt)
    weights = np.ones((fits, 1), np.float32)
    codes_of(weights, None, 1, activation)
    more = np.ones((fits + 1, 1), np.float32)
    with pytest.raises(UserError, match=r"the accumulator of conv could reach \d+, beyond int32"):
        codes_of(more, None, 1, activation)
    with pytest.raises(UserError, match="beyond int32"):
        codes_of(weights, np.float32([bias]), 1, activation)


def test_fewer_bits_than_the_format_allows():
    with pytest.raises(ValueError, match="weights must be int2 to int8, not uint8"):
        WeightSettings(format=UINT8)
    assert codes_of(format=INT4).weights.min() >= -7
