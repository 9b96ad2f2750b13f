import numpy as np
import pytest

from golden.compare import Difference, HistogramBin, compare

INF = float("inf")
NAN = float("nan")


def units(actual, expected, dtype):
    """The one difference of two scalars in units of the last place, 0 if they are equal."""
    result = compare(np.array([actual], dtype), np.array([expected], dtype))
    return 0 if result.first is None else result.first.units


@pytest.mark.parametrize(
    "dtype", ["bool", "int8", "uint8", "int64", "uint64", "float16", "float64"]
)
@pytest.mark.parametrize("shape", [(), (1,), (3, 5), (2, 3, 4)])
def test_equal_arrays(dtype, shape):
    values = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
    result = compare(values.copy(), values)
    assert result.equal
    assert (result.count, result.total, result.shape) == (0, values.size, shape)
    assert (result.first, result.largest, result.histogram) == (None, None, ())
    assert str(result).startswith(f"equal: {values.size} elements (")


def test_every_field_of_a_difference():
    expected = np.zeros((4, 5), np.int8)
    actual = expected.copy()
    actual[1, 3], actual[2, 0], actual[3, 4] = 1, -7, 1
    result = compare(actual, expected)
    assert (result.equal, result.count, result.total) == (False, 3, 20)
    assert result.first == Difference((1, 3), 1, 0, 1)
    assert result.largest == Difference((2, 0), -7, 0, -7)
    assert result.histogram == (HistogramBin(-7, -4, 1), HistogramBin(1, 1, 2))
    assert str(result).splitlines() == [
        "3 of 20 elements differ (15 % of 4 x 5)",
        "first    [1, 3] actual 1, expected 0, difference +1",
        "largest  [2, 0] actual -7, expected 0, difference -7",
        "actual - expected, in units of the last place:",
        "  -7 to -4  1  ####################",
        "        +1  2  ########################################",
    ]


@pytest.mark.parametrize(
    ("actual", "expected", "dtype", "difference"),
    [
        (-(2**63), 2**63 - 1, np.int64, -(2**64) + 1),
        (2**63 - 1, -(2**63), np.int64, 2**64 - 1),
        (2**53, 2**53 + 1, np.int64, -1),
        (2**64 - 1, 0, np.uint64, 2**64 - 1),
        (2**64 - 2, 2**64 - 1, np.uint64, -1),
        (-128, 127, np.int8, -255),
        (0, 255, np.uint8, -255),
        (False, True, np.bool_, -1),
    ],
)
def test_integer_differences_do_not_overflow(actual, expected, dtype, difference):
    assert units(actual, expected, dtype) == difference


@pytest.mark.parametrize(
    ("actual", "expected", "dtype", "difference"),
    [
        (1.0, np.nextafter(1.0, 2), np.float64, -1),
        (5e-324, -5e-324, np.float64, 3),
        (0.0, -0.0, np.float32, 1),
        (INF, np.finfo(np.float32).max, np.float32, 1),
        (-INF, INF, np.float16, -2 * 0x7C00 - 1),
        (1.0, 2.0, np.float32, -(2**23)),
        (-1.0, -2.0, np.float16, 2**10),
        (NAN, NAN, np.float32, 0),
        (1.0, NAN, np.float32, None),
        (NAN, INF, np.float64, None),
    ],
)
def test_float_differences_are_steps_in_the_ordered_list_of_values(
    actual, expected, dtype, difference
):
    assert units(actual, expected, dtype) == difference


def test_float16_order_is_the_order_of_the_numbers():
    finite = np.arange(2**16, dtype=np.uint16).view(np.float16)
    finite = finite[np.isfinite(finite)]
    order = np.sort(finite[finite != 0])
    result = compare(order[1:], order[:-1])
    # Every step is one unit, but the one across -0.0 and 0.0 is three.
    assert result.histogram == (
        HistogramBin(1, 1, len(order) - 2),
        HistogramBin(2, 3, 1),
    )


def test_nan_is_counted_apart_and_is_not_the_largest():
    result = compare([NAN, 1.0, 2.0, NAN], [1.0, NAN, 1.0, NAN])
    assert (result.count, result.nan_count) == (3, 2)
    assert result.first.units is None
    assert result.largest.index == (2,)
    assert sum(part.count for part in result.histogram) == 1
    assert compare([NAN], [1.0]).largest is None
    assert "NaN  2" in str(result)


def test_nan_payloads_are_equal():
    quiet = np.array([0x7FC00000, 0xFFC00001], np.uint32).view(np.float32)
    assert compare(quiet, quiet[::-1]).equal


def test_histogram_holds_every_difference_in_its_bin():
    expected = np.zeros(2001, np.int64)
    actual = np.arange(-1000, 1001)
    result = compare(actual, expected)
    assert sum(part.count for part in result.histogram) == result.count == 2000
    for part in result.histogram:
        assert part.count == np.sum((actual >= part.low) & (actual <= part.high) & (actual != 0))
    lows = [part.low for part in result.histogram]
    assert lows == sorted(lows)


def test_integers_of_different_widths_compare_by_value():
    assert compare(np.int8([-1, 2]), np.int64([-1, 2])).equal
    assert compare(np.uint8([255]), np.int8([-1])).first.units == 256
    assert compare(np.uint64([5]), np.int8([5])).equal


def test_layout_and_byte_order_do_not_matter():
    values = np.arange(12, dtype=np.int32).reshape(3, 4)
    assert compare(np.asfortranarray(values), values.astype(">i4")).equal
    assert compare(values.astype(">f4"), values.astype("<f4")).equal


@pytest.mark.parametrize(
    ("actual", "expected", "error", "sentence"),
    [
        (
            np.zeros((2, 3)),
            np.zeros((3, 2)),
            ValueError,
            r"^actual has the shape \(2, 3\), expected \(3, 2\); reshape one of them$",
        ),
        (
            np.zeros((0, 3)),
            np.zeros((0, 3)),
            ValueError,
            r"^there is nothing to compare: the shape is \(0, 3\)$",
        ),
        (np.int8([1]), np.float32([1]), TypeError, "^actual is int8 and expected float32; both"),
        (np.float16([1]), np.float32([1]), TypeError, "^actual is float16 and expected float32;"),
        (np.array([1j]), np.array([1j]), TypeError, "^actual is complex128 and expected complex"),
        (np.array(["a"]), np.array(["a"]), TypeError, "^actual is <U1 and expected <U1; both"),
        (
            np.uint64([2**63]),
            np.int64([-1]),
            ValueError,
            r"^actual is uint64 and expected int64, and together they go from below 0 to above 2\*",
        ),
    ],
)
def test_refused(actual, expected, error, sentence):
    with pytest.raises(error, match=sentence):
        compare(actual, expected)
