import numpy as np
import pytest

from flow.window import Window

WINDOWS = [Window(1), Window(3), Window(3, 1, 1), Window(2, 2), Window(3, 2, 1), Window(2, 3, 2)]


@pytest.mark.parametrize("window", WINDOWS, ids=str)
def test_patches_and_taps_are_the_pixels_under_the_window(window):
    x = np.random.default_rng(0).standard_normal((2, 5, 6, 3))
    padded = window.padded(x)
    rows, columns = window.places((5, 6))
    patches, taps = window.patches(padded), window.taps(padded)
    assert patches.shape == (2, rows, columns, window.kernel**2 * 3)
    for row in range(rows):
        for column in range(columns):
            y, k = row * window.stride, window.kernel
            left = column * window.stride
            under = padded[:, y : y + k, left : left + k].reshape(2, -1)
            np.testing.assert_array_equal(patches[:, row, column], under)
            by_tap = np.concatenate([tap[:, row, column] for tap in taps], axis=1)
            np.testing.assert_array_equal(by_tap, under)


def test_padding_is_zeros_around_the_image_and_comes_off_again():
    x = np.ones((1, 2, 3, 1))
    padded = Window(3, 1, 2).padded(x)
    assert padded.shape == (1, 6, 7, 1)
    assert padded.sum() == x.sum()
    np.testing.assert_array_equal(Window(3, 1, 2).cropped(padded), x)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((0,), "kernel must be at least 1, not 0"),
        ((3, 0), "stride must be at least 1, not 0"),
        ((3, 1, -1), "padding must be at least 0, not -1"),
    ],
)
def test_windows_are_checked(arguments, sentence):
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        Window(*arguments)


def test_images_smaller_than_the_window_are_refused():
    sentence = (
        "an image of 2 x 8 is smaller than the 3 x 3 window; "
        "make the kernel smaller or the padding larger"
    )
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        Window(3).places((2, 8, 1))
