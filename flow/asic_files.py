"""The files of an engine in standard cells that other tools go on with."""

import json
import re
from pathlib import Path

from flow.asic import AsicResult, Ports
from flow.atomic import atomic_write
from flow.cell_models import cell_models
from flow.errors import UserError
from flow.gate_timing import constraints

__all__ = ["librelane", "tinytapeout", "write_files"]

_UTILIZATION = 50
"""Percent of the core that cells fill: what routers manage without care for congestion."""

_INFO = Path(__file__).parents[1] / "constraints" / "tinytapeout.yaml"

_TILES = {
    "1x1": (202.08, 154.98),
    "1x2": (202.08, 313.74),
    "2x2": (419.52, 313.74),
    "3x2": (636.96, 313.74),
    "4x2": (854.40, 313.74),
    "6x2": (1289.28, 313.74),
    "8x2": (1724.16, 313.74),
}
"""Width and height in µm of TinyTapeout's projects in IHP SG13G2: tile_sizes.yaml of its tools."""


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
    if top == Ports.TINYTAPEOUT.value:
        texts["info.yaml"] = tinytapeout(result, period)
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
    settings = {
        "meta": {"version": 2},
        "DESIGN_NAME": top,
        "VERILOG_FILES": f"dir::{top}.v",
        "CLOCK_PORT": "clk",
        "CLOCK_PERIOD": period,
        "PNR_SDC_FILE": f"dir::{top}.sdc",
        "SIGNOFF_SDC_FILE": f"dir::{top}.sdc",
        "FP_SIZING": "relative",
        "FP_CORE_UTIL": _UTILIZATION,
        "PL_TARGET_DENSITY_PCT": _UTILIZATION + 10,
        "SYNTH_HIERARCHY_MODE": "keep",
    }
    return json.dumps(settings, indent=2) + "\n"


def tinytapeout(result: AsicResult, period: float) -> str:
    """Return the description of a TinyTapeout project, in the fewest tiles that leave enough room.

    Raises
    ------
    UserError
        It needs more than the most tiles, or the template is not there.
    """
    area = result.netlist.total.area
    enough = [
        (name, round(100 * area / (width * height)))
        for name, (width, height) in _TILES.items()
        if 100 * area <= (_UTILIZATION + 10) * width * height
    ]
    if not enough:
        raise UserError(
            f"a TinyTapeout project of {list(_TILES)[-1]} tiles has no room for {area:.0f}"
        )
    try:
        template = _INFO.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(
            f"{_INFO}: {error.strerror}; run lastbit from a clone, which has constraints/"
        ) from error
    tiles, filled = enough[0]
    values = {
        "clock_hz": f"{1e9 / period:.0f}",
        "tiles": tiles,
        "filled": f"{filled}",
        "top": result.netlist.top,
    }
    return re.sub(r"\{(\w+)\}", lambda match: values[match[1]], template)
