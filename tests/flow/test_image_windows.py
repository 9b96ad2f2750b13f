import numpy as np
import pytest

from flow.image_windows import cropped, padded, patches, taps
from golden.kernel_window import KernelWindow

WINDOWS = [
    KernelWindow((1, 1)),
    KernelWindow((3, 3), padding=((1, 1), (1, 1))),
    KernelWindow((2, 2), stride=(2, 2)),
    KernelWindow((3, 2), stride=(2, 1), padding=((0, 2), (1, 0))),
    KernelWindow((2, 3), dilation=(2, 1), padding=((1, 0), (0, 2))),
    KernelWindow((2, 2), stride=(1, 3), dilation=(1, 2)),
]


@pytest.mark.parametrize("window", WINDOWS, ids=str)
def test_patches_and_taps_are_the_pixels_under_the_window(window):
    x = padded(np.random.default_rng(0).standard_normal((2, 5, 6, 3)), window)
    rows, columns = window.output_size((5, 6))
    found, views = patches(x, window), taps(x, window)
    assert found.shape == (2, rows, columns, np.prod(window.kernel) * 3)
    (height, width), (dy, dx) = window.extent, window.dilation
    for row, column in np.ndindex(rows, columns):
        y, left = row * window.stride[0], column * window.stride[1]
        under = x[:, y : y + height : dy, left : left + width : dx].reshape(2, -1)
        np.testing.assert_array_equal(found[:, row, column], under)
        by_tap = np.concatenate([view[:, row, column] for view in views], axis=1)
        np.testing.assert_array_equal(by_tap, under)


def test_padding_is_zeros_around_the_image_and_comes_off_again():
    window = KernelWindow((3, 4), padding=((0, 1), (2, 3)))
    x = np.ones((1, 2, 3, 1))
    around = padded(x, window)
    assert around.shape == (1, 3, 8, 1)
    assert around.sum() == x.sum()
    np.testing.assert_array_equal(cropped(around, window), x)
