"""Comparing what comes out with golden, beat by beat, in order."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from sim import environment
from sim.lanes import unpack

__all__ = ["MismatchError", "Scoreboard"]


class MismatchError(AssertionError):
    """Hardware and golden differ."""


class Scoreboard:
    """Compares packed beats with the rows of an array.

    Parameters
    ----------
    name
        What is compared, for the message.
    expected
        Integers of shape (beats, lanes).
    bits
        Width of a lane.
    signed
        Whether a lane is two's complement.
    """

    def __init__(
        self, name: str, expected: npt.ArrayLike, *, bits: int, signed: bool = True
    ) -> None:
        rows = np.asarray(expected)
        if rows.ndim != 2:
            raise ValueError(f"expected must have two axes (beats, lanes), not {rows.ndim}")
        self.name = name
        self.bits = bits
        self.signed = signed
        self.compared = 0
        self._lanes = rows.shape[1]
        self._rows: list[list[int]] = rows.tolist()

    def __len__(self) -> int:
        """Return the number of beats that are expected in all."""
        return len(self._rows)

    def check(self, beat: int | None) -> None:
        """Compare the next beat; raise MismatchError in a sentence that tells where and what."""
        if self.compared == len(self._rows):
            raise MismatchError(f"{self.name}: a beat came after all {len(self)}{self._seed}")
        if beat is None:
            raise MismatchError(
                f"{self.name}: beat {self.compared} of {len(self)} has unknown bits{self._seed}"
            )
        actual = unpack(beat, self._lanes, self.bits, signed=self.signed)
        expected = self._rows[self.compared]
        if actual != expected:
            wrong = [lane for lane in range(self._lanes) if actual[lane] != expected[lane]]
            lane = wrong[0]
            raise MismatchError(
                f"{self.name}: beat {self.compared} of {len(self)}, lane {lane} of {self._lanes}: "
                f"expected {expected[lane]}, not {actual[lane]}; "
                f"{len(wrong)} lanes of this beat differ{self._seed}"
            )
        self.compared += 1

    def check_all(self, beats: Iterable[int | None]) -> None:
        """Compare beats, which must be all that are expected."""
        for beat in beats:
            self.check(beat)
        self.finish()

    def finish(self) -> None:
        """Raise Mismatch unless every beat came."""
        if self.compared != len(self._rows):
            raise MismatchError(
                f"{self.name}: {self.compared} of {len(self)} beats came{self._seed}"
            )

    @property
    def _seed(self) -> str:
        return f" (seed {environment.seed()})"
