"""Accumulators against sums written out element by element."""

import itertools

import numpy as np
import pytest

from golden.kernel_window import KernelWindow
from golden.kernels import accumulators
from golden.kernels.accumulators import convolution, depthwise, fully_connected

RNG = np.random.default_rng(7)
EXTREMES = [-128, -127, -1, 0, 1, 126, 127]
WINDOWS = [
    KernelWindow((1, 1)),
    KernelWindow((2, 3), stride=(2, 1), padding=((1, 0), (2, 1))),
    KernelWindow((3, 2), dilation=(2, 3), padding=((2, 3), (0, 1))),
]


def draw(shape, dtype=np.int8):
    values = np.where(RNG.random(shape) < 0.5, RNG.choice(EXTREMES, shape), 0)
    values = np.where(values == 0, RNG.integers(-128, 128, shape), values)
    return (values + (128 if dtype == np.uint8 else 0)).astype(dtype)


def written_out(images, weights, window, zero, weight_zero, groups):
    """The definition; weights (ky, kx, channels / groups, N), weight_zero (N,)."""
    (ky, kx), (sy, sx), (dy, dx) = window.kernel, window.stride, window.dilation
    rows, columns = window.output_size(images.shape[1:3])
    (n, height, width, _), outputs = images.shape, weights.shape[-1]
    acc = np.zeros((n, rows, columns, outputs), np.int64)
    for i, y, x, o in np.ndindex(acc.shape):
        first = o // (outputs // groups) * weights.shape[2]
        for v, u, c in itertools.product(range(ky), range(kx), range(weights.shape[2])):
            row = y * sy + v * dy - window.padding[0][0]
            column = x * sx + u * dx - window.padding[1][0]
            if 0 <= row < height and 0 <= column < width:
                activation = int(images[i, row, column, first + c]) - zero
                acc[i, y, x, o] += activation * (int(weights[v, u, c, o]) - weight_zero[o])
    return acc


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize(("groups", "dtype"), [(1, np.int8), (2, np.uint8), (4, np.int8)])
def test_convolution_is_its_definition(window, groups, dtype, monkeypatch):
    monkeypatch.setattr(accumulators, "BLOCK_ELEMENTS", 1)
    images, weights = draw((2, 5, 6, 4), dtype), draw((*window.kernel, 4 // groups, 8), dtype)
    zero = int(draw((), dtype))
    weight_zeros = draw(8, dtype).astype(int)
    acc = convolution(
        images, weights, window, groups=groups, zero_point=zero, weight_zero_points=weight_zeros
    )
    expected = written_out(images, weights, window, zero, weight_zeros, groups)
    np.testing.assert_array_equal(acc, expected)
    assert acc.dtype == np.int32


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("multiplier", [1, 3])
def test_depthwise_is_a_convolution_of_as_many_groups_as_channels(window, multiplier):
    images, weights = draw((2, 5, 6, 4)), draw((*window.kernel, 4, multiplier))
    weight_zeros = draw(4 * multiplier).astype(int)
    acc = depthwise(images, weights, window, zero_point=-7, weight_zero_points=weight_zeros)
    grouped = weights.reshape(*window.kernel, 1, 4 * multiplier)
    np.testing.assert_array_equal(
        acc, written_out(images, grouped, window, -7, weight_zeros, groups=4)
    )


def test_fully_connected_is_its_definition_and_wraps():
    rows, weights = draw((3, 2, 50)), draw((50, 4))
    acc = fully_connected(rows, weights, zero_point=5, weight_zero_points=[1, 0, -3, 100])
    expected = (rows.astype(int) - 5) @ (weights.astype(int) - [1, 0, -3, 100])
    np.testing.assert_array_equal(acc, expected)
    full, extreme = np.full((1, 2**16), 255, np.uint8), np.full((2**16, 1), 255, np.uint8)
    assert fully_connected(full, extreme)[0, 0] == (2**16 * 255**2 + 2**31) % 2**32 - 2**31


@pytest.mark.parametrize(
    ("weights", "sentence"),
    [
        ((2, 2, 4, 1), "a kernel of (1, 1) needs weights of four dimensions that begin so, not "),
        ((1, 1, 3, 1), "weights of shape (1, 1, 3, 1)"),
    ],
)
def test_weights_that_do_not_suit_are_refused(weights, sentence):
    images = draw((1, 2, 2, 4))
    for compute in (convolution, depthwise):
        with pytest.raises(ValueError, match=r"do not suit|needs weights") as caught:
            compute(images, np.zeros(weights, np.int8), KernelWindow((1, 1)))
        assert str(caught.value).startswith(sentence)
