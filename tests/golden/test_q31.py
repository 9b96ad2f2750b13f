import numpy as np
import pytest

from golden.q31 import high_multiply, quantize_multiplier


def test_multipliers_have_31_bits_and_their_ties_go_away_from_zero():
    half = 0.5 + 2.0**-32
    for scale, expected in [
        (0.5, (1 << 30, 0)), (1.0, (1 << 30, 1)), (half, ((1 << 30) + 1, 0)), (0.0, (0, 0)),
        (2.0**-33, (0, 0)), (2.0**-32, (1 << 30, -31)), (1 - 2.0**-40, (1 << 30, 1)),
    ]:  # fmt: skip
        multiplier, exponent = quantize_multiplier(scale)
        assert (int(multiplier[0]), int(exponent[0])) == expected, scale


def test_a_scale_too_large_is_refused():
    with pytest.raises(ValueError, match=r"^scale must be below 2\*\*30 for Scheme.Q31_DOUBLE"):
        quantize_multiplier(2.0**30)


def test_the_product_is_rounded_half_up_and_a_left_shift_wraps():
    values = np.array([1, -1, 3, 2**30], np.int32)
    assert high_multiply(values, 1 << 30, 0).tolist() == [1, 0, 2, 2**29]
    assert high_multiply(values, 1 << 30, 1).tolist() == [1, -1, 3, -(2**30)]
