"""Simulation models of an FPGA's cells, from the libraries that come with Yosys.

The libraries are read where they are installed. Where Yosys has only a black box, `sim.primitives`
has a model, which the builders of the simulators add by themselves.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from flow.errors import UserError
from flow.parts import Family
from sim.primitive_models import PRIMITIVES

__all__ = ["cell_models"]

_LIBRARIES = {
    Family.ECP5: "lattice/cells_sim_ecp5.v",
    Family.ICE40: "ice40/cells_sim.v",
    Family.GOWIN: "gowin/cells_sim.v",
    Family.XC7: "xilinx/cells_sim.v",
}

_INCLUDE = re.compile(r'^`include "(.+)"$', re.MULTILINE)
_MODULE = re.compile(r"^module\s+(\\?[\w$]+)\b.*?\bendmodule\b", re.MULTILINE | re.DOTALL)
_TIMING = re.compile(r"\bspecify\b.*?\bendspecify\b", re.DOTALL)
_DIRECTIVE = re.compile(r"^`(?!include|timescale|celldefine|endcelldefine).*$", re.MULTILINE)
_COMPUTES = re.compile(r"\b(?:assign|always|initial)\b|\bwire\b[^;]*=")
_INSTANCE = re.compile(r"^\s*([A-Z]\w*)\s+(?:#\s*\(|\w+\s*\()", re.MULTILINE)


def cell_models(family: Family, cells: Iterable[str]) -> str:
    """Return Yosys's models of the named cells, of all but those that only `sim.primitives` has.

    Raises
    ------
    UserError
        There is no model of a cell.
    """
    directives, library = _library(family)
    needed, left = set(), set(cells)
    while left:
        name = left.pop()
        text = library.get(name, "")
        parts = set(_INSTANCE.findall(text)) & library.keys()
        if not parts and not _COMPUTES.search(text):
            if name in PRIMITIVES:
                continue
            raise UserError(f"there is no simulation model of {family.value}'s cell {name}")
        needed.add(name)
        left |= parts - needed
    return "\n".join([directives, *(library[name] for name in sorted(needed))]) + "\n"


@cache
def _library(family: Family) -> tuple[str, Mapping[str, str]]:
    """The directives of a library and its modules by name, which have no timing."""
    text = _TIMING.sub("", _with_included(_yosys_share() / _LIBRARIES[family]))
    modules = {match[1]: match[0] for match in _MODULE.finditer(text)}
    return "\n".join(_DIRECTIVE.findall(_MODULE.sub("", text))), modules


def _with_included(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    return _INCLUDE.sub(lambda match: _with_included(path.with_name(match[1])), text)


def _yosys_share() -> Path:
    spec = find_spec("pyosys")
    if spec is None or spec.origin is None:
        raise UserError("pyosys is not installed; get it with `pip install pyosys`")
    return Path(spec.origin).with_name("share")
