"""Synthesis to the standard cells of a Liberty file, with Yosys and ABC."""

import json
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flow.errors import UserError
from flow.gate_fanout import buffered
from flow.gate_module import read_modules
from flow.gate_netlist import GateNetlist
from flow.liberty import Library
from hw.yosys import run_yosys

__all__ = ["synthesize"]

# Maps for delay, then makes gates larger where the period asks for it and smaller elsewhere.
_ABC = """\
strash
&get -n
&dch -f
&nf
&put
topo
upsize {D}
dnsize {D}
stime -p
"""

_DELAY = re.compile(r"Delay =\s*([0-9.]+) ps")


def synthesize(verilog: str, top: str, library: Library, *, period_ns: float) -> GateNetlist:
    """Return the netlist of a Verilog text: hierarchy and flip-flops are kept as written.

    What a register holds at power-up is not known on silicon, so the Verilog's initial values are
    left out before anything could be derived from them.

    Raises
    ------
    UserError
        Yosys stops, or the library lacks a cell that is needed.
    """
    with tempfile.TemporaryDirectory(prefix="lastbit-asic-") as name:
        folder = Path(name)
        (folder / "design.v").write_text(verilog, encoding="utf-8")
        (folder / "abc.script").write_text(_ABC, encoding="utf-8")
        # Yosys splits a command at spaces, which a path may have.
        liberty = folder / "cells.lib"
        liberty.symlink_to(library.path)
        try:
            log = run_yosys(*_commands(folder, top, library, liberty, period_ns))
            memories = json.loads((folder / "memories.json").read_text(encoding="utf-8"))
            gates = json.loads((folder / "gates.json").read_text(encoding="utf-8"))
        except (RuntimeError, OSError) as error:
            raise UserError(
                f"{library.path}: Yosys made no netlist of {top} with it: {error}"
            ) from error
    modules = buffered(read_modules(gates), library, top, "clk")
    return GateNetlist(top, modules, library, _memory_bits(memories), _longest(log))


def _commands(
    folder: Path, top: str, library: Library, liberty: Path, period_ns: float
) -> list[str]:
    avoided = " ".join(f"-dont_use {name}" for name in library.avoided)
    picoseconds = round(1000 * period_ns)
    return [
        f"read_verilog {folder}/design.v",
        f"hierarchy -check -top {top}",
        "proc",
        "setattr -unset init w:*",
        "opt",
        "memory -nomap",
        "opt_clean",
        f"write_json {folder}/memories.json",
        "memory_map",
        "opt -full",
        "techmap",
        "opt -fast",
        f"dfflibmap {avoided} -liberty {liberty}",
        "opt -fast",
        f"abc {avoided} -liberty {liberty} -D {picoseconds} -script {folder}/abc.script",
        "setundef -zero",
        *_tie_cells(library),
        f"read_liberty -lib -ignore_miss_func {liberty}",
        "opt_clean -purge",
        "check -assert",
        f"write_json {folder}/gates.json",
    ]


def _tie_cells(library: Library) -> list[str]:
    options = []
    for option, value in (("hicell", 1), ("locell", 0)):
        found = library.constant(value)
        if found is not None:
            options.append(f"-{option} {found[0]} {found[1]}")
    return [f"hilomap -singleton {' '.join(options)}"] if options else []


def _memory_bits(design: Mapping[str, Any]) -> dict[str, int]:
    """Bits of the memories in each module."""
    return {
        re.sub(r"\W", "_", name): sum(
            int(cell["parameters"]["SIZE"], 2) * int(cell["parameters"]["WIDTH"], 2)
            for cell in module["cells"].values()
            if cell["type"].startswith("$mem")
        )
        for name, module in design["modules"].items()
    }


def _longest(log: str) -> float | None:
    """ABC's estimate, in ns; of the longest path inside a module."""
    found = [float(delay) for delay in _DELAY.findall(log)]
    return max(found) / 1000 if found else None
