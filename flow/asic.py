"""The GEMM engine as standard cells: its netlist, what it takes, and the jobs it runs."""

from dataclasses import dataclass
from pathlib import Path

from flow.cell_models import cell_models
from flow.errors import UserError
from flow.gate_netlist import Block, GateNetlist
from flow.gate_synthesis import synthesize
from flow.gate_timing import Timing, is_there, time_netlist
from flow.job import TOP, JobResult, engine_verilog
from flow.liberty import Library
from hw.config import EngineConfig
from sim.errors import SimulationError
from sim.gemm_job import GemmJob
from sim.gemm_run import run_gemm
from sim.simulator import Simulator

__all__ = ["BLOCKS", "REST", "AsicResult", "build_asic", "run_gate_job", "simulation_verilog"]

BLOCKS = {
    "array": "array",
    "bank": "accumulators",
    "lane": "requantizer lanes",
    "output": "output buffer",
}
"""Beginnings of the names of the engine's parts, and the block that each belongs to."""

REST = "control and buffers"

# A netlist has names for what nobody looks at, and leaves inverted outputs open.
_LINT = "".join(
    f"/* verilator lint_off {rule} */\n"
    for rule in ("PINMISSING", "PINCONNECTEMPTY", "SYNCASYNCNET", "UNUSED", "UNDRIVEN")
)


@dataclass(frozen=True)
class AsicResult:
    """An engine in a library.

    Parameters
    ----------
    netlist
        The gates.
    blocks
        What each part takes.
    timing
        What OpenSTA says; None where it is not installed.
    """

    config: EngineConfig
    netlist: GateNetlist
    blocks: dict[str, Block]
    timing: Timing | None


def build_asic(config: EngineConfig, library: Library, *, period_ns: float) -> AsicResult:
    """Synthesize an engine, check its clocking and time it.

    Raises
    ------
    UserError
        A tool fails, or the netlist has a latch, a gated clock or an asynchronous reset.
    """
    netlist = synthesize(engine_verilog(config), TOP, library, period_ns=period_ns)
    faults = netlist.clocking_faults()
    if faults:
        raise UserError(
            f"the netlist must have one clock and only flip-flops: {faults[0]}"
            + (f", and {len(faults) - 1} more such faults" if faults[1:] else "")
        )
    timing = time_netlist(netlist, period_ns, BLOCKS, REST) if is_there() else None
    return AsicResult(config, netlist, netlist.blocks(BLOCKS, REST), timing)


def simulation_verilog(netlist: GateNetlist) -> str:
    """Return the netlist with a model of each of its cells."""
    return _LINT + netlist.verilog + cell_models(netlist.library, netlist.total.cells)


def run_gate_job(
    job: GemmJob,
    netlist: GateNetlist,
    *,
    simulator: Simulator,
    build_root: Path = Path("build/sim"),
) -> JobResult:
    """Run a job on a netlist, through the testbench that the Verilog is run with.

    In Icarus every flip-flop holds an unknown value until a reset or data give it one.

    Raises
    ------
    UserError
        The simulator is missing or failed.
    """
    try:
        run = run_gemm(
            job,
            simulation_verilog(netlist),
            netlist.top,
            simulator=simulator,
            build_root=build_root,
        )
    except SimulationError as error:
        raise UserError(str(error)) from error
    (m, k), config = job.activations.shape, job.config
    possible = run.cycles * config.rows * config.cols
    return JobResult(run.outputs, run.cycles, m * k * job.n / possible, run.busy)
