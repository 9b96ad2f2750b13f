import numpy as np
import pytest

from golden.kernel_window import KernelWindow
from golden.kernels.windows import (
    channels_last,
    in_layout,
    patches,
    window_counts,
    window_maxima,
    window_sums,
)
from golden.model import Layout

IMAGES = np.random.default_rng(3).integers(-128, 128, (2, 4, 5, 3)).astype(np.int8)
PADDED = KernelWindow((3, 2), stride=(2, 1), padding=((1, 1), (0, 1)))


def test_layouts_turn_around_and_back():
    first = np.ascontiguousarray(np.moveaxis(IMAGES, -1, 1))
    for layout, images in ((Layout.CHANNELS_FIRST, first), (Layout.CHANNELS_LAST, IMAGES)):
        np.testing.assert_array_equal(channels_last(images, layout), IMAGES)
        np.testing.assert_array_equal(in_layout(IMAGES, layout), images)
    with pytest.raises(ValueError, match=r"images of four dimensions, not of shape \(2, 4\)"):
        channels_last(IMAGES[:, :, 0, 0], Layout.CHANNELS_LAST)


def test_patches_pooling_and_counts_agree():
    seen = patches(IMAGES, PADDED, 0)
    assert seen.shape == (2, 2, 5, 6, 3)
    np.testing.assert_array_equal(seen[0, 1, 2, 3], IMAGES[0, 2, 3])
    np.testing.assert_array_equal(window_sums(IMAGES, PADDED), seen.sum(3, dtype=int))
    np.testing.assert_array_equal(
        window_maxima(IMAGES, PADDED), patches(IMAGES, PADDED, -128).max(3)
    )
    np.testing.assert_array_equal(window_counts((4, 5), PADDED), [[4, 4, 4, 4, 2], [6, 6, 6, 6, 3]])


def test_padding_never_wins_a_maximum():
    low = np.full((1, 1, 1, 1), -128, np.int8)
    window = KernelWindow((3, 3), padding=((1, 1), (1, 1)))
    assert window_maxima(low, window).item() == -128
