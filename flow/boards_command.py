"""`lastbit boards`: what there is, how full and how fast it is, and what it would do a second."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.console import Console

    from flow.board import Board

__all__ = ["command"]


@click.command("boards")
@click.option("--board", "chosen", multiple=True, metavar="NAME", help="Only these.")
@click.option("--measure", is_flag=True, help="Build them, and keep what was measured.")
@click.option("--seed", type=int, default=1, show_default=True, help="Of the placer, to measure.")
@click.option(
    "--timeout", type=float, default=900, show_default=True, help="Seconds of place and route."
)
@click.option(
    "--results",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File of what was measured.  [default: the one that comes with lastbit]",
)
def command(
    chosen: tuple[str, ...], measure: bool, seed: int, timeout: float, results: Path | None
) -> None:
    """List the boards: part, array, memories, fit, clock, bitstream and predicted speed.

    Fit, clock and bitstream are of the last `lastbit boards --measure`, and marked where the
    hardware has changed since; a dash stands where nothing was measured, or where a network does
    not fit the memories. Inferences a second are those of the accelerator alone: exact cycles at
    the board's clock.

    Exit status: 0, or 1 if a board that was to be measured does not fit or is too slow.
    """
    from rich.console import Console

    from flow.board_catalog import board_names, find_board
    from flow.board_results import RESULTS, load_results
    from flow.boards_table import show_boards

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 160
    path = results or RESULTS
    boards = [find_board(name) for name in chosen or board_names()]
    load_results(path)
    failed = measure and not _measure(boards, path, seed, timeout, console)
    show_boards(boards, load_results(path), console)
    if failed:
        click.get_current_context().exit(1)


def _measure(
    boards: "list[Board]", path: Path, seed: int, timeout: float, console: "Console"
) -> bool:
    """Build the boards that open tools can; return whether each of them could be built."""
    from flow.board import Toolchain
    from flow.board_results import measured, save_result
    from flow.build import BuildFailedError, build_board

    done = True
    for board in boards:
        if board.toolchain is not Toolchain.NEXTPNR:
            continue
        folder = Path("build/boards") / board.name
        try:
            with console.status(board.name) as status:

                def on_stage(stage: str, name: str = board.name) -> None:
                    status.update(f"{name}: {stage}")

                built = build_board(board, folder, seed=seed, timeout=timeout, on_stage=on_stage)
            save_result(board, measured(built), path)
        except BuildFailedError as error:
            click.echo(f"lastbit: {error}", err=True)
            done = False
    return done
