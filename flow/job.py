"""One function runs a job; the level is an argument."""

from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from flow.board_port import BoardPort
from flow.errors import UserError
from flow.netlist_level import NetlistLevel
from flow.netlist_verilog import netlist_verilog
from hw.config import EngineConfig
from hw.emit import emit_verilog
from hw.gemm_axis import GemmAxis
from sim.errors import SimulationError
from sim.gemm_job import GemmJob
from sim.gemm_run import run_gemm
from sim.simulator import Simulator

__all__ = ["TOP", "JobResult", "Level", "Place", "engine_verilog", "run_job", "run_verilog"]

TOP = "lastbit_gemm"
"""Name of the engine's top module."""


class Level(Enum):
    """Where a job runs."""

    GOLDEN = "golden"
    """The NumPy model."""
    VERILATOR = "verilator"
    """The generated Verilog, in Verilator."""
    ICARUS = "icarus"
    """The generated Verilog, in Icarus."""


Place = Level | NetlistLevel | BoardPort
"""Where a program runs: a level, a netlist in a simulator, or a board."""

_SIMULATORS = {Level.VERILATOR: Simulator.VERILATOR, Level.ICARUS: Simulator.ICARUS}


@dataclass(frozen=True, eq=False)
class JobResult:
    """What came out of a job.

    Parameters
    ----------
    outputs : (M, N)
    cycles : clock cycles from the first activations to the last outputs; None where no clock runs
    utilization : useful products over those the array could do in these cycles; None likewise
    busy : bool (cycles,), in which cycles a row of activations entered; None likewise
    """

    outputs: npt.NDArray[Any]
    cycles: int | None = None
    utilization: float | None = None
    busy: npt.NDArray[np.bool_] | None = None


@cache
def engine_verilog(config: EngineConfig) -> str:
    """Return the Verilog of the engine that `lastbit verilog` writes."""
    text: str = emit_verilog(GemmAxis(config), TOP)
    return text


def run_job(
    job: GemmJob, level: Level | NetlistLevel, *, build_root: Path = Path("build/sim")
) -> JobResult:
    """Run a job at a level.

    Raises
    ------
    UserError
        The simulator or the synthesis failed, or is missing.
    """
    if level is Level.GOLDEN:
        return JobResult(job.golden())
    if isinstance(level, NetlistLevel):
        verilog = netlist_verilog(GemmAxis(job.config), TOP, level.family, build_root)
        return run_verilog(job, verilog, simulator=level.simulator, build_root=build_root)
    verilog = engine_verilog(job.config)
    return run_verilog(job, verilog, simulator=_SIMULATORS[level], build_root=build_root)


def run_verilog(
    job: GemmJob,
    verilog: str,
    *,
    simulator: Simulator,
    waves: Path | None = None,
    build_root: Path = Path("build/sim"),
) -> JobResult:
    """Run a job on an engine that stands in a Verilog text as module `TOP`: its RTL or a netlist.

    ``waves`` is a .vcd file to write.

    Raises
    ------
    UserError
        The simulator is missing or failed.
    """
    try:
        run = run_gemm(job, verilog, TOP, simulator=simulator, waves=waves, build_root=build_root)
    except SimulationError as error:
        raise UserError(str(error)) from error
    (m, k), config = job.activations.shape, job.config
    possible = run.cycles * config.rows * config.cols
    return JobResult(run.outputs, run.cycles, m * k * job.n / possible, run.busy)
