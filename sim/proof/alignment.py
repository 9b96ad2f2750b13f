"""Shows that a pipeline never mixes values of different cycles."""

from collections.abc import Mapping
from typing import Any

__all__ = ["AlignmentError", "check_alignment"]

_UNTIMED = ("clk", "rst")
_STATE = ("$dff", "$adff", "$aldff", "$sdff", "$ff", "$dlatch", "$adlatch", "$sr", "$mem", "$any")


class AlignmentError(ValueError):
    """A pipeline mixes cycles, or holds a state that registers on a path do not explain."""


def check_alignment(
    module: Mapping[str, Any], *, inputs: Mapping[str, int], outputs: Mapping[str, int]
) -> None:
    """Check that every path from an input to a place has the same number of registers.

    An input belongs to its cycle, a register adds one, and all inputs of any other cell must belong
    to the same cycle, to which its outputs then belong. Where this holds up to the outputs, an
    output is a function of inputs of one cycle each, and registers may be taken for wires.

    Parameters
    ----------
    module : Mapping
        A flat module of Yosys' JSON netlist, whose only registers are `$dff`.
    inputs : Mapping of str to int
        Cycle of each input; 0 for those not named.
    outputs : Mapping of str to int
        Cycle of the outputs to check.

    Raises
    ------
    AlignmentError
        If a cell mixes cycles, or there is a loop, or an output comes in another cycle.

    """
    ports = module["ports"]
    cycles: dict[int, int | None] = {}
    drivers: dict[int, tuple[str, int]] = {}
    for name, port in ports.items():
        if name in _UNTIMED:
            drivers |= dict.fromkeys(port["bits"], (name, 0))
        elif port["direction"] == "input":
            cycles |= {bit: inputs.get(name, 0) for bit in port["bits"]}
    for name, cell in module["cells"].items():
        for port, bits in cell["connections"].items():
            if cell["port_directions"][port] == "output":
                drivers |= {bit: (name, place) for place, bit in enumerate(bits)}
    _label(module["cells"], drivers, cycles)

    for name, cycle in outputs.items():
        if name not in ports or ports[name]["direction"] == "input":
            continue
        for bit in ports[name]["bits"]:
            if isinstance(bit, int) and cycles.get(bit, cycle) not in (cycle, None):
                raise AlignmentError(f"{name} must come in cycle {cycle}, not {cycles[bit]}")


def _label(
    cells: Mapping[str, Any], drivers: Mapping[int, tuple[str, int]], cycles: dict[int, int | None]
) -> None:
    """Give every driven bit its cycle, None if it is constant."""
    entered = set()
    stack = [bit for bit, (name, _) in drivers.items() if name not in _UNTIMED]
    while stack:
        bit = stack[-1]
        if bit in cycles:
            stack.pop()
            continue
        name, place = drivers[bit]
        if name in _UNTIMED:
            raise AlignmentError(f"{name} must not reach what an output depends on")
        cell = cells[name]
        is_register = cell["type"] == "$dff"
        if not is_register and cell["type"].startswith(_STATE):
            raise AlignmentError(f"{name} must be a plain register, not a {cell['type']}")
        sources = [cell["connections"]["D"][place]] if is_register else _inputs(cell)
        sources = [source for source in sources if isinstance(source, int)]
        unknown = [source for source in sources if source not in cycles]
        if unknown:
            if bit in entered:
                raise AlignmentError(f"{name} must not be part of a loop")
            entered.add(bit)
            stack += unknown
            continue
        found = {cycle for source in sources if (cycle := cycles[source]) is not None}
        if len(found) > 1:
            raise AlignmentError(f"{name} must not mix cycles, but has {sorted(found)}")
        cycles[bit] = found.pop() + is_register if found else None
        stack.pop()


def _inputs(cell: Mapping[str, Any]) -> list[Any]:
    return [
        bit
        for port, bits in cell["connections"].items()
        if cell["port_directions"][port] == "input"
        for bit in bits
    ]
