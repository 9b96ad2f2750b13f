"""When a stream's source has nothing to offer, or its sink does not listen."""

from collections.abc import Callable, Iterator
from enum import Enum

import numpy as np

__all__ = ["StallPattern", "Stalls"]

Stalls = Callable[[bool], bool]
"""Called once a cycle with whether the other side waits; says whether to stall the next one."""

_LONG = 64
_LATE = 512


class StallPattern(Enum):
    """A way to stall.

    Members
    -------
    NEVER
        Always ready, always offering.
    ALTERNATE
        Every other cycle.
    RANDOM
        Half of the cycles, drawn one by one.
    BURSTS
        Runs of 1 to 8 cycles, stalled and not stalled in turn.
    LONG
        Sixteen cycles of flow, then sixty-four of none: every buffer fills or empties.
    LATE
        None for 512 cycles, then flow: all that others can do without this one, they have done.
    WHEN_ASKED
        Stalled until the other side waits. For a sink: ready only after valid. A source may not do
        so (valid must not wait for ready).
    """

    NEVER = "never"
    ALTERNATE = "alternate"
    RANDOM = "random"
    BURSTS = "bursts"
    LONG = "long"
    LATE = "late"
    WHEN_ASKED = "when_asked"

    @classmethod
    def of_sources(cls) -> "list[StallPattern]":
        """Return the patterns that are legal for the side that drives valid."""
        return [pattern for pattern in cls if pattern is not cls.WHEN_ASKED]

    def start(self, random: np.random.Generator) -> Stalls:
        """Return a new sequence of stalls of this pattern."""
        if self is StallPattern.WHEN_ASKED:
            return lambda waiting: not waiting
        cycles = _CYCLES[self](random)
        return lambda waiting: next(cycles)


def _never(random: np.random.Generator) -> Iterator[bool]:
    while True:
        yield False


def _alternate(random: np.random.Generator) -> Iterator[bool]:
    while True:
        yield True
        yield False


def _random(random: np.random.Generator) -> Iterator[bool]:
    while True:
        yield from (random.random(256) < 0.5).tolist()


def _bursts(random: np.random.Generator) -> Iterator[bool]:
    while True:
        yield from [True] * int(random.integers(1, 9))
        yield from [False] * int(random.integers(1, 9))


def _long(random: np.random.Generator) -> Iterator[bool]:
    while True:
        yield from [False] * 16
        yield from [True] * _LONG


def _late(random: np.random.Generator) -> Iterator[bool]:
    yield from [True] * _LATE
    while True:
        yield False


_CYCLES: dict[StallPattern, Callable[[np.random.Generator], Iterator[bool]]] = {
    StallPattern.NEVER: _never,
    StallPattern.ALTERNATE: _alternate,
    StallPattern.RANDOM: _random,
    StallPattern.BURSTS: _bursts,
    StallPattern.LONG: _long,
    StallPattern.LATE: _late,
}
