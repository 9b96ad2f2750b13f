"""The weights and parameters of a program, each distinct block of them once."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from golden.channel_parameters import ChannelParameters

__all__ = ["ParameterImage", "WeightImage"]

Int8Array = npt.NDArray[np.int8]


class WeightImage:
    """Words of C weights that grow by blocks.

    Parameters
    ----------
    cols : C
    """

    def __init__(self, cols: int) -> None:
        self.cols = cols
        self._bytes = bytearray()

    def __len__(self) -> int:
        return len(self._bytes) // self.cols

    def place(self, tiles: Int8Array) -> int:
        """Return the word at which a block stands: where it was, or behind all others.

        The blocks of many poolings and additions are equal, or the start of each other.
        """
        block = tiles.tobytes()
        at = self._bytes.find(block)
        while at >= 0 and at % self.cols:
            at = self._bytes.find(block, at + 1)
        if at < 0:
            at = len(self._bytes)
            self._bytes += block
        return at // self.cols

    @property
    def words(self) -> Int8Array:
        """All of them, (words, C)."""
        return np.frombuffer(bytes(self._bytes), np.int8).reshape(-1, self.cols)


class ParameterImage:
    """Parameter words that grow by blocks."""

    def __init__(self) -> None:
        self.words: list[ChannelParameters] = []
        self._places: dict[tuple[ChannelParameters, ...], int] = {}

    def place(self, block: Sequence[ChannelParameters]) -> int:
        """Return the word at which a block stands."""
        key = tuple(block)
        if key not in self._places:
            self._places[key] = len(self.words)
            self.words += key
        return self._places[key]
