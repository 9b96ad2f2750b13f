"""The files of an engine in standard cells that other tools go on with."""

import json
import math
from pathlib import Path

from flow.asic import AsicResult
from flow.atomic import atomic_write
from flow.cell_models import cell_models
from flow.errors import UserError
from flow.gate_timing import constraints

__all__ = ["librelane", "write_files"]

_UTILIZATION = 50
"""Percent of the core that cells fill: what routers manage without care for congestion."""


def write_files(result: AsicResult, period: float, out: Path) -> list[Path]:
    """Write all files to a folder and return their paths.

    Raises
    ------
    UserError
        The folder cannot be made or written to.
    """
    netlist = result.netlist
    top = netlist.top
    texts = {
        f"{top}.v": result.verilog,
        f"{top}_gates.v": netlist.verilog,
        f"{top}_cells.v": cell_models(netlist.library, netlist.total.cells),
        f"{top}.sdc": constraints(netlist, period),
        "config.json": librelane(result, period),
    }
    if result.timing is not None:
        texts["timing.txt"] = f"{result.timing.path}\n"
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"--out {out} cannot be made: {error.strerror}; name a folder") from error
    for name, text in texts.items():
        with atomic_write(out / name) as file:
            file.write(text)
    return [out / name for name in texts]


def librelane(result: AsicResult, period: float) -> str:
    """Return a configuration of LibreLane, which synthesizes the RTL itself with its own cells.

    It was written after LibreLane's documentation and not run: LibreLane needs tools that Python's
    package index does not have.
    """
    top = result.netlist.top
    side = math.ceil(math.sqrt(result.netlist.total.area * 100 / _UTILIZATION))
    settings = {
        "meta": {"version": 2},
        "DESIGN_NAME": top,
        "VERILOG_FILES": f"dir::{top}.v",
        "CLOCK_PORT": "clk",
        "CLOCK_PERIOD": period,
        "PNR_SDC_FILE": f"dir::{top}.sdc",
        "SIGNOFF_SDC_FILE": f"dir::{top}.sdc",
        "FP_SIZING": "absolute",
        "DIE_AREA": [0, 0, side, side],
        "PL_TARGET_DENSITY_PCT": _UTILIZATION + 10,
        "SYNTH_HIERARCHY_MODE": "keep",
    }
    return json.dumps(settings, indent=2) + "\n"
