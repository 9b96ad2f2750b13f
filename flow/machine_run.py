"""What a run of a network leaves, and what runs one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from flow.compiled_program import CompiledProgram
from flow.gemm_program import GemmProgram
from golden.program import Counters

__all__ = ["Machine", "MachineRun", "Program", "Tensors"]

Program = CompiledProgram | GemmProgram
"""A network for an accelerator that runs programs, or for one that runs GEMM jobs."""

Tensors = Mapping[str, npt.NDArray[np.int8]]


@dataclass(frozen=True, eq=False)
class MachineRun:
    """What a run of a program left.

    Parameters
    ----------
    tensors : every tensor's place by name, as it is in the end
    counters : what golden counts too
    registers : the hardware's counters by the names of the register table; none where there is none
    """

    tensors: Tensors
    counters: Counters
    registers: Mapping[str, int] = field(default_factory=dict)


class Machine(Protocol):
    """Runs one program, as often as one likes."""

    def run(self, inputs: Tensors) -> MachineRun:
        """Put the inputs into the activation memory and run."""
