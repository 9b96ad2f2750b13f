"""Fake quantization: the integer network's values in float32, and the gradients of training."""

import numpy as np
import pytest

from golden.fake_quantize import fake_quantize, learned_step_gradient, straight_through_mask
from golden.formats import INT4, INT8, INT16, INT32, UINT4, UINT8
from golden.quantize import Quantization, dequantize, quantize
from golden.rounding import Rounding


@pytest.mark.parametrize("fmt", [INT4, UINT4, INT8, UINT8, INT16, INT32], ids=str)
@pytest.mark.parametrize("rounding", Rounding)
def test_equals_dequantize_of_quantize_bit_for_bit(fmt, rounding):
    rng = np.random.default_rng(fmt.bits)
    any_bits = rng.integers(0, 2**32, 20_000, dtype=np.uint32).view(np.float32)
    ordinary = (rng.standard_normal(60_000) * 2.0 ** (fmt.bits - 9)).astype(np.float32)
    special = np.float32([0.0, -0.0, -1e-9, np.nan, np.inf, -np.inf, 3e38])
    x = np.concatenate([any_bits, ordinary, special])
    for q in [
        Quantization(0.01, 3, fmt),
        Quantization(3e38, 0, fmt),
        Quantization(2.0**-126, fmt.max, fmt, narrow=True),
    ]:
        expected = dequantize(quantize(x, q, rounding, seed=5), q)
        actual = fake_quantize(x, q, rounding, seed=5)
        assert np.array_equal(actual.view(np.uint32), expected.view(np.uint32))


def test_equals_dequantize_of_quantize_per_axis():
    x = np.random.default_rng(2).standard_normal((50, 3)).astype(np.float32)
    q = Quantization([0.01, 0.1, 1.0], [0, 3, -7], INT8, axis=1)
    assert np.array_equal(fake_quantize(x, q), dequantize(quantize(x, q), q))


def test_straight_through_is_one_where_nothing_is_clipped():
    q = Quantization(0.5, 1, INT4)  # codes -8..7 stand for -4.5..3.0
    x = [-4.8, -4.74, -4.5, 0.0, 3.0, 3.24, 3.26, np.nan, np.inf]
    mask = straight_through_mask(x, q)
    assert mask.tolist() == [0, 1, 1, 1, 1, 1, 0, 0, 0]
    assert mask.dtype == np.float32


@pytest.mark.parametrize(
    ("value", "slope"),
    [(0.0, 0.0), (0.3, -0.3), (0.7, 0.3), (-0.3, 0.3), (2.5, -0.5), (7.0, 7.0), (7.2, 7.0),
     (100.0, 7.0), (-7.75, -0.25), (-8.0, -8.0), (-9.0, -8.0)],
)  # fmt: skip
def test_slope_of_the_learned_step_by_hand(value, slope):
    q = Quantization(2.0, 0, INT4)
    found = learned_step_gradient([2.0 * value], [1.0], q, balanced=False)
    assert found == pytest.approx(slope, abs=1e-6)


def test_learned_step_gradient_is_that_of_the_output_where_codes_do_not_change():
    # Outside, and inside with rounding frozen, the output is linear in the scale.
    x = np.float32([40.0, -40.0, 1.3, -0.2])
    q = Quantization(1.0, 2, INT4)
    assert learned_step_gradient(x[:1], [1.0], q, balanced=False) == 7 - 2
    assert learned_step_gradient(x[1:2], [1.0], q, balanced=False) == -8 - 2
    codes = quantize(x[2:], q) - 2.0
    frozen = codes - x[2:]
    found = learned_step_gradient(x[2:], [1.0, 1.0], q, balanced=False)
    assert found == pytest.approx(frozen.sum())


def test_learned_step_gradient_is_summed_a_channel_and_balanced():
    x = np.float32([[0.3, 9.0, -9.0], [0.6, 0.2, 0.0]])
    upstream = np.float32([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    q = Quantization([1.0, 1.0], [0, 1], INT4, axis=0)
    plain = np.array([-0.3 + 2 * 7 - 3 * 8, 4 * 0.4 - 5 * 0.2])
    found = learned_step_gradient(x, upstream, q, balanced=False)
    assert found == pytest.approx(plain, rel=1e-5)
    found = learned_step_gradient(x, upstream, q)
    assert found == pytest.approx(plain / np.sqrt([3 * 7, 3 * 6]), rel=1e-5)


def test_training_the_step_lowers_the_error():
    x = np.random.default_rng(4).standard_normal(4000).astype(np.float32)
    scale = np.float32(0.05)
    errors = []
    for _ in range(60):
        q = Quantization(scale, 0, INT4)
        difference = fake_quantize(x, q) - x
        errors.append(float(np.mean(difference**2)))
        scale -= 0.01 * learned_step_gradient(x, 2 * difference, q)
    best = min(
        np.mean((fake_quantize(x, Quantization(s, 0, INT4)) - x) ** 2)
        for s in np.linspace(0.05, 1, 100)
    )
    assert errors[0] > 10 * best
    assert errors[-1] < 1.1 * best


def test_upstream_of_another_shape_is_refused():
    q = Quantization(1.0, 0, INT8)
    with pytest.raises(
        ValueError, match=r"^upstream must have the shape of x, \(2,\), not \(3,\)$"
    ):
        learned_step_gradient(np.zeros(2), np.zeros(3), q)
