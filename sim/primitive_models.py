"""Simulation models of the vendors' primitives, for Verilog that instantiates them."""

import re
from pathlib import Path

__all__ = ["PRIMITIVES", "primitive_models", "with_primitive_models"]

_MODULE = re.compile(r"^\s*module\s+(\w+)\b", re.MULTILINE)

_FILES = {
    name: path
    for path in sorted(Path(__file__).with_name("primitives").glob("*.v"))
    for name in _MODULE.findall(path.read_text(encoding="utf-8"))
}

_IN_YOSYS = frozenset({"CCU2C", "SB_MAC16", "DSP48E1"})

PRIMITIVES = frozenset(_FILES) - _IN_YOSYS
"""Names of the modules that there are models of, but those that Yosys has in all their modes."""


def primitive_models(verilog: str) -> list[Path]:
    """Return the files of the models that a Verilog text needs and does not hold.

    Models that models are made of are among them.
    """
    needed: list[Path] = []
    text = verilog
    while True:
        missing = [_FILES[name] for name in sorted(_instantiated(text) - _defined(text))]
        if not missing:
            return sorted(needed)
        needed += missing
        text = "\n".join([text, *(path.read_text(encoding="utf-8") for path in missing)])


def with_primitive_models(verilog: str) -> str:
    """Return the text with the models it needs: what is simulated is what is synthesized."""
    models = [path.read_text(encoding="utf-8") for path in primitive_models(verilog)]
    return "\n".join([verilog, *models])


def _instantiated(verilog: str) -> set[str]:
    return _FILES.keys() & set(re.findall(r"^\s*([A-Za-z]\w*)\s", verilog, re.MULTILINE))


def _defined(verilog: str) -> set[str]:
    return set(_MODULE.findall(verilog))
