"""How many cycles a GEMM accelerator takes for jobs, to the last one, without simulating any."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flow.gemm_jobs import MatrixJob
from flow.gemm_program import GemmProgram
from hw.gemm_accelerator_config import GemmAcceleratorConfig
from hw.gemm_timing import GemmTiming

__all__ = ["GemmCycles", "gemm_cycles", "list_cycles"]


@dataclass(frozen=True)
class GemmCycles:
    """What a network takes of the accelerator; what its host does in between is not in it.

    Parameters
    ----------
    layers : cycles of all lists of jobs of a layer, by its name
    longest : of the list that takes most
    """

    layers: Mapping[str, int]
    longest: int

    @property
    def cycles(self) -> int:
        """Of all layers."""
        return sum(self.layers.values())


def gemm_cycles(program: GemmProgram) -> GemmCycles:
    """Return what a batch of images takes."""
    turns = {
        name: [list_cycles(turn.jobs, program.config) for turn in layer.turns]
        for name, layer in program.layers.items()
    }
    layers = {name: sum(cycles) for name, cycles in turns.items()}
    return GemmCycles(layers, max((max(cycles) for cycles in turns.values()), default=0))


def list_cycles(jobs: Sequence[MatrixJob], config: GemmAcceleratorConfig) -> int:
    """Return what the register `cycles` shows after a list of jobs."""
    sizes = [(job.rows, job.tiles_n, job.steps_k) for job in jobs]
    return int(GemmTiming(config).list_cycles(sizes))
