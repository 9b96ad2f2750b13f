"""Which instructions must wait for the outputs of earlier ones.

The accelerator reads activations ahead of outputs that are still under way. Reads and writes are
both in program order, and an instruction writes after all earlier ones have read. What is left is
reading too early what an earlier instruction writes: an instruction that does so must wait.
"""

from collections.abc import Sequence
from dataclasses import replace

from golden.instruction import Instruction

__all__ = ["with_waits"]

Span = tuple[int, int]


def with_waits(program: Sequence[Instruction]) -> list[Instruction]:
    """Return the instructions, with `wait` where it is needed and only there."""
    waiting: list[Instruction] = []
    under_way: list[Span] = []
    for step in program:
        read = _read(step)
        wait = any(first < read[1] and read[0] < end for first, end in under_way)
        if wait:
            under_way.clear()
        if step.drain:
            under_way.append(_written(step))
        waiting.append(replace(step, wait=int(wait)))
    return waiting


def _read(step: Instruction) -> Span:
    """From the first byte that is read to behind the last one, or more."""
    last_row = step.y_start + (step.rows_y - 1) * step.step_y + (step.steps_ky - 1) * step.step_ky
    first_row = min(max(step.y_start, 0), step.image_rows)
    end_row = min(max(last_row + 1, 0), step.image_rows)
    start = step.activation_address
    return start + first_row * step.row_bytes, start + end_row * step.row_bytes


def _written(step: Instruction) -> Span:
    """From the first byte that is written to behind the last one."""
    last = (
        (step.tiles_n - 1) * step.output_step_n
        + (step.rows_y - 1) * step.output_pitch_y
        + (step.rows_x - 1) * step.output_pitch_x
    )
    start = step.output_address
    return start, start + last + max(step.width, step.last_width)
