import numpy as np
import pytest

from golden.diagnose import diagnose

RNG = np.random.default_rng(20)
ROWS, COLUMNS = 24, 32
DATA = RNG.integers(-128, 128, (ROWS, COLUMNS)).astype(np.int8)
SQUARE = DATA[:, :24].copy()
CUBE = RNG.integers(-128, 128, (4, 6, 10)).astype(np.int8)
FLOATS = RNG.normal(size=(20, 30)).astype(np.float32)


def skewed(step):
    """Column c moved down by step * c rows, zeros in the gaps."""
    moved = np.zeros_like(DATA)
    for row in range(ROWS):
        for column in range(COLUMNS):
            if 0 <= row - step * column < ROWS:
                moved[row, column] = DATA[row - step * column, column]
    return moved


def late(count):
    gap = np.zeros(abs(count), np.int8)
    flat = DATA.ravel()
    moved = [gap, flat[:-count]] if count > 0 else [flat[-count:], gap]
    return np.concatenate(moved).reshape(DATA.shape)


def cut(start):
    flat = DATA.ravel().copy()
    flat[start:] = 0
    return flat.reshape(DATA.shape)


def tiles(width):
    return np.concatenate([DATA[:, c : c + width].ravel() for c in range(0, COLUMNS, width)])


ORDER = [
    (SQUARE.T, SQUARE, "the data is transposed"),
    (DATA.T.reshape(DATA.shape), DATA, "the data is transposed in the hardware's memory"),
    (DATA, DATA.T.reshape(DATA.shape), "the data is transposed in the model's memory"),
    (CUBE.transpose(2, 0, 1).reshape(CUBE.shape), CUBE, "axes stand as (2, 0, 1) in the hardware"),
    (CUBE[:, ::-1], CUBE, "the elements along axis 1 are in reverse order"),
    (DATA[:, ::-1], DATA, "the columns are in reverse order"),
    (DATA[::-1], DATA, "the rows are in reverse order"),
    (DATA[::-1, ::-1], DATA, "all elements are in reverse order"),
    (DATA[0, ::-1], DATA[0], "the elements are in reverse order"),
    (
        DATA.view(">i4").astype("<i4").view("i1"),
        DATA,
        "in every group of 4 the elements are in rev",
    ),
    (np.roll(DATA, 1), DATA, "the data is rotated by 1 element"),
    (np.roll(DATA, -77), DATA, "the data is rotated by -77 elements"),
    (np.roll(DATA[0], 5), DATA[0], "the data is rotated by 5 elements"),
    (np.roll(DATA, 3, axis=1), DATA, "every row is rotated by 3 elements"),
    (np.roll(DATA, 2, axis=0), DATA, f"the data is rotated by {2 * COLUMNS} elements"),
    (late(1), DATA, "the data is 1 element late, with zeros in the gap"),
    (late(40), DATA, "the data is 40 elements late, with zeros in the gap"),
    (late(-3), DATA, "the data is 3 elements early, with zeros in the gap"),
    (cut(700), DATA, "everything from [21, 28] on is 0, as if it had not been written"),
    (np.full_like(DATA, -1), DATA, "every element is -1, as if it had not been written"),
    (skewed(1), DATA, "column c is c rows late: a missing or a second skew, with zeros"),
    (skewed(-1), DATA, "column c is c rows early: a missing or a second skew, with zeros"),
    (tiles(8).reshape(DATA.shape), DATA, "the tiles of 8 columns are stored one after the other"),
    (DATA, tiles(4).reshape(DATA.shape), "the model stores the tiles of 4 columns one after"),
    (
        DATA.reshape(ROWS, 4, 8)[:, ::-1].reshape(DATA.shape),
        DATA,
        "the tiles of 8 columns are in reverse order",
    ),
    (DATA.reshape(6, 4, 32)[::-1].reshape(DATA.shape), DATA, "the tiles of 4 rows are in reverse"),
    (
        DATA.reshape(ROWS, 4, 8).swapaxes(1, 2).reshape(DATA.shape),
        DATA,
        "columns that are 8 apart stand side by side",
    ),
    (np.roll(FLOATS, 7), FLOATS, "the data is rotated by 7 elements"),
]


@pytest.mark.parametrize(("actual", "expected", "cause"), ORDER)
def test_one_mistake_is_named(actual, expected, cause):
    found = diagnose(actual.reshape(expected.shape), expected)
    assert cause in found[0].sentence
    assert all(item.complete for item in found)
    assert (
        found[0].explained == found[0].total == np.sum(actual.reshape(expected.shape) != expected)
    )


def test_a_large_rotation_of_a_large_array_is_found():
    data = RNG.integers(-128, 128, 100_000).astype(np.int8)
    sentence = diagnose(np.roll(data, 12_345), data)[0].sentence
    assert sentence.endswith("the data is rotated by 12345 elements")


def test_values_beyond_32_bits_are_diagnosed_by_order_only():
    data = RNG.integers(-(2**62), 2**62, (8, 8))
    assert diagnose(data.T, data)[0].sentence.endswith("the data is transposed")
    assert diagnose(-data, data) == []
    unsigned = data.astype(np.uint64)
    assert diagnose(unsigned[::-1], unsigned)[0].sentence.endswith("the rows are in reverse order")
