"""One instruction of the accelerator, and when it is legal.

`docs/accelerator.md` has the loop nest that the fields describe. A test holds their names,
and those of the operations, equal to the hardware's table.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from golden.accumulate_operation import AccumulateOperation
from golden.program_error import ProgramError

__all__ = ["IllegalInstructionError", "Instruction", "Opcode", "field_error"]


class Opcode(Enum):
    """What an instruction does."""

    MATMUL = 1
    """Passes through the array."""
    HALT = 2
    """The end of a program."""


class IllegalInstructionError(ValueError):
    """A program was stopped: the `error`, and the `index` of the instruction in the program."""

    def __init__(self, error: ProgramError, index: int) -> None:
        self.error = error
        self.index = index
        super().__init__(f"instruction {index} is illegal: {error.name.lower()}")


@dataclass(frozen=True, kw_only=True)
class Instruction:
    """The fields of an instruction, as `docs/accelerator.md` has them.

    An `opcode` may be a number that no `Opcode` has; such an instruction is illegal.
    """

    opcode: Opcode | int
    first: AccumulateOperation = AccumulateOperation.SET
    rest: AccumulateOperation = AccumulateOperation.SET
    drain: int = 0
    wait: int = 0
    padding: int = 0
    weight_address: int = 0
    parameter_address: int = 0
    activation_address: int = 0
    output_address: int = 0
    tiles_n: int = 0
    steps_ky: int = 0
    steps_kx: int = 0
    steps_kc: int = 0
    rows_y: int = 0
    rows_x: int = 0
    width: int = 0
    last_width: int = 0
    x_start: int = 0
    step_x: int = 0
    step_kx: int = 0
    step_kc: int = 0
    step_n: int = 0
    y_start: int = 0
    step_y: int = 0
    step_ky: int = 0
    image_rows: int = 0
    output_step_n: int = 0
    row_bytes: int = 0
    output_pitch_y: int = 0
    output_pitch_x: int = 0

    @property
    def rows(self) -> int:
        """Rows of activations of each pass."""
        return self.rows_y * self.rows_x

    @property
    def passes(self) -> int:
        """How many passes it takes."""
        return self.tiles_n * self.steps_ky * self.steps_kx * self.steps_kc

    def steps(self) -> Iterator[tuple[int, int, int]]:
        """The (ky, kx, kc) of the passes of a column tile, in order."""
        for ky in range(self.steps_ky):
            for kx in range(self.steps_kx):
                for kc in range(self.steps_kc):
                    yield ky, kx, kc

    def output_addresses(self, tile: int) -> npt.NDArray[np.int64]:
        """Where the results of a column tile are written, (rows, width)."""
        width = self.last_width if tile == self.tiles_n - 1 else self.width
        rows = np.arange(self.rows_y)[:, None] * self.output_pitch_y
        pixels = (rows + np.arange(self.rows_x) * self.output_pitch_x).reshape(-1, 1)
        return self.output_address + tile * self.output_step_n + pixels + np.arange(width)


def field_error(step: Instruction, *, cols: int, depth: int, activation_bytes: int) -> ProgramError:
    """The first reason why the fields of an instruction are illegal, addresses aside."""
    if step.opcode is Opcode.HALT:
        return ProgramError.NONE
    if step.opcode is not Opcode.MATMUL:
        return ProgramError.OPCODE
    if not step.passes * step.rows:
        return ProgramError.COUNT
    if step.rows > depth:
        return ProgramError.ROWS
    if step.drain and not (1 <= step.width <= cols and 1 <= step.last_width <= cols):
        return ProgramError.WIDTH
    if max(step.row_bytes, step.image_rows) > activation_bytes:
        return ProgramError.IMAGE
    if not all(
        -activation_bytes <= start < activation_bytes for start in (step.x_start, step.y_start)
    ):
        return ProgramError.IMAGE
    return ProgramError.NONE
