"""One function runs a compiled network on many images; the level is an argument."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from flow.compiled_program import CompiledProgram
from flow.job import Level
from golden.program import Counters, run_program

__all__ = ["ProgramResult", "run_program_job"]

Int8Array = npt.NDArray[np.int8]
Tensors = Mapping[str, Int8Array]


@dataclass(frozen=True, eq=False)
class ProgramResult:
    """What was in the activation memory after each run, and what was counted.

    Parameters
    ----------
    tensors : every tensor by name, (n, y, x, channels), all runs together
    counters : of all runs
    cycles : of all runs; None where no clock runs
    """

    tensors: Tensors
    counters: Counters
    cycles: int | None = None


def run_program_job(
    program: CompiledProgram,
    inputs: Tensors,
    level: Level,
    *,
    on_run: Callable[[], None] = lambda: None,
) -> ProgramResult:
    """Run a program that keeps all its tensors (`Reuse.NONE`), a batch of the inputs at a time.

    `on_run` is called after every batch. Raises ValueError if the last batch would not be full.
    """
    if level is not Level.GOLDEN:
        raise ValueError(f"programs run on {Level.GOLDEN}, not on {level}")
    tensors: list[Tensors] = []
    total = Counters()
    for batch in _batches(program, inputs):
        memories, engine = program.memories(batch), program.config.engine
        counters = run_program(
            program.instructions,
            memories,
            rows=engine.rows,
            cols=engine.cols,
            depth=engine.depth,
            accumulator_bits=engine.accumulator_bits,
        )
        names = program.tensors
        tensors.append({name: program.read_tensor(memories.activation, name) for name in names})
        total = _together(total, counters)
        on_run()
    return ProgramResult(
        {name: np.concatenate([run[name] for run in tensors]) for name in program.tensors}, total
    )


def _batches(program: CompiledProgram, inputs: Tensors) -> Iterator[Tensors]:
    batch = program.tensors[program.inputs[0]].type.shape[0]
    images = len(inputs[program.inputs[0]])
    if images % batch:
        raise ValueError(f"images must be a multiple of the batch of {batch}, not {images}")
    for first in range(0, images, batch):
        yield {name: inputs[name][first : first + batch] for name in program.inputs}


def _together(first: Counters, second: Counters) -> Counters:
    sums = {
        field.name: getattr(first, field.name) + getattr(second, field.name)
        for field in fields(Counters)
    }
    return Counters(**{**sums, "largest": max(first.largest, second.largest)})
