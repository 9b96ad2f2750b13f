import numpy as np
import pytest

from flow.host_words import byte_words, from_byte_words, number_words


def test_a_number_is_words_of_32_bits_the_lowest_first():
    words = number_words([1 | 2 << 32 | 3 << 64, 4], 4)
    assert words.tolist() == [1, 2, 3, 0, 4, 0, 0, 0]


@pytest.mark.parametrize(("size", "stride"), [(1, 1), (2, 1), (4, 1), (8, 2), (16, 4)])
def test_bytes_stand_in_them_the_lowest_first(size, stride):
    words = np.random.default_rng(1).integers(-128, 128, (3, size), np.int8)
    lanes = byte_words(words, stride)
    data = b"".join(word.tobytes().ljust(4 * stride, b"\0") for word in words)
    assert lanes.astype("<u4").tobytes() == data
    np.testing.assert_array_equal(from_byte_words(lanes, stride, size), words)
