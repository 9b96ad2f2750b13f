"""Where `lastbit run` runs something, from its options: a level, or a board with what is on it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from flow.board_catalog import find_board
from flow.board_options import changed_board
from flow.board_port import BoardPort
from flow.engine_options import MEMORIES, engine_config
from flow.errors import UserError, user_input
from flow.job import Level, Place
from flow.netlist_level import NetlistLevel
from hw.config import EngineConfig
from hw.gemm_accelerator_config import GemmAcceleratorConfig

__all__ = ["RunPlace", "board_place", "level_place"]

BOARD, CLOCK = "board", 100.0


@dataclass(frozen=True)
class RunPlace:
    """Where something runs, and on what.

    Parameters
    ----------
    place : Place
    engine : EngineConfig
    memories : Mapping of str to int or None
        Sizes; None for one that is to be just large enough.
    clock : float
        In MHz, for what is said of times.
    gemm : GemmAcceleratorConfig or None
        The accelerator, if it runs GEMM jobs in place of programs.
    """

    place: Place
    engine: EngineConfig
    memories: Mapping[str, int | None]
    clock: float
    gemm: GemmAcceleratorConfig | None = None


def level_place(
    level: Level | NetlistLevel,
    engine: Mapping[str, Any],
    memories: Mapping[str, int | None],
    clock: float | None,
) -> RunPlace:
    """Return a level with an accelerator of the given sizes.

    Raises
    ------
    UserError
        They are not legal.
    """
    with user_input():
        config = engine_config(engine, statistics=True)
    return RunPlace(level, config, memories, _clock(clock, CLOCK))


def board_place(
    name: str | None,
    port: Path | None,
    changes: Mapping[str, Any],
    *,
    baud: int | None = None,
    clock: float | None = None,
) -> RunPlace:
    """Return a board on a serial port, with the accelerator of its file but for some changes.

    Raises
    ------
    UserError
        The board or the port is not named, or there is no such board.
    """
    if name is None or port is None:
        missing = "--board" if name is None else "--port"
        raise UserError(f"--on board needs {missing}: which board it is, and on which serial port")
    board = changed_board(find_board(name), changes, baud=baud)
    mhz = _clock(clock, float(board.made_frequency))
    engine = replace(board.config.engine, statistics=True)
    memories = {memory: getattr(board.config, memory) for memory in MEMORIES}
    gemm = board.config if isinstance(board.config, GemmAcceleratorConfig) else None
    return RunPlace(BoardPort(name, port, board.baud, mhz), engine, memories, mhz, gemm)


def _clock(given: float | None, default: float) -> float:
    if given is not None and not 0 < given < float("inf"):
        raise UserError(f"--clock must be above 0 MHz, not {given:g}")
    return default if given is None else given
