"""Modules of a netlist: read from Yosys, written as Verilog that plain tools understand.

Yosys writes concatenations on the left of assignments and `signed` wires, at which older readers
of netlists stop. Here every net is a wire of one bit, and only ports are vectors.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from flow.liberty import Direction, Library

__all__ = [
    "Instance",
    "Module",
    "Nets",
    "Port",
    "clock_nets",
    "constant_nets",
    "netlist_verilog",
    "read_modules",
]

Nets: TypeAlias = list[int | str]
"""Numbers of nets from bit 0 on, or `"0"`, `"1"`, `"x"`."""

_KEYWORDS = """
always and assign automatic begin buf case cell config deassign default defparam design disable
edge else end endcase endmodule event for force forever fork function generate if include initial
inout input instance integer join large library localparam medium module nand negedge nor not or
output parameter posedge primitive pulldown pullup real reg release repeat scalared signed small
specify strong0 strong1 supply0 supply1 table task time tran tri unsigned use vectored wait wand
weak0 weak1 while wire wor xnor xor
"""
"""Words of Verilog that a part of a design may be called."""


@dataclass(frozen=True)
class Instance:
    """A cell or a module in a module, and the nets at its pins."""

    name: str
    kind: str
    pins: Mapping[str, Nets]


@dataclass(frozen=True)
class Port:
    """A port of a module, and the nets at it."""

    is_input: bool
    nets: Nets


@dataclass(frozen=True)
class Module:
    """A module: its instances and its ports."""

    instances: list[Instance]
    ports: Mapping[str, Port]


def read_modules(design: Mapping[str, Any]) -> dict[str, Module]:
    """Return the modules of a netlist that Yosys wrote as JSON, each name a plain identifier."""
    names = {name: _plain(name) for name in design["modules"]}
    if len(set(names.values())) < len(names):
        raise ValueError("two modules of the netlist have the same plain name")
    return {
        names[name]: Module(
            [
                Instance(
                    f"g{number}" if cell["hide_name"] else _plain(instance),
                    names.get(cell["type"], cell["type"]),
                    {_plain(pin): nets for pin, nets in cell["connections"].items()},
                )
                for number, (instance, cell) in enumerate(module["cells"].items())
                if cell["type"] != "$scopeinfo"
            ],
            {
                _plain(port): Port(about["direction"] == "input", about["bits"])
                for port, about in module["ports"].items()
            },
        )
        for name, module in design["modules"].items()
        if not int(module["attributes"].get("blackbox", "0"), 2)
    }


def _plain(name: str) -> str:
    plain = re.sub(r"\W", "_", name)
    return f"{plain}_" if plain in _KEYWORDS.split() else plain


def netlist_verilog(modules: Mapping[str, Module]) -> str:
    """Return the Verilog of all the modules."""
    return "\n".join(
        line for name, module in modules.items() for line in _module_lines(name, module)
    )


def _module_lines(name: str, module: Module) -> Iterator[str]:
    yield f"module {name} ({', '.join(module.ports)});"
    names: dict[int | str, str] = {"0": "1'b0", "1": "1'b1", "x": "1'b0", "z": "1'b0"}
    for port, about in module.ports.items():
        kind, width = ("input" if about.is_input else "output"), len(about.nets)
        yield f"  {kind} {f'[{width - 1}:0] ' if width > 1 else ''}{port};"
        if about.is_input:
            names |= {net: _bit(port, bit, width) for bit, net in enumerate(about.nets)}
    used = {net for i in module.instances for nets in i.pins.values() for net in nets}
    used |= {net for port in module.ports.values() for net in port.nets}
    for wire in sorted(net for net in used if isinstance(net, int) and net not in names):
        names[wire] = f"n{wire}"
        yield f"  wire n{wire};"
    for instance in module.instances:
        pins = ", ".join(
            f".{pin}({_joined([names[net] for net in nets])})"
            for pin, nets in instance.pins.items()
            if nets
        )
        yield f"  {instance.kind} {instance.name} ({pins});"
    for port, about in module.ports.items():
        if not about.is_input:
            for bit, net in enumerate(about.nets):
                yield f"  assign {_bit(port, bit, len(about.nets))} = {names[net]};"
    yield "endmodule\n"


def _bit(port: str, bit: int, width: int) -> str:
    return port if width == 1 else f"{port}[{bit}]"


def _joined(nets: list[str]) -> str:
    return nets[0] if len(nets) == 1 else "{" + ", ".join(reversed(nets)) + "}"


def constant_nets(module: Module, library: Library) -> set[int | str]:
    """Nets that tie cells drive."""
    tied: set[int | str] = set()
    for instance in module.instances:
        cell = library.cells.get(instance.kind)
        for pin in cell.pins if cell else ():
            if pin.direction is Direction.OUTPUT and pin.function in ("0", "1"):
                tied.update(instance.pins.get(pin.name, []))
    return tied


def clock_nets(modules: Mapping[str, Module], top: str, clock: str) -> dict[str, set[int | str]]:
    """The nets in each module that are the clock of the top, under whatever name it comes."""
    found: dict[str, set[int | str]] = {name: set() for name in modules}
    if clock in modules[top].ports:
        found[top].update(modules[top].ports[clock].nets)
    ahead = [top]
    while ahead:
        name = ahead.pop()
        for instance in modules[name].instances:
            if instance.kind not in modules:
                continue
            reached = {
                inner
                for port, about in modules[instance.kind].ports.items()
                if about.is_input
                for inner, outer in zip(about.nets, instance.pins.get(port, []), strict=False)
                if outer in found[name]
            }
            if not reached <= found[instance.kind]:
                found[instance.kind] |= reached
                ahead.append(instance.kind)
    return found
