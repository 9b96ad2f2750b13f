"""Which ports a Verilog module has, read from its text."""

import re
from dataclasses import dataclass

__all__ = ["VerilogPort", "module_ports"]

_DECLARATION = re.compile(
    r"\b(input|output)\b\s*(?:wire\b|reg\b|logic\b|signed\b|\s)*(?:\[[^\]]*\]\s*)*(\w+)"
)
_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/|\(\*.*?\*\)", re.S)


@dataclass(frozen=True)
class VerilogPort:
    """A port's name and direction."""

    name: str
    is_input: bool


def module_ports(verilog: str, module: str) -> list[VerilogPort]:
    """Return the ports of a module, in order; each must be declared by itself.

    Raises
    ------
    ValueError
        There is no such module in the text.
    """
    pattern = rf"\bmodule\s+{re.escape(module)}\b.*?\bendmodule\b"
    found = re.search(pattern, _COMMENT.sub("", verilog), re.S)
    if found is None:
        raise ValueError(f"the Verilog text must hold module {module}, and does not")
    declared = _DECLARATION.findall(found[0])
    return [VerilogPort(name, kind == "input") for kind, name in dict.fromkeys(declared)]
