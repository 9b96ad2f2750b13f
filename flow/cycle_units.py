"""When the units of the accelerator and its array do something; see `flow.cycles`.

Times are cycles since the start of the program.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from flow.cycle_streams import NEVER, BufferedStream, RowTimes, WordStream
from golden.accumulate_operation import AccumulateOperation
from hw.accelerator_config import AcceleratorConfig
from hw.accumulator_bank import AccumulatorBank
from hw.activation_reader import ActivationReader
from hw.core_timing import CoreTiming
from hw.dispatcher import Dispatcher
from hw.drainer import Drainer
from hw.gemm_engine import GemmEngine
from hw.instruction_fetch import InstructionFetch
from hw.launcher import Launcher, StallCause
from hw.loop_nest import LoopNest
from hw.output_buffer import OutputBuffer
from hw.parameter_loader import ParameterLoader
from hw.pass_generator import PassGenerator
from hw.sequencer import Sequencer

__all__ = ["Array", "Dispatch", "Pass", "Reader"]

_AT_LAUNCHER = 2
"""Rows in the buffer before the launcher."""

_ROOM_AFTER = 1 + OutputBuffer.RETURN
"""Cycles from a launch, by way of that buffer, until it made room for a row."""


@dataclass(frozen=True)
class Pass:
    """A pass, as `hw.pass_buffer.Pass` has it."""

    rows: int
    operation: AccumulateOperation
    drain: bool


class Dispatch:
    """Fetch, check and dispatch of instructions."""

    _UNDER_WAY = (1 << Dispatcher.COUNT_BITS) - 1

    def __init__(self, timing: CoreTiming) -> None:
        self._timing = timing
        self._fetched = timing.start - InstructionFetch.BEATS
        self._sent: list[int] = []  # when each instruction is with all units
        self._read: list[int] = []  # when it counts as read
        self._written: list[int] = []  # when each that drains counts as written

    @property
    def last_written(self) -> int | None:
        """When all outputs so far count as written."""
        return self._written[-1] if self._written else None

    def offered(self) -> int:
        """Return when the next instruction is offered to the units."""
        time = self._arrival()
        for counted in (self._read, self._written):
            if len(counted) >= self._UNDER_WAY:
                time = max(time, counted[-self._UNDER_WAY])
        offered: int = time + Dispatcher.OFFER_AFTER
        return offered

    def finish(self, sent: int, read: int, written: int | None) -> None:
        """Note when an instruction was with all units, read, and written if it drains."""
        self._sent.append(sent + Dispatcher.TAKEN_AFTER)
        self._read.append(read)
        if written is not None:
            self._written.append(written)

    def ended(self) -> int:
        """Return when an instruction that comes next and is a HALT ends the program."""
        time = max([self._arrival(), *self._read[-1:], *self._written[-1:]])
        ended: int = time + Dispatcher.END_AFTER
        return ended

    def _arrival(self) -> int:
        """Fetch an instruction, and return when it is before the units."""
        fetched: int = self._fetched + InstructionFetch.BEATS
        if len(self._sent) >= Sequencer.AHEAD:
            fetched = max(fetched, self._sent[-Sequencer.AHEAD] + OutputBuffer.RETURN)
        self._fetched = fetched
        arrival: int = fetched + self._timing.dispatch
        return max([arrival, *(sent + 1 for sent in self._sent[-1:])])


class Reader:
    """The activation reader, and the buffers up to the launcher."""

    def __init__(self, timing: CoreTiming) -> None:
        self._timing = timing
        self.jobs = BufferedStream(entries=0)
        self._taken = NEVER  # when the last job was taken
        self._first = NEVER  # when room for its first row was taken
        self._next = NEVER  # when room for the next row can be taken
        self._count = 0
        self._waiting = (NEVER, NEVER)

    @property
    def counted(self) -> int:
        """When the last instruction counts as read."""
        time: int = self._next - 1 + self._timing.read_done
        return time

    @property
    def available(self) -> int:
        """When the next row can be launched."""
        time: int = self._next + self._timing.read
        return time

    def start(self, wait_for: int | None) -> None:
        """Take the last job that was put, not before a time."""
        seen = max(self.jobs.ready, self._taken + 1)
        free = seen if wait_for is None else max(seen, wait_for)
        self._waiting = (seen, free)
        # The loops hold a job until room for its first row is taken, and begin it in the cycle of
        # the last row of the one before it.
        self._taken = max(free + ActivationReader.BEGIN_AFTER, self._first + 1)
        self.jobs.take(self._taken)
        loaded = self._taken + LoopNest.LATENCY - LoopNest.SUMS_AFTER
        self._next = max(self._next, loaded)
        self._first = NEVER

    def read(self, launched: RowTimes, rows: int) -> None:
        """Read the rows of a pass; the launches of earlier ones, and of these, made room."""
        if self._first == NEVER:
            self._first = max(self._next, self._room(launched, self._count))
        self._count += rows
        last = max(self._next + rows - 1, self._room(launched, self._count - 1))
        self._next = last + 1

    def _room(self, launched: RowTimes, row: int) -> int:
        """Return when there is room for a row."""
        time: int = launched.at(row - self._timing.read_depth - _AT_LAUNCHER) + _ROOM_AFTER
        return time

    def waited(self, begin: int, end: int) -> int:
        """Return in how many cycles of a span the last job waits for outputs."""
        return max(0, min(end, self._waiting[1]) - max(begin, self._waiting[0]))


class _Passes:
    """The pass generator, and the buffer behind it."""

    def __init__(self) -> None:
        self.jobs = BufferedStream()
        self.out = BufferedStream()
        self._made = NEVER
        self._next = NEVER

    def start(self) -> None:
        """Take the last job that was put, when the last pass is made or later."""
        time = max(self.jobs.ready, self._made)
        self.jobs.take(time)
        self._next = time + PassGenerator.LATENCY

    def make(self, launched: int) -> int:
        """Return when the next pass can be launched, the last row of the one before it being so."""
        self._made = self.out.put(self._next)
        self._next = self._made + 1
        taken = max(self.out.ready, launched)
        self.out.take(taken)
        time: int = taken + (1 if taken == launched else Launcher.PASS_LATENCY)
        return time


class Array:
    """Everything from the passes and weights to the results."""

    def __init__(self, config: AcceleratorConfig, timing: CoreTiming) -> None:
        self._engine = config.engine
        self._timing = timing
        self.weights = WordStream(timing, staged=True)
        self.parameters = WordStream(timing)
        self.passes = _Passes()
        self.rows = RowTimes()
        """Launches."""
        self.first = NEVER
        """Launch of the first row of the last pass, and of its last one."""
        self.last = -1
        self.drained = NEVER
        """When the accumulators of the first row of the last pass that drains are taken."""
        self.written = NEVER
        """When the last pass that drains counts as written."""
        self._entries = GemmEngine.entries_of(config.engine)
        self._freed = [NEVER] * self._entries  # when entries of parameters can be used again
        self._emptied = [NEVER] * Drainer.BANKS  # when the last row of each bank was drained

    def start(self, *, drain: bool) -> None:
        """Take the jobs of an instruction."""
        self.weights.start()
        self.passes.start()
        if drain:
            self.parameters.start()

    def launch(self, work: Pass, available: int) -> list[tuple[StallCause, int, int]]:
        """Launch a pass whose activations are there from a time on.

        Returns the stalls before it: cause, when it begins, and when it ends.
        """
        stalls = []
        time = self.last + 1
        for cause, until in (*self._obstacles(work), (StallCause.ACTIVATIONS, available)):
            if until > time:
                stalls.append((cause, time, until))
                time = until
        self.first, self.last = time, self.rows.append(time, work.rows)
        if work.drain:
            self._drain(work.rows)
        return stalls

    def _obstacles(self, work: Pass) -> Iterator[tuple[StallCause, int]]:
        """Yield what holds a pass up and until when, in the order of `StallCause`."""
        yield StallCause.PASS, self.passes.make(self.last)
        # A tile is loaded from the swap of the one before it on.
        yield StallCause.WEIGHTS, self.weights.take(self._engine.rows, self.first) + 1
        if self._engine.banks > 1:
            yield StallCause.BANK, self._emptied[-Drainer.BANKS] + 1
        elif work.drain:
            yield StallCause.PARAMETERS, self._load_parameters()
        if work.operation is not AccumulateOperation.SET:
            yield StallCause.RECURRENCE, self.first + AccumulatorBank.RECURRENCE

    def _load_parameters(self) -> int:
        """Return when an entry of parameters is loaded."""
        free = self._freed[-self._entries] + ParameterLoader.FREED_AFTER
        loaded_after: int = ParameterLoader.LOADED_AFTER
        return self.parameters.take(self._engine.cols, free) + loaded_after

    def _drain(self, rows: int) -> None:
        """Drain the pass that was launched last."""
        last = self.last
        self.drained = self.first
        if self._engine.banks > 1:
            pitch = self._engine.lane_columns
            filled = last + self._timing.filled
            first = max(filled, self._emptied[-1] + pitch, self._load_parameters())
            self.drained = first
            last = first + (rows - 1) * pitch
            self._emptied.append(last)
        self._freed.append(last + self._timing.result)
        self.written = self._freed[-1] + self._timing.written
