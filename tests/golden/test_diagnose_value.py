import numpy as np
import pytest

from golden.diagnose import diagnose
from golden.formats import INT16, IntegerFormat

RNG = np.random.default_rng(20)
DATA = RNG.integers(-128, 128, (24, 32)).astype(np.int8)
WORDS = RNG.integers(-(2**31), 2**31, (16, 20)).astype(np.int32)
WIDE = DATA.astype(np.int64)
BITS = np.unpackbits(DATA.view(np.uint8).reshape(24, 32, 1), axis=2)
HALVES = WORDS.view("<u2").reshape(16, 20, 2)


def packed(bits):
    return np.packbits(bits, axis=2)[..., 0].view(np.int8)


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


@pytest.mark.parametrize(("actual", "expected", "cause"), VALUE)
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


def test_the_format_decides_about_bits():
    data = np.arange(-8, 8)
    four = IntegerFormat(4, signed=True)
    assert "int4 is read as uint4" in diagnose(data & 15, data, format=four)[0].sentence
    swapped = DATA.astype(np.int16).byteswap()
    assert "the bytes of the 16-bit words" in diagnose(swapped, WIDE, format=INT16)[0].sentence
