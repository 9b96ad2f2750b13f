"""The GEMM engine as standard cells: its netlist, what it takes, and the jobs it runs."""

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import numpy as np

from flow.cell_models import cell_models
from flow.errors import UserError
from flow.gate_netlist import Block, GateNetlist
from flow.gate_synthesis import synthesize
from flow.gate_timing import Timing, is_there, time_netlist
from flow.job import TOP, JobResult, engine_verilog, run_verilog
from flow.liberty import Library
from hw.config import EngineConfig
from hw.emit import emit_verilog
from hw.tinytapeout import TinyTapeout
from sim.errors import SimulationError
from sim.gemm_job import GemmJob
from sim.gemm_stimulus import random_job
from sim.results import RunResult
from sim.runner import run
from sim.simulator import Simulator

__all__ = [
    "BLOCKS",
    "REST",
    "AsicResult",
    "Ports",
    "build_asic",
    "gate_simulator",
    "run_gate_job",
    "run_gate_pins",
    "simulation_verilog",
    "telling_job",
]

BLOCKS = {
    "array": "array",
    "bank": "accumulators",
    "lane": "requantizer lanes",
    "output": "output buffer",
}
"""Beginnings of the names of the engine's parts, and the block that each belongs to."""

REST = "control and buffers"

_DRAWS = 20

_TIMEOUT = 3600
"""Seconds: Icarus runs a 16x16 netlist for several minutes."""

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
    config
        The engine.
    verilog
        What was synthesized.
    netlist
        The gates.
    blocks
        What each part takes.
    timing
        What OpenSTA says; None where it is not installed.
    """

    config: EngineConfig
    verilog: str
    netlist: GateNetlist
    blocks: dict[str, Block]
    timing: Timing | None


class Ports(Enum):
    """What an engine is synthesized with, and the name of the top module then."""

    STREAMS = TOP
    """AXI4-Streams."""
    TINYTAPEOUT = "tt_um_lastbit"
    """The pins of a TinyTapeout project."""


def build_asic(
    config: EngineConfig, library: Library, *, period_ns: float, ports: Ports = Ports.STREAMS
) -> AsicResult:
    """Synthesize an engine, check its clocking and time it.

    Raises
    ------
    UserError
        A tool fails, or the netlist has a latch, a gated clock or an asynchronous reset.
    """
    verilog = engine_verilog(config) if ports is Ports.STREAMS else _pins_verilog(config)
    netlist = synthesize(verilog, ports.value, library, period_ns=period_ns)
    faults = netlist.clocking_faults()
    if faults:
        raise UserError(
            f"the netlist must have one clock and only flip-flops: {faults[0]}"
            + (f", and {len(faults) - 1} more such faults" if faults[1:] else "")
        )
    timing = time_netlist(netlist, period_ns, BLOCKS, REST) if is_there() else None
    return AsicResult(config, verilog, netlist, netlist.blocks(BLOCKS, REST), timing)


def _pins_verilog(config: EngineConfig) -> str:
    text: str = emit_verilog(TinyTapeout(config), Ports.TINYTAPEOUT.value)
    return text


def run_gate_pins(
    config: EngineConfig, netlist: GateNetlist, *, simulator: Simulator, seed: int
) -> RunResult:
    """Run the testbench of `hw.tinytapeout.TinyTapeout` on its netlist.

    Raises
    ------
    UserError
        The simulator is missing or failed.
    """
    parameters = {
        "rows": config.rows,
        "cols": config.cols,
        "depth": config.depth,
        "lanes": config.lanes,
        "schemes": [scheme.name for scheme in config.schemes],
    }
    try:
        return run(
            simulation_verilog(netlist),
            netlist.top,
            "sim.testbenches.tinytapeout",
            simulator=simulator,
            seed=seed,
            parameters=parameters,
        )
    except SimulationError as error:
        raise UserError(str(error)) from error


def gate_simulator() -> Simulator:
    """Icarus where it is: it begins to run a netlist ten times sooner than Verilator."""
    return Simulator.ICARUS if Simulator.ICARUS.missing() is None else Simulator.VERILATOR


def simulation_verilog(netlist: GateNetlist) -> str:
    """Return the netlist with a model of each of its cells."""
    return _LINT + netlist.verilog + cell_models(netlist.library, netlist.total.cells)


def telling_job(config: EngineConfig, seed: int) -> GemmJob:
    """Draw a product whose results differ much: where all are clipped a wrong gate goes unseen."""
    random = np.random.default_rng(seed)
    size = (3 * config.depth + 1, 2 * config.rows + 1, 2 * config.cols + 1)
    jobs = [random_job(random, config, size) for _ in range(_DRAWS)]
    return max(jobs, key=lambda job: len(np.unique(job.golden())))


def run_gate_job(
    job: GemmJob,
    netlist: GateNetlist,
    *,
    simulator: Simulator,
    waves: Path | None = None,
    build_root: Path = Path("build/sim"),
) -> JobResult:
    """Run a job on a netlist, through the testbench that the Verilog is run with.

    In Icarus every flip-flop holds an unknown value until a reset or data give it one. ``waves`` is
    a .vcd file to write.

    Raises
    ------
    UserError
        The simulator is missing or failed.
    """
    verilog = simulation_verilog(netlist)
    return run_verilog(job, verilog, simulator=simulator, waves=waves, build_root=build_root)
