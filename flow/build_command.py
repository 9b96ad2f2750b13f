"""`lastbit build`: a bitstream of a board."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from flow.board_options import board_options

if TYPE_CHECKING:
    from flow.board import Board

__all__ = ["command"]


@click.command("build")
@board_options
@click.option("--seed", type=int, default=1, show_default=True, help="Of the placer.")
@click.option(
    "--timeout",
    type=float,
    default=900,
    show_default=True,
    help="Seconds that place and route may take.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder to write to.  [default: build/boards/NAME]",
)
def command(board: "Board", seed: int, timeout: float, out: Path | None) -> None:
    """Make the bitstream of a board with Yosys, nextpnr and the packer of its family.

    Synthesis, place and route and packing take minutes; what the tools say stays in the folder. The
    command that loads the bitstream is printed, and not run.

    Exit status: 0 there is a bitstream, 1 it does not fit or is too slow, 2 bad input.
    """
    from rich.console import Console

    from flow.build import BuildFailedError, build_board
    from flow.build_table import show_built

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 140
    folder = out or Path("build/boards") / board.name
    try:
        with console.status("begin") as status:
            built = build_board(board, folder, seed=seed, timeout=timeout, on_stage=status.update)
    except BuildFailedError as error:
        click.echo(f"lastbit: {error}", err=True)
        click.get_current_context().exit(1)
    show_built(built, console)
