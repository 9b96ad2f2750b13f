import numpy as np
import pytest

from golden.kernel_window import KernelWindow


@pytest.mark.parametrize(
    ("window", "size", "expected"),
    [
        (KernelWindow((1, 1)), (4, 7), (4, 7)),
        (KernelWindow((3, 2)), (4, 7), (2, 6)),
        (KernelWindow((3, 2), (2, 3)), (4, 7), (1, 2)),
        (KernelWindow((3, 3), (2, 2), padding=((1, 1), (0, 1))), (5, 5), (3, 2)),
        (KernelWindow((2, 3), (1, 1), (3, 2)), (4, 7), (1, 3)),
    ],
)
def test_the_size_of_the_output(window, size, expected):
    assert window.output_size(size) == expected


@pytest.mark.parametrize("kernel", [1, 2, 3, 5])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("dilation", [1, 2])
def test_same_padding_gives_an_output_for_each_stride(kernel, stride, dilation):
    for length in range(3, 12):
        window = KernelWindow.same((kernel, 1), (length, 1), (stride, 1), (dilation, 1))
        assert window.output_size((length, 1)) == (-(-length // stride), 1)
        assert np.diff(window.padding[0]) in (0, 1)


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        ({"kernel": (0, 1)}, ValueError, "kernel must be at least 1, not 0"),
        ({"kernel": 3}, TypeError, r"kernel must be two integers \(vertical, horizontal\), not 3"),
        ({"kernel": (1, True)}, TypeError, "kernel must be two integers .* not "),
        ({"kernel": (2, 2), "stride": (1, -1)}, ValueError, "stride must be at least 1, not -1"),
        ({"kernel": (2, 2), "dilation": (0, 1)}, ValueError, "dilation must be at least 1, not 0"),
        (
            {"kernel": (2, 3), "padding": ((0, 2), (0, 0))},
            ValueError,
            "padding must be from 0 to 1 for a kernel that spans 2, not 2",
        ),
        (
            {"kernel": (2, 3), "padding": (1, 1, 1, 1)},
            TypeError,
            r"padding must be \(\(top, bottom\), \(left, right\)\), not \(1, 1, 1, 1\)",
        ),
    ],
)
def test_what_is_no_window_is_refused(arguments, error, sentence):
    with pytest.raises(error, match=f"^{sentence}"):
        KernelWindow(**arguments)


def test_an_image_smaller_than_the_kernel_is_refused():
    window = KernelWindow((3, 3), dilation=(1, 2), padding=((0, 0), (1, 0)))
    with pytest.raises(ValueError, match=r"^the kernel spans 5 and the padded width is 4: take a"):
        window.output_size((3, 3))
