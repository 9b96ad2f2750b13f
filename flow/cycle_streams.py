"""When streams of the accelerator move on: first in, first out, each as soon as it can.

All times are cycles since the one in which a program is started. Each of these classes has the
recurrence of one component of `hw`, and remembers as much of the past as that one looks back.
"""

from bisect import bisect_right
from collections import deque

from hw.stream_buffer import StreamBuffer
from hw.word_memory import WordMemory

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

    The reader's memory stands still while a word waits at its end, and then takes no run either.
    So many `jobs` wait before it.
    """

    _STAGES = WordMemory.READ_LATENCY

    def __init__(self, jobs: int) -> None:
        self.jobs = BufferedStream(jobs)
        self._at_end = deque([(NEVER, NEVER)] * (self._STAGES + 1), maxlen=self._STAGES + 1)
        """Of the last words: when each comes to the reader's end, and when it leaves."""
        self._taken = (NEVER, NEVER)
        self._addressed: list[int] = []
        """Cycles in which the first words of the run are addressed."""
        self._word = 0

    def start(self) -> None:
        """Let the reader take the last run that was put."""
        last = self._word - 1
        if last >= self._STAGES:
            addressed = self._at_end[-1 - self._STAGES][1]
        else:
            addressed = self._addressed[last] if self._addressed else NEVER
        time = self._moving(max(self.jobs.ready, addressed))
        self.jobs.take(time)
        self._addressed = []
        for _ in range(self._STAGES):
            time = self._moving(time + 1)
            self._addressed.append(time)
        self._word = 0

    def take(self, words: int, not_before: int) -> int:
        """Return when the loader takes the last word of a block, which begins not before a time.

        A run holds whole blocks, and a block follows on the last one.
        """
        arrival: int = self._leave() + StreamBuffer.LATENCY
        first = max(arrival, not_before)
        self._taken = (self._taken[1], first)
        for n in range(1, min(words, 3)):
            self._leave()
            self._taken = (self._taken[1], first + n)
        # Later words leave the reader as the loader takes the ones before them.
        for n in range(max(3, words - len(self._at_end)), words):
            self._at_end.append((first + n - 1, first + n - 1))
        return first + words - 1

    def _leave(self) -> int:
        """Return when the next word leaves the reader."""
        before = self._at_end[-1][1] if self._word else self._addressed[-1]
        time = max(before + 1, self._taken[0] + 1)
        self._at_end.append((before + 1, time))
        self._word += 1
        return time

    def _moving(self, time: int) -> int:
        """Return the first cycle from a time on in which no word waits."""
        for arrival, departure in self._at_end:
            if arrival <= time < departure:
                time = departure
        return time
