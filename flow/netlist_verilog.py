"""The netlist that is placed and routed, as Verilog with a model of each cell, to be simulated."""

import inspect
import json
import re
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from flow import memory_registers, synthesis
from flow.netlist_cells import cell_models
from flow.parts import Family
from flow.synthesis import synthesize
from hw.emit import emit_rtlil
from hw.yosys import run_yosys
from sim.build_cache import build_once, content_hash
from sim.primitive_models import PRIMITIVES

__all__ = ["netlist_verilog"]

_VERILOG, _CELLS = "netlist.v", "cells.json"

# Yosys writes wires for what nobody looks at; models were written for other simulators.
_WAIVED = (
    *("WIDTH", "UNUSED", "UNDRIVEN", "PINMISSING", "PINCONNECTEMPTY", "GENUNNAMED"),
    *("SYNCASYNCNET", "INITIALDLY", "BLKSEQ", "MULTIDRIVEN", "CASEINCOMPLETE", "UNOPTFLAT"),
)
_DEFINITIONS = """\
`define NO_ICE40_DEFAULT_ASSIGNMENTS
`ifdef VERILATOR
`define LASTBIT_UNKNOWN(bits) {((bits) / 8) {8'ha5}}
`else
`define LASTBIT_UNKNOWN(bits) {(bits) {1'bx}}
`endif
"""

_MEMORY = re.compile(r".*RAM.*|DP16KD|PDPW16KD|TRELLIS_DPR.*|S?DPX?9?B|SPX?9?")
_CONTENTS = re.compile(r"INIT(?:VAL|P|_RAM)?_?[0-9A-F]*")
_UNKNOWN = re.compile(r"(\(\s*)(\d{2,})'[hb]x+(\s*\))")


def netlist_verilog(
    component: Any, top: str, family: Family, build_root: Path = Path("build/sim")
) -> str:
    """Return the netlist of a component and the models of its cells, as one text.

    What a memory holds before something is written to it is not known: Yosys has it as zero in some
    families' cells.

    Raises
    ------
    UserError
        Yosys fails, or there is no model of a cell.
    """
    key = content_hash(
        version("pyosys"),
        inspect.getsource(synthesis),
        inspect.getsource(memory_registers),
        Path(__file__).read_text(encoding="utf-8"),
        family.value,
        emit_rtlil(component, top),
    )
    folder = build_once(
        build_root.resolve() / f"netlist-{key}", partial(_write, component, top, family)
    )
    cells = json.loads((folder / _CELLS).read_text(encoding="utf-8"))
    text = (folder / _VERILOG).read_text(encoding="utf-8")
    waivers = "".join(f"/* verilator lint_off {rule} */\n" for rule in _WAIVED)
    return waivers + _DEFINITIONS + text + cell_models(family, cells)


def _write(component: Any, top: str, family: Family, folder: Path) -> None:
    netlist = synthesize(component, top, family, folder)
    design = json.loads(netlist.path.read_text(encoding="utf-8"))
    for cell in design["modules"][top]["cells"].values():
        if _MEMORY.fullmatch(cell["type"]):
            _forget_zeros(cell)
    netlist.path.write_text(json.dumps(design), encoding="utf-8")
    target = folder / _VERILOG
    run_yosys(
        f"read_json {netlist.path}",
        "delete t:$scopeinfo",
        f"rename -hide {top}/w:* {top}/x:* %d",
        f"rename -hide {top}/c:*",
        "opt_clean -purge",
        f"write_verilog -noattr {target}",
    )
    text = target.read_text(encoding="utf-8")
    target.write_text(_UNKNOWN.sub(r"\1`LASTBIT_UNKNOWN(\2)\3", text), encoding="utf-8")
    cells = sorted(kind for kind in netlist.cells if not kind.startswith("$"))
    (folder / _CELLS).write_text(json.dumps(cells), encoding="utf-8")


def _forget_zeros(cell: dict[str, Any]) -> None:
    """Make the contents of a memory unknown that has only zeros to begin with.

    The project's own models have no contents; that of a memory with ones does not elaborate.
    """
    parameters = cell["parameters"]
    contents = {name: bits for name, bits in parameters.items() if _CONTENTS.fullmatch(name)}
    if any("1" in bits for bits in contents.values()):
        return
    for name, bits in contents.items():
        if cell["type"] in PRIMITIVES:
            del parameters[name]
        else:
            parameters[name] = "x" * len(bits)
