"""The options of a command that takes a board, and perhaps another accelerator than its file's."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from flow.engine_options import ENGINE, MEMORIES, engine_options, memory_options
from flow.errors import UserError, user_input

if TYPE_CHECKING:
    from flow.board import Board

__all__ = ["board_options", "changed_board"]

_UNSET = "the board's"


def board_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--board` and what may differ from its file; the command gets the ``board``."""

    @wraps(function)
    def with_board(
        board: str,
        engine: dict[str, Any],
        memories: dict[str, Any],
        mhz: float | None,
        baud: int | None,
        **others: Any,
    ) -> Any:
        from flow.board_catalog import find_board

        found = changed_board(find_board(board), engine | memories, mhz=mhz, baud=baud)
        return function(board=found, **others)

    command: Callable[..., Any] = with_board
    for option in (
        memory_options(unset=_UNSET, **dict.fromkeys(MEMORIES)),
        engine_options(unset=_UNSET, **dict.fromkeys(ENGINE)),
        click.option(
            "--baud", type=int, help=f"Bits a second of the serial line.  [default: {_UNSET}]"
        ),
        click.option("--mhz", type=float, help=f"Clock of the accelerator.  [default: {_UNSET}]"),
        click.option(
            "--board",
            required=True,
            metavar="NAME",
            help="One of `lastbit boards`, or a file like those of constraints/.",
        ),
    ):
        command = option(command)
    return command


def changed_board(
    board: "Board",
    changes: Mapping[str, Any],
    *,
    mhz: float | None = None,
    baud: int | None = None,
) -> "Board":
    """Return a board with another accelerator, clock or serial speed; None changes nothing.

    Raises
    ------
    UserError
        The parameters are not legal.
    """
    from flow.accelerator_kind import changed_config
    from flow.engine_options import engine_config

    given = {name: value for name, value in changes.items() if value is not None}
    if mhz is not None and not 0 < mhz < float("inf"):
        raise UserError(f"--mhz must be above 0, not {mhz:g}")
    if baud is not None and baud < 1:
        raise UserError(f"--baud must be above 0, not {baud}")
    engine = {**board.engine, **{name: given.pop(name) for name in ENGINE if name in given}}
    with user_input():
        config = changed_config(board.config, engine_config(engine), given)
    changed = replace(board, engine=engine, config=config)
    if mhz is not None:
        changed = replace(changed, frequency=Fraction(str(mhz)))
    return changed if baud is None else replace(changed, baud=baud)
