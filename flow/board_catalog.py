"""The boards that there are: what `constraints/*.toml` says of each."""

import tomllib
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from flow.accelerator_kind import AcceleratorKind, made_config
from flow.board import Board, Pin, Toolchain
from flow.board_file import Table
from flow.engine_options import ENGINE, MEMORIES, engine_config
from flow.errors import UserError
from flow.parts import find_part
from hw.pll_kind import PllKind

__all__ = ["FOLDER", "board_names", "find_board"]

FOLDER = Path(__file__).parents[1] / "constraints"
"""Where the files of boards are."""


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
    kind = table.choice("accelerator", AcceleratorKind, AcceleratorKind.PROGRAMS)
    engine = table.values("array", (*ENGINE, "accumulator_bits"))
    memory = table.values("memory", MEMORIES)
    try:
        config = made_config(kind, engine_config(engine), memory)
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
        engine=engine,
        config=config,
        pack=tuple(table.list("pack", [])),
        load=table.text("load"),
        serial=table.text("serial"),
    )
    table.all_used()
    return board
