"""What a program of the accelerator does to its memories, to the last bit.

Instructions are run one after the other, each pass as one matrix product. No cycles, no units: only
which bytes are read, multiplied, requantized and written.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from golden.accumulate import wrap
from golden.accumulate_operation import combine
from golden.channel_parameters import ChannelParameters, requantize_counted
from golden.instruction import IllegalInstructionError, Instruction, Opcode, field_error
from golden.program_error import ProgramError
from golden.program_observer import Drain, ObservedPass, Observer

__all__ = ["Counters", "Interpreter", "Memories", "WriteTime", "run_program"]

Integers = npt.NDArray[np.int64]
Int8Array = npt.NDArray[np.int8]


_UNDEFINED = 0x5A5A5A5A
"""What accumulators hold here where in hardware they may hold anything."""


class WriteTime(Enum):
    """When outputs reach the activation memory; a program that waits enough does not notice."""

    AT_ONCE = "at_once"
    """After each instruction."""
    AT_WAIT = "at_wait"
    """As late as the instructions allow: when one waits, or at HALT."""


@dataclass(frozen=True, eq=False)
class Memories:
    """The memories of an accelerator; their lengths are the memories' sizes.

    Parameters
    ----------
    activation : (bytes,) int8, which a program changes
    weights : (words, C) int8
    parameters : one for each output channel

    """

    activation: Int8Array
    weights: Int8Array
    parameters: Sequence[ChannelParameters]


@dataclass
class Counters:
    """What the hardware counts too.

    Results are those of all C columns of a row that is drained, whether they are written or not.
    `golden.channel_parameters` defines saturations and ties.
    """

    passes: int = 0
    """Weight tiles applied."""
    saturated_low: int = 0
    """Results below their clip range."""
    saturated_high: int = 0
    """Results above their clip range."""
    ties: int = 0
    """Results that were rounded from exactly half way."""
    largest: int = 0
    """Largest magnitude of an accumulator that was drained, before the bias."""


class Interpreter:
    """Runs instructions on memories.

    Parameters
    ----------
    memories : Memories
    rows, cols : the array
    depth : rows of accumulators
    accumulator_bits : their width
    write_time : WriteTime
    observer : is told of every pass and drain

    """

    def __init__(
        self,
        memories: Memories,
        *,
        rows: int,
        cols: int,
        depth: int,
        accumulator_bits: int = 32,
        write_time: WriteTime = WriteTime.AT_ONCE,
        observer: Observer | None = None,
    ) -> None:
        if memories.weights.ndim != 2 or memories.weights.shape[1] != cols:
            raise ValueError(
                f"weights must have {cols} columns as the array has, not shape "
                f"{memories.weights.shape}"
            )
        self.memories = memories
        self.rows = rows
        self.cols = cols
        self.depth = depth
        self.counters = Counters()
        self._bits = accumulator_bits
        self._write_time = write_time
        self._observer = observer
        self._accumulators = np.full((depth, cols), _UNDEFINED, np.int64)
        self._late: list[tuple[Integers, Int8Array]] = []

    def run(self, program: Sequence[Instruction]) -> Counters:
        """Run a program from its first instruction to HALT; IllegalInstructionError stops it."""
        for index, step in enumerate(program):
            self.step(step, index)
            if step.opcode is Opcode.HALT:
                return self.counters
        raise IllegalInstructionError(ProgramError.PROGRAM_ADDRESS, len(program))

    def step(self, step: Instruction, index: int = 0) -> None:
        """Run one instruction; `index` is what an error calls it."""
        size = len(self.memories.activation)
        error = field_error(
            step, cols=self.cols, depth=self.depth, activation_bytes=size
        ) or self._address_error(step)
        if error:
            raise IllegalInstructionError(error, index)
        if step.wait or step.opcode is Opcode.HALT:
            self._write_late()
        if step.opcode is not Opcode.HALT:
            for tile in range(step.tiles_n):
                self._run_tile(step, tile, index)
            if self._write_time is WriteTime.AT_ONCE:
                self._write_late()

    def _address_error(self, step: Instruction) -> ProgramError:
        if step.opcode is Opcode.HALT:
            return ProgramError.NONE
        weights, parameters = len(self.memories.weights), len(self.memories.parameters)
        if step.weight_address + step.passes * self.rows > weights:
            return ProgramError.WEIGHT_ADDRESS
        if step.drain and step.parameter_address + step.tiles_n * self.cols > parameters:
            return ProgramError.PARAMETER_ADDRESS
        return ProgramError.NONE

    def _run_tile(self, step: Instruction, tile: int, index: int) -> None:
        """The passes of one column tile, and its outputs."""
        accumulators = self._accumulators[: step.rows]
        order = list(step.steps())
        for number, (ky, kx, kc) in enumerate(order):
            word = step.weight_address + (tile * len(order) + number) * self.rows
            weights = self.memories.weights[word : word + self.rows]
            activations = self._activations(step, (tile, ky, kx, kc), index)
            # Exact: float64 holds the sum of any number of rows that an array can have.
            sums = activations.astype(np.float64) @ weights.astype(np.float64)
            operation = step.rest if number else step.first
            accumulators[:] = combine(
                operation, accumulators, sums.astype(np.int64), bits=self._bits
            )
            self.counters.passes += 1
            if self._observer is not None:
                done = (index, tile, number, activations, weights, operation, accumulators)
                self._observer.after_pass(ObservedPass(*done))
        if step.drain:
            self._drain(step, tile, index)
            self._accumulators[:] = _UNDEFINED

    def _activations(
        self, step: Instruction, at: tuple[int, int, int, int], index: int
    ) -> Int8Array:
        """The rows of activations of a pass, (rows_y * rows_x, R)."""
        tile, ky, kx, kc = at
        row = step.y_start + np.arange(step.rows_y) * step.step_y + ky * step.step_ky
        start = step.x_start + kx * step.step_kx + kc * step.step_kc + tile * step.step_n
        offset = start + np.arange(step.rows_x)[:, None] * step.step_x + np.arange(self.rows)
        inside = ((row >= 0) & (row < step.image_rows))[:, None, None]
        inside = inside & (offset >= 0) & (offset < step.row_bytes)
        address = step.activation_address + row[:, None, None] * step.row_bytes + offset
        address = np.where(inside, address, 0)
        memory = self.memories.activation
        if address.max() >= len(memory):
            raise IllegalInstructionError(ProgramError.ACTIVATION_ADDRESS, index)
        values = np.where(inside, memory[address], np.int8(step.padding))
        return values.reshape(step.rows, self.rows)

    def _drain(self, step: Instruction, tile: int, index: int) -> None:
        """Requantize a column tile and write it."""
        first = step.parameter_address + tile * self.cols
        parameters = self.memories.parameters[first : first + self.cols]
        accumulators = self._accumulators[: step.rows]
        bias = np.array([p.bias for p in parameters], np.int64)
        result = requantize_counted(wrap(accumulators + bias, self._bits), parameters)
        counters = self.counters
        counters.saturated_low += result.low
        counters.saturated_high += result.high
        counters.ties += result.ties
        counters.largest = max(counters.largest, int(np.abs(accumulators).max()))

        address = step.output_addresses(tile)
        if address.max() >= len(self.memories.activation):
            raise IllegalInstructionError(ProgramError.OUTPUT_ADDRESS, index)
        self._late.append((address, result.outputs[:, : address.shape[1]]))
        if self._observer is not None:
            self._observer.after_drain(Drain(index, tile, accumulators, first, address))

    def _write_late(self) -> None:
        """Write the outputs that are under way, in order."""
        for address, values in self._late:
            self.memories.activation[address] = values
        self._late.clear()


def run_program(
    program: Sequence[Instruction],
    memories: Memories,
    *,
    rows: int,
    cols: int,
    depth: int,
    accumulator_bits: int = 32,
    write_time: WriteTime = WriteTime.AT_ONCE,
) -> Counters:
    """Run a program; it changes `memories.activation`.

    Sums are of R rows of the array, accumulators two's complement that wrap. They keep their values
    from one instruction to the next. At the start, and after a drain, they hold anything; here it
    is a large number, so that a program that uses it gives itself away.

    Raises
    ------
    IllegalInstructionError
        An instruction is illegal; those before it have been run.
    """
    interpreter = Interpreter(
        memories,
        rows=rows,
        cols=cols,
        depth=depth,
        accumulator_bits=accumulator_bits,
        write_time=write_time,
    )
    return interpreter.run(program)
