"""Boards: what `constraints/*.toml` says of each, and the accelerator that goes onto it."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

from flow.board_file import Table
from flow.engine_options import ENGINE, MEMORIES, engine_config
from flow.errors import UserError
from flow.parts import Family, Part, find_part
from hw.accelerator_config import AcceleratorConfig
from hw.board_top import BoardTop
from hw.pll import plan_clock
from hw.pll_kind import PllKind

__all__ = ["FOLDER", "Board", "Pin", "Toolchain", "board_names", "find_board"]

FOLDER = Path(__file__).parents[1] / "constraints"
"""Where the files of boards are."""


class Toolchain(Enum):
    """What makes a bitstream."""

    NEXTPNR = "nextpnr"
    """Yosys and nextpnr: `lastbit build`."""
    VIVADO = "vivado"
    """AMD's, from the script of `lastbit verilog --board`."""
    QUARTUS = "quartus"
    """Intel's, likewise."""


@dataclass(frozen=True)
class Pin:
    """A port of the top module and where it stands.

    Parameters
    ----------
    port : str
        Its name in the Verilog.
    place : str
        Ball or pin of the package.
    standard : str
        Voltage, as the part's tools call it.
    pull_up : bool
        Whether the line is held high while nothing drives it.
    """

    port: str
    place: str
    standard: str
    pull_up: bool = False


@dataclass(frozen=True)
class Board:
    """A board, and the accelerator for it.

    Parameters
    ----------
    name : str
        As `--board` has it.
    title, source : str
        What people call it, and whose file the pins are from.
    toolchain : Toolchain
    device : str
        As the vendor's tools know the part, with package and speed; for people with open ones.
    device_family : str
        As Quartus wants it; empty elsewhere.
    part : Part or None
        None if it is in no table.
    package, speed : str or None
        As `flow.place_and_route` wants them.
    pins : tuple of Pin
        The clock is the first.
    clock, frequency : Fraction
        Of the board, and what is wanted for the accelerator, in MHz.
    pll : PllKind
    baud : int
    light_on : int or None
        Level at which the light shines; None without one.
    ties : Mapping of str to int
        Other pins' levels.
    config : AcceleratorConfig
    pack : tuple of str
        What else the packer is told.
    load, serial : str
        The command that loads {file}, and where the serial line is.
    """

    name: str
    title: str
    source: str
    toolchain: Toolchain
    device: str
    device_family: str
    part: Part | None
    package: str | None
    speed: str | None
    pins: tuple[Pin, ...]
    clock: Fraction
    frequency: Fraction
    pll: PllKind
    baud: int
    light_on: int | None
    ties: Mapping[str, int]
    config: AcceleratorConfig
    pack: tuple[str, ...]
    load: str
    serial: str

    @property
    def family(self) -> Family | None:
        """Of the part, if it is known."""
        return None if self.part is None else self.part.family

    @property
    def made_frequency(self) -> Fraction:
        """What the PLL makes of the wanted frequency, in MHz.

        Raises
        ------
        UserError
            It cannot make any.
        """
        try:
            frequency: Fraction = plan_clock(self.pll, self.clock, self.frequency)[1]
        except ValueError as error:
            raise UserError(f"{self.name}: {error}") from error
        return frequency

    def top(self) -> Any:
        """Return the component whose ports are the pins.

        Raises
        ------
        UserError
            The PLL cannot make the frequency, or the divisor of the clock the baud rate.
        """
        try:
            return BoardTop(
                self.config,
                pll=self.pll,
                clock=self.clock,
                frequency=self.frequency,
                baud=self.baud,
                light=self.light_on is not None,
                light_on=self.light_on or 0,
                ties=self.ties,
            )
        except ValueError as error:
            raise UserError(f"{self.name}: {error}") from error


def board_names() -> list[str]:
    """Return the names of all boards of the project."""
    return list(_boards())


def find_board(name: str) -> Board:
    """Return a board by its name, or by a path to a file like those of `constraints/`.

    A file of several variants is followed by a colon and one of them.

    Raises
    ------
    UserError
        There is none, or its file is not as it must be.
    """
    path, _, variant = name.partition(":")
    if path.endswith(".toml"):
        found = _read(Path(path))
        chosen = f"{Path(path).stem}-{variant}" if variant else next(iter(found))
        if chosen not in found or (not variant and len(found) > 1):
            names = ", ".join(f"{path}:{n.removeprefix(Path(path).stem + '-')}" for n in found)
            raise UserError(f"--board must be one of {names}, not {name}")
        return found[chosen]
    boards = _boards()
    if name.lower() in boards:
        return boards[name.lower()]
    close = get_close_matches(name.lower(), boards, n=1, cutoff=0.4)
    hint = f"; did you mean {close[0]}?" if close else ""
    raise UserError(f"--board must be one of {', '.join(boards)}, not {name!r}{hint}")


@cache
def _boards() -> dict[str, Board]:
    found: dict[str, Board] = {}
    for path in sorted(FOLDER.glob("*.toml")):
        found |= _read(path)
    return found


def _read(path: Path) -> dict[str, Board]:
    """Every variant of the board of a file."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path} must be TOML: {error}") from error
    variants = content.pop("variants", None)
    if variants is None:
        return {path.stem: _board(path, path.stem, content)}
    return {
        f"{path.stem}-{name}": _board(path, f"{path.stem}-{name}", content | changes)
        for name, changes in variants.items()
    }


def _board(path: Path, name: str, content: dict[str, Any]) -> Board:
    table = Table(path, content)
    clock, uart = table.table("clock"), table.table("uart")
    light, ties = table.table("light", {}), table.table("ties", {})
    standard = table.text("standard")
    levels = {tie: ties.table(tie) for tie in ties.names}
    pins = [
        Pin("i_clk", clock.text("pin"), standard),
        Pin("i_rx", uart.text("rx"), standard, pull_up=True),
        Pin("o_tx", uart.text("tx"), standard),
    ]
    if light.names:
        pins.append(Pin("o_light", light.text("pin"), light.text("standard", standard)))
    pins += [Pin(f"o_{tie}", level.text("pin"), standard) for tie, level in levels.items()]
    part = find_part(table.text("part")) if "part" in table.names else None
    package, speed = table.text("package", ""), table.text("speed", "")
    variant = "" if name == path.stem else f" {name.removeprefix(path.stem + '-').upper()}"
    named = "-".join(filter(None, (part.name if part else "", package, speed)))
    engine, memory = table.values("array", ENGINE), table.values("memory", MEMORIES)
    try:
        config = AcceleratorConfig(engine=engine_config(engine), **memory)
    except (TypeError, ValueError) as error:
        raise UserError(f"{path}: {error}") from error
    board = Board(
        name=name,
        title=table.text("title") + variant,
        source=table.text("source"),
        toolchain=table.choice("tool", Toolchain, Toolchain.NEXTPNR),
        device=table.text("device", named),
        device_family=table.text("device_family", ""),
        part=part,
        package=package or None,
        speed=speed or None,
        pins=tuple(pins),
        clock=clock.number("mhz"),
        frequency=table.number("design_mhz"),
        pll=clock.choice("pll", PllKind),
        baud=int(uart.number("baud")),
        light_on=int(light.number("on")) if light.names else None,
        ties={tie: int(level.number("level")) for tie, level in levels.items()},
        config=config,
        pack=tuple(table.list("pack", [])),
        load=table.text("load"),
        serial=table.text("serial"),
    )
    table.all_used()
    return board
