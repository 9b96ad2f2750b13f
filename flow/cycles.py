"""How many cycles a program takes, to the last one, without simulating any.

Each component of the accelerator moves on as soon as it can. So when something happens is the
latest of a few earlier times plus latencies, which are constants of the components. One such step
a pass is enough, since the rows of a pass follow each other without a bubble: the activation
reader and the output writer keep ahead of the array, and their buffers are deep enough.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from flow.cycle_streams import NEVER
from flow.cycle_units import Array, Dispatch, Pass, Reader
from golden.instruction import Instruction, Opcode, field_error
from golden.program_error import ProgramError
from hw.accelerator_config import AcceleratorConfig
from hw.core_timing import core_timing
from hw.launcher import StallCause
from hw.output_writer import OutputWriter
from hw.stream_buffer import StreamBuffer

__all__ = ["InstructionCycles", "PassCycles", "ProgramCycles", "predict_cycles"]

_RECENT = 64
"""More spans than there can be while rows are between the activation reader and the array."""


@dataclass(frozen=True)
class InstructionCycles:
    """When the rows of an instruction are launched into the array, in cycles after the start.

    Parameters
    ----------
    first, last : of its rows
    rows : how many, those of all passes together
    passes : how many
    stalls : cycles in which no row is launched since the instruction before, by cause
    waits : those of `StallCause.ACTIVATIONS` in which the reader waits for earlier outputs
    """

    first: int
    last: int
    rows: int
    passes: int
    stalls: Mapping[StallCause, int]
    waits: int


@dataclass(frozen=True)
class PassCycles:
    """When a pass happens, in cycles after the start.

    Parameters
    ----------
    instruction : index in the program
    launched : its first row into the array; the others follow, one a cycle
    drained : the accumulators of its first row out of the array, if it drains: with two banks that
        is apart from the launch, and the other rows follow as slowly as the requantizers take them
    """

    instruction: int
    launched: int
    drained: int | None


@dataclass(frozen=True)
class ProgramCycles:
    """What a program takes.

    Parameters
    ----------
    cycles : that the accelerator runs
    instructions : all before the HALT
    drained : whether the last one drains
    first_activation, last_result : when the engine takes the first row and the last one is written
    """

    cycles: int
    instructions: Sequence[InstructionCycles]
    drained: bool
    first_activation: int
    last_result: int

    def counters(self) -> dict[str, int]:
        """What the accelerator's registers of these names count.

        Raises
        ------
        ValueError
            The last instruction does not drain: its last passes may not be launched at the end.
        """
        if not self.drained:
            raise ValueError("the instruction before HALT must drain for its passes to be counted")
        stalls: Counter[StallCause] = Counter()
        for step in self.instructions:
            stalls.update(step.stalls)
        waits = sum(step.waits for step in self.instructions)
        return {
            "cycles": self.cycles,
            "passes": sum(step.passes for step in self.instructions),
            "stalls_weights": stalls[StallCause.WEIGHTS],
            "stalls_parameters": stalls[StallCause.PARAMETERS],
            "stalls_room": stalls[StallCause.BANK],
            "stalls_activations": stalls[StallCause.ACTIVATIONS] - waits,
            "stalls_recurrence": stalls[StallCause.RECURRENCE],
            "stalls_outputs": waits,
        }


def predict_cycles(
    program: Sequence[Instruction],
    config: AcceleratorConfig,
    *,
    on_pass: Callable[[PassCycles], None] = lambda cycles: None,
) -> ProgramCycles:
    """Return how many cycles a program takes on an accelerator that was idle before.

    One that begins right after the end of another may take longer: the array is flushed first, a
    few cycles more than `GemmEngine.pipeline_latency`. `on_pass` is told of every pass, in order.

    Raises
    ------
    ValueError
        The program has no HALT, or an instruction before it has a field that is illegal. Addresses
        are not looked at: a program that is stopped for one takes fewer cycles.
    """
    end = next((n for n, step in enumerate(program) if step.opcode is Opcode.HALT), None)
    if end is None:
        raise ValueError(f"a program must have a HALT, which none of the {len(program)} steps is")
    engine = config.engine
    model = _Model(config, on_pass)
    for n, step in enumerate(program[:end]):
        error = field_error(
            step,
            cols=engine.cols,
            depth=engine.depth,
            activation_bytes=config.activation_bytes,
        )
        if error is not ProgramError.NONE:
            raise ValueError(f"instruction {n} must be legal, not stopped for {error.name.lower()}")
        model.run(step)
    drained = end == 0 or bool(program[end - 1].drain)
    return ProgramCycles(
        cycles=model.halt(),
        instructions=model.instructions(),
        drained=drained,
        first_activation=model.first_activation,
        last_result=model.last_result,
    )


class _Model:
    """The accelerator between two instructions."""

    def __init__(self, config: AcceleratorConfig, on_pass: Callable[[PassCycles], None]) -> None:
        self._on_pass = on_pass
        timing = core_timing(config)
        self._dispatch = Dispatch(timing)
        self._reader = Reader(timing)
        self._array = Array(config, timing)
        self.first_activation = 0
        self._done: list[InstructionCycles] = []
        self._waits: Counter[int] = Counter()
        # Of cycles without activations: of which instruction, when they begin and end.
        self._without: deque[tuple[int, int, int]] = deque(maxlen=_RECENT)

    def run(self, step: Instruction) -> None:
        """Go through the passes of an instruction."""
        dispatch, reader, array = self._dispatch, self._reader, self._array
        offered = dispatch.offered()
        jobs = [array.weights.jobs, array.passes.jobs, reader.jobs]
        if step.drain:
            jobs.append(array.parameters.jobs)
        for job in jobs:
            job.put(offered)
        reader.start(dispatch.last_written if step.wait else None)
        for span in self._without:
            self._note_wait(*span)
        array.start(drain=bool(step.drain))
        sent = max(job.sent for job in jobs)
        if not self._done:
            self.first_activation = reader.available - StreamBuffer.LATENCY

        stalls: Counter[StallCause] = Counter()
        first = NEVER
        for work in _passes(step):
            for cause, begin, end in array.launch(work, reader.available):
                stalls[cause] += end - begin
                if cause is StallCause.ACTIVATIONS:
                    self._without.append((len(self._done), begin, end))
                    self._note_wait(*self._without[-1])
            reader.read(array.rows, step.rows)
            first = array.first if first == NEVER else first
            drained = array.drained if work.drain else None
            self._on_pass(PassCycles(len(self._done), array.first, drained))
        dispatch.finish(sent, reader.counted, array.written if step.drain else None)
        rows = step.passes * step.rows
        self._done.append(
            InstructionCycles(first, array.last, rows, step.passes, dict(stalls), waits=0)
        )

    @property
    def last_result(self) -> int:
        """When the last row of results is written."""
        written = self._dispatch.last_written
        return 0 if written is None else written - OutputWriter.COUNTED_AFTER

    def _note_wait(self, index: int, begin: int, end: int) -> None:
        """Note the cycles of a span in which the job before the reader waits for outputs."""
        self._waits[index] += self._reader.waited(begin, end)

    def instructions(self) -> list[InstructionCycles]:
        """Return what became of every instruction."""
        return [replace(step, waits=self._waits[n]) for n, step in enumerate(self._done)]

    def halt(self) -> int:
        """Return the cycle in which a HALT ends the program."""
        return self._dispatch.ended()


def _passes(step: Instruction) -> Iterator[Pass]:
    """Yield the passes of an instruction."""
    in_tile = step.passes // step.tiles_n
    drain = bool(step.drain)
    first, middle, last = (
        Pass(step.rows, step.first, drain=False),
        Pass(step.rows, step.rest, drain=False),
        Pass(step.rows, step.rest if in_tile > 1 else step.first, drain=drain),
    )
    for _ in range(step.tiles_n):
        if in_tile > 1:
            yield first
        for _ in range(in_tile - 2):
            yield middle
        yield last
