import re
from fractions import Fraction

import numpy as np
import pytest

from golden.real_scale import checked_scale, combine_scales, split_scale


def nearest_float32(value):
    """The float32 nearest to a Fraction, found among its neighbours; ties to even."""
    guess = np.float32(float(value))
    near = [np.nextafter(guess, np.float32(side)) for side in (0, np.inf)]
    return min(
        (guess, *near),
        key=lambda x: (abs(Fraction(float(x)) - value), int(x.view(np.uint32)) & 1),
    )


def test_combined_scales_round_after_the_product_and_after_the_quotient():
    rng = np.random.default_rng(0)
    xs, ws, ys = np.exp2(rng.uniform(-12, 3, (3, 1000))).astype(np.float32)
    for x, w, y, s in zip(xs, ws, ys, combine_scales(xs, ws, ys), strict=True):
        product = nearest_float32(Fraction(float(x)) * Fraction(float(w)))
        assert s == nearest_float32(Fraction(float(product)) / Fraction(float(y)))


def test_combined_scales_broadcast():
    combined = combine_scales(0.5, [1, 2], 4)
    assert combined.dtype == np.float32
    assert combined.tolist() == [0.125, 0.25]


@pytest.mark.parametrize("bits", [24, 31])
def test_split_scale_is_nearest(bits):
    rng = np.random.default_rng(bits)
    scale = np.exp2(rng.uniform(-60, 60, 1000))
    mantissa, exponent = split_scale(scale, bits)
    assert ((mantissa >= 2 ** (bits - 1)) & (mantissa < 2**bits)).all()
    for value, m, e in zip(scale.tolist(), mantissa.tolist(), exponent.tolist(), strict=True):
        error = abs(Fraction(m) * Fraction(2) ** (e - bits) - Fraction(value))
        assert error <= Fraction(2) ** (e - bits - 1)


def test_split_scale_of_zero():
    assert split_scale(0.0, 24) == (0, 0)


def test_a_ready_float32_scale_stays_as_it_is():
    scale = np.array([0.1, 1e-45, 0], np.float32)
    np.testing.assert_array_equal(checked_scale(scale), scale)


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (
            lambda: combine_scales(1.0, 1.0, 0.0),
            ValueError,
            "scale must be finite, not negative and within float32, not inf",
        ),
        (
            lambda: combine_scales(1e30, 1e30, 1.0),
            ValueError,
            "scale must be finite, not negative and within float32, not inf",
        ),
        (
            lambda: checked_scale([0.5, -0.25]),
            ValueError,
            "scale must be finite, not negative and within float32, not -0.25",
        ),
        (lambda: checked_scale(1j), TypeError, "scale must be real numbers, not complex128"),
    ],
)
def test_refusals(call, error, sentence):
    with pytest.raises(error, match=f"^{re.escape(sentence)}$"):
        call()
