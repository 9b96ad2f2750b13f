"""Fake quantization in PyTorch is golden's, every bit of it; so are the gradients."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is missing: pip install lastbit[torch]")

from flow.qat.fake_quantize import (
    fake_quantize,
    learned_step,
    quantization_tensors,
    straight_through,
)
from golden import fake_quantize as golden
from golden.formats import INT4, INT8, INT16, INT32, UINT8, IntegerFormat
from golden.quantize import Quantization, QuantizationKind, choose
from golden.ranges import Range

torch.set_num_threads(1)  # on more, small tensors only wait

FORMATS = [IntegerFormat(bits, signed) for bits in range(2, 9) for signed in (True, False)]


def quantizations(fmt, rng):
    """Of all kinds, per tensor and per channel of every axis of a tensor (n, 3, 5)."""
    for kind in QuantizationKind:
        for narrow in (False, True):
            yield choose(Range(-0.7, 2.3), fmt, kind, narrow=narrow)
            for axis, channels in ((1, 3), (-1, 5)):
                high = rng.uniform(0.01, 3.0, channels)
                yield choose(Range(-high * 0.6, high, axis), fmt, kind, narrow=narrow)
    yield Quantization(3e38, 0, fmt)
    yield Quantization(2.0**-126, fmt.max, fmt)


def awkward(q, rng, rows=100):
    """Values (4 * rows, 3, 5): any bits, near ties (2 ulp), ordinary ones, special ones."""
    shape = (rows, 3, 5)
    bits = rng.integers(0, 2**32, shape, dtype=np.uint32).view(np.float32)
    scale = np.broadcast_to(q.scale if q.axis != 1 else q.scale[:, None], shape)
    with np.errstate(over="ignore", under="ignore"):
        halves = (rng.integers(q.format.min - 3, q.format.max + 4, shape) + 0.5) * scale
        ties = halves.astype(np.float32).view(np.int32) + rng.integers(-2, 3, shape, np.int32)
        ordinary = (rng.standard_normal(shape) * 40 * scale).astype(np.float32)
    special = np.float32([0.0, -0.0, 1e-45, np.nan, np.inf, -np.inf, 3.4e38, -3.4e38])
    return np.concatenate([bits, ties.view(np.float32), ordinary, rng.choice(special, shape)])


@pytest.mark.parametrize("fmt", [*FORMATS, INT16], ids=str)
def test_forward_equals_golden_bit_for_bit(fmt):
    rng = np.random.default_rng(fmt.bits)
    for q in quantizations(fmt, rng):
        x = awkward(q, rng)
        expected = golden.fake_quantize(x, q).view(np.uint32)
        scale, low, high = quantization_tensors(q, x.shape)
        tensor = torch.from_numpy(x)
        for found in (
            fake_quantize(tensor, q),
            straight_through(tensor, scale, low, high),
            learned_step(tensor, scale, low, high, 1),
        ):
            np.testing.assert_array_equal(found.numpy().view(np.uint32), expected, err_msg=f"{q}")


@pytest.mark.parametrize("fmt", [INT4, UINT8, INT8], ids=str)
def test_straight_through_gradient_is_masked_as_golden_says(fmt):
    rng = np.random.default_rng(1)
    for q in quantizations(fmt, rng):
        x = awkward(q, rng)
        tensor = torch.from_numpy(x).requires_grad_()
        upstream = rng.standard_normal(x.shape).astype(np.float32)
        fake_quantize(tensor, q).backward(torch.from_numpy(upstream))
        np.testing.assert_array_equal(
            tensor.grad.numpy(), upstream * golden.straight_through_mask(x, q)
        )


def learned_gradients(x, upstream, q, values):
    """Of the values and of the scale."""
    scale, low, high = quantization_tensors(q, x.shape)
    tensor, scale = torch.from_numpy(x).requires_grad_(), scale.requires_grad_()
    learned_step(tensor, scale, low, high, values).backward(torch.from_numpy(upstream))
    return tensor.grad.numpy(), scale.grad.numpy()


@pytest.mark.parametrize("fmt", [INT4, UINT8, INT8], ids=str)
@pytest.mark.parametrize("axis", [None, 0])
def test_gradient_of_the_learned_step_equals_golden(fmt, axis):
    rng = np.random.default_rng(2)
    x, upstream = rng.standard_normal((2, 6, 50)).astype(np.float32)
    scale = 0.3 if axis is None else rng.uniform(0.05, 0.8, 6)
    for zero_point in (1, fmt.max):  # at the top there is no code above
        q = Quantization(scale, zero_point, fmt, axis)
        _, found = learned_gradients(x, upstream, q, values=x.size // q.scale.size)
        expected = golden.learned_step_gradient(x, upstream, q)
        assert found.reshape(expected.shape) == pytest.approx(expected, rel=1e-5, abs=1e-7)


@pytest.mark.parametrize(("values", "factor"), [(1, 7**-0.5), (100, 700**-0.5)])
def test_gradient_of_the_learned_step_is_the_slope_of_its_formula(values, factor):
    """The slope, by central differences, of: x with its rounding error frozen in steps, clipped."""
    rng = np.random.default_rng(3)
    x, upstream = rng.standard_normal((2, 300)).astype(np.float32)
    q = Quantization(0.25, 0, INT4)

    def loss(scale):
        steps = x.astype(np.float64) / 0.25
        error = np.rint(steps) - steps
        seen = np.where(steps <= -8, -8 * scale, np.where(steps >= 7, 7 * scale, x + error * scale))
        return float((seen * upstream).sum())

    slope = (loss(0.25 + 1e-6) - loss(0.25 - 1e-6)) / 2e-6
    assert (np.abs(x / 0.25) > 8).any()
    _, found = learned_gradients(x, upstream, q, values)
    assert float(found) == pytest.approx(slope * factor, rel=1e-5)


@pytest.mark.parametrize(
    ("value", "mask", "slope"),
    [(0.3, 1, -0.3), (0.7, 1, 0.3), (2.5, 1, -0.5), (6.9, 1, 0.1), (7.0, 0, 7), (7.4, 0, 7),
     (90.0, 0, 7), (-7.75, 1, -0.25), (-8.0, 0, -8), (-8.2, 0, -8), (np.inf, 0, 7)],
)  # fmt: skip
def test_gradients_of_the_learned_step_by_hand(value, mask, slope):
    q = Quantization(2.0, 0, INT4)
    of_x, of_scale = learned_gradients(np.float32([2 * value]), np.float32([3]), q, values=1)
    assert of_x == [3 * mask]
    assert float(of_scale) == pytest.approx(3 * slope / np.sqrt(7), abs=1e-5)


def test_another_type_is_refused():
    with pytest.raises(
        TypeError, match=r"^what is quantized must be torch.float32, not torch.float64$"
    ):
        fake_quantize(torch.zeros(2, dtype=torch.float64), Quantization(1.0, 0, INT8))


def test_a_format_of_many_bits_is_refused():
    with pytest.raises(
        ValueError, match=r"^fake quantization takes formats of up to 16 bits, not int32$"
    ):
        fake_quantize(torch.zeros(2), Quantization(1.0, 0, INT32))
