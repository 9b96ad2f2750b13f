"""Words of a memory as a host writes and reads them: 32 bits at a time, the lowest first."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["byte_words", "from_byte_words", "number_words"]

Int8Array = npt.NDArray[np.int8]
Words = npt.NDArray[np.uint32]

_BYTES = 4


def number_words(numbers: Sequence[int], stride: int) -> Words:
    """Return what a host writes for words that are numbers: `stride` words of 32 bits each."""
    data = b"".join(number.to_bytes(stride * _BYTES, "little") for number in numbers)
    return np.frombuffer(data, "<u4")


def byte_words(words: Int8Array, stride: int) -> Words:
    """Return the same for words of bytes (words, bytes), byte 0 lowest."""
    padded = np.zeros((len(words), stride * _BYTES), np.int8)
    padded[:, : words.shape[1]] = words
    return padded.view("<u4").ravel()


def from_byte_words(lanes: Words, stride: int, size: int) -> Int8Array:
    """Return the words of `size` bytes that a host has read."""
    values = np.ascontiguousarray(lanes, "<u4").view(np.int8)
    return values.reshape(-1, stride * _BYTES)[:, :size]
