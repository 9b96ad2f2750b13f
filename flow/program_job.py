"""One function runs a compiled network on many images; the level is an argument."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from flow.job import Place
from flow.machine_run import Program
from flow.program_machine import open_machine
from golden.program import Counters

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
    registers : the hardware's counters of all runs, by the names of the register table
    """

    tensors: Tensors
    counters: Counters
    registers: Mapping[str, int] = field(default_factory=dict)

    @property
    def cycles(self) -> int | None:
        """Of all runs; None where no clock runs."""
        return self.registers.get("cycles")


def run_program_job(
    program: Program,
    inputs: Tensors,
    level: Place,
    *,
    on_run: Callable[[], None] = lambda: None,
    on_stage: Callable[[str], None] = lambda stage: None,
    build_root: Path = Path("build/sim"),
) -> ProgramResult:
    """Run a program, a batch of the inputs at a time.

    `on_run` is called after every batch, `on_stage` as by `flow.program_machine.open_machine`.

    Raises
    ------
    UserError
        The simulator is missing or failed, or the program was stopped.
    ValueError
        The last batch would not be full.
    """
    batches = list(_batches(program, inputs))
    runs = []
    with open_machine(program, level, on_stage=on_stage, build_root=build_root) as machine:
        on_stage("run")
        for batch in batches:
            runs.append(machine.run(batch))
            on_run()
    return ProgramResult(
        {name: np.concatenate([run.tensors[name] for run in runs]) for name in program.tensors},
        Counters(**_together([vars(run.counters) for run in runs])),
        _together([run.registers for run in runs]),
    )


def _batches(program: Program, inputs: Tensors) -> Iterator[Tensors]:
    batch, images = program.batch, len(inputs[program.inputs[0]])
    if images % batch:
        raise ValueError(f"images must be a multiple of the batch of {batch}, not {images}")
    for first in range(0, images, batch):
        yield {name: inputs[name][first : first + batch] for name in program.inputs}


def _together(runs: Sequence[Mapping[str, int]]) -> dict[str, int]:
    return {
        name: (max if name == "largest" else sum)(run[name] for run in runs) for name in runs[0]
    }
