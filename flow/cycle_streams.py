"""When streams of the accelerator move on: first in, first out, each as soon as it can.

All times are cycles since the one in which a program is started. Each of these classes has the
recurrence of one component of `hw`, and remembers as much of the past as that one looks back.
"""

from bisect import bisect_right
from collections import deque

from hw.core_timing import CoreTiming
from hw.stream_buffer import StreamBuffer

__all__ = ["NEVER", "BufferedStream", "RowTimes", "WordStream"]

NEVER = -(1 << 60)
"""A time that nothing waits for."""


class BufferedStream:
    """A `hw.stream_buffer.StreamBuffer`: a payload comes in when the one two before it is out.

    Of no `entries` it is a wire: a payload comes in when it goes out.
    """

    def __init__(self, entries: int = 2) -> None:
        self._entries = entries
        self._in = NEVER
        self._out = (NEVER, NEVER)

    def put(self, time: int) -> int:
        """Return when a payload is taken that is offered from a time on, or in a wire offered."""
        self._in = max(time, self._out[0] + 1) if self._entries else time
        return self._in

    @property
    def ready(self) -> int:
        """When the last payload can be seen behind the buffer."""
        time: int = self._in + (StreamBuffer.LATENCY if self._entries else 0)
        return time

    @property
    def sent(self) -> int:
        """When the last payload, which has left a wire, was taken."""
        return self._in if self._entries else self._out[-1]

    def take(self, time: int) -> None:
        """Note when the last payload leaves."""
        self._out = (self._out[1], time)


class RowTimes:
    """When each row of a stream moves: runs of rows in neighbouring cycles."""

    def __init__(self) -> None:
        self._first: list[int] = []
        self._time: list[int] = []
        self.count = 0

    def append(self, time: int, rows: int) -> int:
        """Add rows, the first at a time, and return the time of the last."""
        self._first.append(self.count)
        self._time.append(time)
        self.count += rows
        return time + rows - 1

    def at(self, row: int) -> int:
        """Return the time of a row, counted from 0; long ago if there is none."""
        if row < 0:
            return NEVER
        n = bisect_right(self._first, row) - 1
        return self._time[n] + row - self._first[n]


class WordStream:
    """A `hw.word_reader.WordReader`, a buffer, and a loader that takes the words in blocks.

    A loader that is `staged` takes the first word of a block ahead, into a register.
    """

    def __init__(self, timing: CoreTiming, *, staged: bool = False) -> None:
        self._timing = timing
        self._staged = staged
        self.jobs = BufferedStream()
        self._read = NEVER  # when the last word was addressed, or its run taken if that is later
        self._left = deque([NEVER] * timing.words_ahead, maxlen=timing.words_ahead)
        """When the last words left the reader."""
        self._taken = (NEVER, NEVER)
        self._used = NEVER  # when the last word was taken, or left the register a cycle later

    def start(self) -> None:
        """Let the reader take the last run that was put, with the last word of the one before."""
        self._read = max(self.jobs.ready, self._read)
        self.jobs.take(self._read)

    def take(self, words: int, not_before: int) -> int:
        """Return when the loader uses the last word of a block, which begins not before a time.

        A run holds whole blocks, and a block follows on the last one.
        """
        # Two words are in the buffer before the first one is taken. Behind those for which they
        # make room, words are read and leave as the loader takes the ones before them.
        rest = max(0, words - self._timing.words_ahead - 3 - self._staged)
        for _ in range(words - rest):
            arrives = self._leave() + StreamBuffer.LATENCY
            free = max(arrives, self._used + 1)
            self._used = max(free, not_before)
            self._taken = (self._taken[1], free if self._staged else self._used)
        if rest:
            last = self._taken[1]
            self._read += rest
            self._left.extend(range(last, last + rest))
            self._taken = (last + rest - 1, last + rest)
            self._used += rest
        return self._used

    def _leave(self) -> int:
        """Return when the next word leaves the reader."""
        self._read = max(self._read, self._left[0] + self._timing.words_return - 1) + 1
        time: int = max(self._read + self._timing.word, self._left[-1] + 1, self._taken[0] + 1)
        self._left.append(time)
        return time
