"""Data-level diagnosis; `test_origin.py` has the diagnosis with known arithmetic."""

import numpy as np
import pytest

from golden.diagnose import Explanation, diagnose, report
from golden.formats import INT8, INT16, IntegerFormat

RNG = np.random.default_rng(20)
ROWS, COLUMNS = 24, 32
DATA = RNG.integers(-128, 128, (ROWS, COLUMNS)).astype(np.int8)
WORDS = RNG.integers(-(2**31), 2**31, (16, 20)).astype(np.int32)
WIDE = DATA.astype(np.int64)
SQUARE = DATA[:, :24].copy()
CUBE = RNG.integers(-128, 128, (4, 6, 10)).astype(np.int8)
BITS = np.unpackbits(DATA.view(np.uint8).reshape(ROWS, COLUMNS, 1), axis=2)
HALVES = WORDS.view("<u2").reshape(16, 20, 2)


def packed(bits):
    return np.packbits(bits, axis=2)[..., 0].view(np.int8)


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
]

VALUE = [
    (-WIDE, DATA, "the sign is wrong"),
    (-DATA, DATA, "the sign is wrong, and int8 wraps"),
    (np.clip(-WIDE, -128, 127), DATA, "the sign is wrong, and int8 saturates"),
    (~DATA, DATA, "every bit is inverted"),
    (abs(WIDE), DATA, "the sign is lost"),
    (WIDE + 5, DATA, "every element is off by +5"),
    (np.clip(WIDE - 9, -128, 127), DATA, "every element is off by -9, and int8 saturates"),
    (DATA + np.int8(100), DATA, "every element is off by +100, and int8 wraps"),
    (WIDE + 128, DATA, "the offset of 128 between signed and unsigned is wrong"),
    (DATA ^ -128, DATA, "the offset of 128 between signed and unsigned is wrong, and int8 wraps"),
    (DATA.view(np.uint8), DATA, "int8 is read as uint8"),
    (DATA.view(np.uint8), DATA.view(np.int8), "int8 is read as uint8"),
    (DATA, DATA.view(np.uint8), "uint8 is read as int8"),
    (WORDS.astype(np.int8), WORDS, "a value outside int8 wraps in the hardware"),
    (np.clip(WORDS, -(2**23), 2**23 - 1), WORDS, "a value outside int24 saturates in the hardware"),
    (np.clip(DATA, -127, 127), DATA, "a value outside int8 saturates symmetrically"),
    (WIDE << 1, WORDS[:1, :1] * 0 + WIDE.astype(np.int32), "times 2, and int32 saturates"),
    (DATA << 2, DATA, "times 4, and int8 wraps"),
    (np.clip(WIDE * 2, -128, 127), DATA, "times 2, and int8 saturates"),
    (DATA >> 1, DATA, "divided by 2 and rounded floor or half_down"),
    (np.rint(WIDE / 16).astype(int), DATA, "divided by 16 and rounded half_even"),
    (np.trunc(WIDE / 4).astype(int), DATA, "divided by 4 and rounded truncate"),
    (WORDS.byteswap(), WORDS, "the bytes of the 32-bit words are in reverse order"),
    (WORDS.view("<i2").byteswap().view("<i4"), WORDS, "the bytes of every 16 bits are in reverse"),
    (HALVES[..., ::-1].copy().view("<i4")[..., 0], WORDS, "the half-words of the 32-bit words"),
    (packed(BITS[..., ::-1]), DATA, "the bits of the 8-bit words are in reverse order"),
    (packed(np.roll(BITS, 4, axis=2)), DATA, "the nibbles of the 8-bit words are in reverse order"),
    (DATA | 8, DATA, "bit 3 is stuck at 1"),
    (DATA & ~1, DATA, "bit 0 is stuck at 0"),
    (DATA ^ 16, DATA, "bit 4 is inverted"),
    (np.maximum(DATA, 0), DATA, "the hardware applies a ReLU that the model lacks"),
    (DATA, np.maximum(DATA, 0), "the hardware lacks a ReLU that the model applies"),
    (np.maximum(DATA, -20), DATA, "the hardware applies a clip at -20 below that the model"),
    (np.minimum(DATA, 60), DATA, "the hardware applies a clip at 60 above that the model lacks"),
    (DATA, np.clip(DATA, -9, 70), "the hardware lacks a clip to the range from -9 to 70"),
]  # fmt: skip


@pytest.mark.parametrize(("actual", "expected", "cause"), ORDER + VALUE)
def test_one_mistake_is_named(actual, expected, cause):
    found = diagnose(actual.reshape(expected.shape), expected)
    assert cause in found[0].sentence
    assert all(item.complete for item in found)
    assert (
        found[0].explained == found[0].total == np.sum(actual.reshape(expected.shape) != expected)
    )


FLOATS = RNG.normal(size=(20, 30)).astype(np.float32)
TRUNCATED = (FLOATS.view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32)


@pytest.mark.parametrize(
    ("actual", "cause"),
    [
        (-FLOATS, "the sign is wrong"),
        (abs(FLOATS), "the sign is lost"),
        (FLOATS * 4, "times 2**2"),
        (FLOATS / 2, "divided by 2**1"),
        (FLOATS.byteswap(), "the bytes are swapped"),
        (FLOATS.astype(np.float16).astype(np.float32), "passed through float16"),
        (TRUNCATED, "passed through bfloat16 by truncation"),
        (np.maximum(FLOATS, 0), "the hardware applies a ReLU that the model lacks"),
        (np.roll(FLOATS, 7), "the data is rotated by 7 elements"),
    ],
)
def test_one_mistake_in_floats_is_named(actual, cause):
    assert cause in diagnose(actual, FLOATS)[0].sentence


@pytest.mark.parametrize(
    ("actual", "sentence"),
    [
        (WIDE - 3, "all {} differences: the zero point 3 is missing"),
        (
            np.clip(WIDE + 3, -128, 127),
            "all {} differences: the zero point 3 is added twice, and i",
        ),
        (WIDE - 6, "all {} differences: the zero point 3 is subtracted"),
        (
            np.maximum(DATA, 3),
            "all {} differences: the hardware applies a ReLU at the zero point 3",
        ),
    ],
)
def test_known_zero_point_is_recognized(actual, sentence):
    found = diagnose(actual, DATA, zero_point=3)
    assert found[0].sentence.startswith(sentence.format(np.sum(actual != DATA)))


def test_a_large_rotation_of_a_large_array_is_found():
    data = RNG.integers(-128, 128, 100_000).astype(np.int8)
    sentence = diagnose(np.roll(data, 12_345), data)[0].sentence
    assert sentence.endswith("the data is rotated by 12345 elements")


def test_equal_data_needs_no_explanation():
    assert diagnose(DATA, DATA) == []


def test_noise_is_not_explained():
    for _ in range(20):
        noise = RNG.integers(-128, 128, DATA.shape).astype(np.int8)
        assert diagnose(noise, DATA) == []
    assert report([]) == "no single cause that is known explains the differences"


@pytest.mark.parametrize("shape", [(6,), (5, 4), (16, 16), (3, 4, 5)])
@pytest.mark.parametrize("corrupted", [1, 2, 3])
def test_scattered_corruption_is_not_explained(shape, corrupted):
    for seed in range(10):
        rng = np.random.default_rng(seed)
        expected = rng.integers(-128, 128, shape).astype(np.int8)
        actual = expected.copy()
        where = rng.choice(expected.size, corrupted, replace=False)
        actual.ravel()[where] ^= rng.integers(1, 256, corrupted).astype(np.uint8).view(np.int8)
        assert not any(item.complete for item in diagnose(actual, expected)), (seed, actual)


def test_one_wrong_element_spoils_a_complete_explanation():
    actual = np.ascontiguousarray(SQUARE.T)
    actual[2, 3] ^= 1
    (found,) = diagnose(actual, SQUARE)
    total = int(np.sum(actual != SQUARE))
    assert (found.complete, found.explained, found.total, found.spoiled) == (
        False,
        total - 1,
        total,
        0,
    )
    assert found.sentence == f"{total - 1} of {total} differences: the data is transposed"
    assert report([found]) == f"partly explained by:\n  {found.sentence}"


def test_an_equal_element_that_a_cause_would_change_is_counted():
    actual = -WIDE
    wrong = int(np.flatnonzero(DATA)[0])
    actual.ravel()[wrong] = DATA.ravel()[wrong]
    best = diagnose(actual, DATA)[0]
    total = int(np.sum(actual != DATA))
    assert (best.complete, best.explained, best.total, best.spoiled) == (False, total, total, 1)
    assert best.sentence == (
        f"all {total} differences: the sign is wrong (but then 1 equal elements would differ)"
    )


def test_three_elements_are_too_few_to_explain():
    assert diagnose([1, 2, 3], [3, 2, 1]) == []
    assert diagnose([1, 2, 3, 4], [4, 3, 2, 1]) != []


def test_the_format_decides_about_bits():
    data = np.arange(-8, 8)
    four = IntegerFormat(4, signed=True)
    assert "int4 is read as uint4" in diagnose(data & 15, data, format=four)[0].sentence
    swapped = DATA.astype(np.int16).byteswap()
    assert "the bytes of the 16-bit words" in diagnose(swapped, WIDE, format=INT16)[0].sentence


def test_values_beyond_32_bits_are_diagnosed_by_order_only():
    data = RNG.integers(-(2**62), 2**62, (8, 8))
    assert diagnose(data.T, data)[0].sentence.endswith("the data is transposed")
    assert diagnose(-data, data) == []
    unsigned = data.astype(np.uint64)
    assert diagnose(unsigned[::-1], unsigned)[0].sentence.endswith("the rows are in reverse order")


def test_a_format_that_does_not_hold_the_data_is_refused():
    with pytest.raises(ValueError, match=r"^expected is from 0 to 300, which int8 does not hold$"):
        diagnose([1, 2, 3, 4], [0, 300, 1, 2], format=INT8)


def test_report_shows_the_best_few():
    found = [Explanation(f"cause {n}", 1, 1, 0) for n in range(9)]
    assert report(found).splitlines() == ["cause:", *(f"  cause {n}" for n in range(4))]
