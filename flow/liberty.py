"""Reading a Liberty file: which cells a library has, how large they are and what they compute.

Only what the flow needs is kept; delays and power are for Yosys and OpenSTA, which read the file.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path

from flow.errors import UserError
from flow.liberty_text import Group, read_groups

__all__ = ["Cell", "CellKind", "Direction", "Library", "Pin", "read_library"]


class Direction(Enum):
    """Which way a pin goes."""

    INPUT = "input"
    OUTPUT = "output"
    INOUT = "inout"
    INTERNAL = "internal"


class CellKind(Enum):
    """What a cell is, by the groups it has."""

    LOGIC = "logic"
    FLIP_FLOP = "flip-flop"
    LATCH = "latch"
    CLOCK_GATE = "clock gate"
    TRI_STATE = "tri-state"


@dataclass(frozen=True)
class Pin:
    """A pin: its function is a Liberty expression, or empty; it can drive so much capacitance."""

    name: str
    direction: Direction
    function: str = ""
    is_tri_state: bool = False
    drive: float = 0.0


@dataclass(frozen=True)
class Cell:
    """A standard cell.

    Parameters
    ----------
    name
        As instances say it.
    area
        In the library's unit, which is µm² by custom: Liberty does not tell.
    leakage
        In the library's unit of leakage power.
    kind
        What it is.
    pins
        In the file's order, power pins left out.
    state
        Attributes of its `ff` or `latch` group: `clocked_on`, `next_state`, `clear` and so on.
    state_names
        What its functions call the state and its complement.
    is_avoided
        The library says `dont_use`.
    """

    name: str
    area: float
    leakage: float
    kind: CellKind
    pins: tuple[Pin, ...]
    state: Mapping[str, str] = field(default_factory=dict)
    state_names: tuple[str, ...] = ()
    is_avoided: bool = False

    @property
    def is_sequential(self) -> bool:
        """Whether it keeps a state."""
        return self.kind in (CellKind.FLIP_FLOP, CellKind.LATCH, CellKind.CLOCK_GATE)

    def pin(self, name: str) -> Pin | None:
        """The pin of that name."""
        return next((pin for pin in self.pins if pin.name == name), None)

    def pins_of(self, attribute: str) -> list[str]:
        """The input pins that an attribute of the state depends on, such as `clocked_on`."""
        words = set(re.findall(r"[A-Za-z_]\w*", self.state.get(attribute, "")))
        return [pin.name for pin in self.pins if pin.name in words]


@dataclass(frozen=True)
class Library:
    """The cells of a Liberty file.

    Parameters
    ----------
    path
        Where it was read.
    name
        As the file says.
    cells
        By name.
    """

    path: Path
    name: str
    cells: Mapping[str, Cell]

    def constant(self, value: int) -> tuple[str, str] | None:
        """The cell, and its pin, that puts out a constant; None if the library has none."""
        for cell in self.cells.values():
            outputs = [pin for pin in cell.pins if pin.direction is Direction.OUTPUT]
            if len(cell.pins) == 1 and outputs and outputs[0].function == str(value):
                return cell.name, outputs[0].name
        return None

    @property
    def avoided(self) -> list[str]:
        """Cells that the library says not to use."""
        return [cell.name for cell in self.cells.values() if cell.is_avoided]


def read_library(path: Path) -> Library:
    """Read a Liberty file.

    Raises
    ------
    UserError
        It cannot be read, is no Liberty, or lacks what a netlist needs: a gate and a flip-flop.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"--liberty {path}: {error.strerror}; name a readable .lib file") from error
    except UnicodeDecodeError as error:
        raise UserError(f"--liberty {path}: not a text file; unpack it first") from error
    try:
        root = read_groups(text)
        cells = {cell.name: cell for cell in map(_cell, root.named("cell"))}
    except ValueError as error:
        raise UserError(f"--liberty {path}: not a Liberty file: {error}") from error
    library = Library(path.resolve(), "".join(root.arguments), cells)
    for kind, wanted in ((CellKind.LOGIC, "gate"), (CellKind.FLIP_FLOP, "flip-flop")):
        if not any(cell.kind is kind and not cell.is_avoided for cell in cells.values()):
            raise UserError(f"--liberty {path}: it must hold a {wanted}, and has none to use")
    return library


def _cell(group: Group) -> Cell:
    name = "".join(group.arguments)
    pins = tuple(_pin(pin) for pin in group.named("pin"))
    states = group.named("ff", "latch", "ff_bank", "latch_bank", "statetable")
    kind = CellKind.LOGIC
    if any(attribute.startswith("clock_gating") for attribute in group.attributes):
        kind = CellKind.CLOCK_GATE
    elif states:
        kind = CellKind.FLIP_FLOP if states[0].kind.startswith("ff") else CellKind.LATCH
    elif any(pin.is_tri_state for pin in pins):
        kind = CellKind.TRI_STATE
    return Cell(
        name,
        area=_number(group, "area", f"cell {name}"),
        leakage=_number(group, "cell_leakage_power", f"cell {name}"),
        kind=kind,
        pins=pins,
        state=states[0].attributes if states else {},
        state_names=tuple(states[0].arguments[:2]) if states else (),
        is_avoided=group.attributes.get("dont_use") == "true",
    )


def _pin(group: Group) -> Pin:
    direction = group.attributes.get("direction", "").lower()
    if direction not in {member.value for member in Direction}:
        raise ValueError(f"pin {''.join(group.arguments)} has direction {direction!r}")
    return Pin(
        "".join(group.arguments),
        Direction(direction),
        group.attributes.get("function", ""),
        "three_state" in group.attributes,
        _number(group, "max_capacitance", "pin " + "".join(group.arguments)),
    )


def _number(group: Group, attribute: str, what: str) -> float:
    value = group.attributes.get(attribute, "0")
    try:
        return float(value)
    except ValueError:
        raise ValueError(f"{what} has {attribute} {value!r}") from None
