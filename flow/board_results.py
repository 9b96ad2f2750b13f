"""What was measured of boards' bitstreams: a file that `lastbit boards --measure` writes."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import Enum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from flow.atomic import atomic_write
from flow.board import Board
from flow.board_catalog import FOLDER
from flow.build import Built
from flow.build_table import Use, size, uses
from flow.errors import UserError
from flow.fpga_tools import PACKAGES
from flow.hardware_hash import hardware_hash
from sim.build_cache import content_hash

__all__ = [
    "RESULTS",
    "BoardResult",
    "configuration_hash",
    "load_results",
    "measured",
    "save_result",
]

RESULTS = FOLDER / "measured.json"
"""The project's own measurements."""

_TOOLS = ("pyosys", *sorted(set(PACKAGES.values())))


@dataclass(frozen=True)
class BoardResult:
    """What `lastbit build` made of a board.

    Parameters
    ----------
    configuration : str
        Hash of what the board's file says of the design; another one was not measured.
    uses : Mapping of str to Use
        Of each kind of place of the part.
    fmax : float
        What place and route reached, in MHz.
    bitstream_bytes : int
    seconds : Mapping of str to float
        Of each stage.
    tools : Mapping of str to str
        Versions of their packages.
    hardware : str
        Hash of the sources of the hardware, see `flow.hardware_hash`; empty if not known.
    """

    configuration: str
    uses: Mapping[str, Use]
    fmax: float
    bitstream_bytes: int
    seconds: Mapping[str, float]
    tools: Mapping[str, str]
    hardware: str = ""

    @property
    def is_current(self) -> bool:
        """Whether the hardware is still the one that was measured."""
        return self.hardware == hardware_hash()


def configuration_hash(board: Board) -> str:
    """Return a short name for all that a board's bitstream is made from, but for the sources."""
    engine = board.config.engine
    told: dict[str, Any] = {
        f.name: getattr(board, f.name)
        for f in fields(board)
        if f.name in ("device", "pins", "clock", "frequency", "pll", "baud", "light_on", "ties")
    }
    told |= {f.name: getattr(engine, f.name) for f in fields(engine)}
    told |= {f.name: getattr(board.config, f.name) for f in fields(board.config)[1:]}
    return content_hash(*(f"{name} {_text(value)}" for name, value in sorted(told.items())))


def measured(built: Built) -> BoardResult:
    """Return what there is to tell of a bitstream."""
    return BoardResult(
        configuration_hash(built.board),
        uses(built.routed, built.netlist.family),
        round(built.routed.fmax, 2),
        size(built),
        {stage: round(seconds, 1) for stage, seconds in built.seconds.items()},
        {package: found for package in _TOOLS if (found := _version(package))},
        hardware_hash(),
    )


def load_results(path: Path = RESULTS) -> dict[str, BoardResult]:
    """Return the results of a file by the boards' names; none if there is no file.

    Raises
    ------
    UserError
        The file is not one of `save_result`.
    """
    if not path.exists():
        return {}
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return {name: _result(values) for name, values in told.items()}
    except (ValueError, TypeError, AttributeError, KeyError) as error:
        raise UserError(
            f"{path} must hold results of `lastbit boards --measure`; take it away"
        ) from error


def save_result(board: Board, result: BoardResult, path: Path = RESULTS) -> None:
    """Add a result to a file, in the place of an older one of the same board."""
    results = load_results(path) | {board.name: result}
    told = {name: asdict(results[name]) for name in sorted(results)}
    with atomic_write(path) as file:
        json.dump(told, file, indent=1)
        file.write("\n")


def _result(values: dict[str, Any]) -> BoardResult:
    places = {kind: Use(**use) for kind, use in values.pop("uses").items()}
    return BoardResult(uses=places, **values)


def _text(value: Any) -> str:
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, frozenset):
        return " ".join(sorted(map(_text, value)))
    return str(value)


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
