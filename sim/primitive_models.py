"""Simulation models of the vendors' primitives, for Verilog that instantiates them."""

import re
from pathlib import Path

__all__ = ["primitive_models", "with_primitive_models"]

_FOLDER = Path(__file__).with_name("primitives")


def primitive_models(verilog: str) -> list[Path]:
    """Return the files of the models that a Verilog text needs and does not hold."""
    return [
        path
        for path in sorted(_FOLDER.glob("*.v"))
        if re.search(rf"^\s*{path.stem.upper()}\s", verilog, re.MULTILINE)
        and not re.search(rf"^\s*module\s+{path.stem.upper()}\b", verilog, re.MULTILINE)
    ]


def with_primitive_models(verilog: str) -> str:
    """Return the text with the models it needs: what is simulated is what is synthesized."""
    models = [path.read_text(encoding="utf-8") for path in primitive_models(verilog)]
    return "\n".join([verilog, *models])
