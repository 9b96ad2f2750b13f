"""How many cycles the jobs of a GEMM accelerator take, from those of its parts."""

import gc
import warnings
from dataclasses import dataclass
from functools import cache

from amaranth.hdl import UnusedElaboratable

from hw.gemm_accelerator_config import GemmAcceleratorConfig
from hw.job_sequencer import JobSequencer
from hw.job_steps import JobSteps
from hw.step_engine import StepEngine

__all__ = ["GemmTiming"]


@dataclass(frozen=True)
class GemmTiming:
    """Cycles of a `hw.gemm_accelerator.GemmAccelerator`, which stand in its register `cycles`.

    Parameters
    ----------
    config : GemmAcceleratorConfig
        The engine and the sizes of the memories.
    """

    config: GemmAcceleratorConfig

    def list_cycles(self, jobs):
        """Cycles of a list of jobs, (rows, tiles_n, steps_k) each."""
        return JobSequencer.END + sum(self.job_cycles(*job) for job in jobs)

    def job_cycles(self, rows, tiles_n, steps_k):
        """Cycles from the start of the list, or the last results of a job, to those of the next."""
        least = JobSteps.pass_cycles(self.config)
        columns = self.config.engine.lane_columns
        drain = max(least, rows * columns)
        tile = (steps_k - 1) * max(least, rows) + drain
        # The last row is read so many cycles before the next pass would begin.
        early = drain - (rows - 1) * columns
        return self.before + tiles_n * tile - early + self.behind

    @property
    def before(self):
        """Cycles until the first row of a job is read: its fields, and the first weights."""
        return JobSequencer.NEXT + JobSteps.LATENCY + JobSteps.pass_cycles(self.config)

    @property
    def behind(self):
        """Cycles from when the last row of a job is read until its results are written."""
        return JobSteps.READ_LATENCY + _engine_latency(self.config)


@cache
def _engine_latency(config):
    with warnings.catch_warnings():
        # It is made only to be asked, and its parts refer to each other.
        warnings.simplefilter("ignore", UnusedElaboratable)
        latency = StepEngine(config.engine, entries=config.parameter_entries).latency
        gc.collect()
    return latency
