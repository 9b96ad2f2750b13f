"""The tables of `lastbit boards`."""

from collections.abc import Mapping, Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from flow.board import Board
from flow.board_predictions import NETWORKS, inferences_per_second, networks
from flow.board_results import BoardResult, configuration_hash

__all__ = ["show_boards"]

# One column each; families do not have them all.
_PLACES = {
    "logic": ("LUT4", "logic cells"),
    "flip-flops": ("flip-flops",),
    "multipliers": ("multipliers",),
    "memories": ("memories",),
}


def show_boards(
    boards: Sequence[Board], results: Mapping[str, BoardResult], console: Console
) -> None:
    """Print what is on each board, what was measured, and how fast networks are."""
    of_board = {
        board.name: result
        for board in boards
        if (result := results.get(board.name)) and result.configuration == configuration_hash(board)
    }
    console.print(_designs(boards))
    console.print(_measurements(boards, of_board))
    console.print(_speeds(boards))


def _table(title: str, left: Sequence[str], right: Sequence[str]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left")
    for heading in left:
        table.add_column(heading)
    for heading in right:
        table.add_column(heading, justify="right")
    return table


def _designs(boards: Sequence[Board]) -> Table:
    sizes = ("array", "lanes", "activations", "weights", "parameters", "program", "MHz")
    table = _table("What is on each board", ("board", "part", "tools"), sizes)
    for board in boards:
        config, engine = board.config, board.config.engine
        table.add_row(
            board.name,
            board.device,
            board.toolchain.value,
            f"{engine.rows} x {engine.cols}",
            str(engine.lanes),
            f"{config.activation_bytes:,}",
            f"{config.weight_words * engine.cols:,}",
            f"{config.parameter_words:,}",
            f"{config.program_words:,}",
            f"{float(board.made_frequency):.5g}",
        )
    return table


def _measurements(boards: Sequence[Board], results: Mapping[str, BoardResult]) -> Table:
    more = ("reaches MHz", "bitstream", "seconds", "hardware")
    table = _table("Measured by lastbit boards --measure", ("board",), (*_PLACES, *more))
    if not all(result.is_current for result in results.values()):
        table.caption = "earlier: the hardware, or how it is synthesized, has changed since then"
        table.caption_justify = "left"
    for board in boards:
        result = results.get(board.name)
        if result is None:
            table.add_row(board.name, *["-"] * (len(_PLACES) + len(more)))
            continue
        cells = [
            next((str(result.uses[name]) for name in names if name in result.uses), "-")
            for names in _PLACES.values()
        ]
        cells += [f"{result.fmax:.1f}", f"{result.bitstream_bytes:,}"]
        hardware = "as it is" if result.is_current else "earlier"
        cells += [f"{sum(result.seconds.values()):.0f}", hardware]
        table.add_row(board.name, *cells)
    return table


def _speeds(boards: Sequence[Board]) -> Table:
    table = _table("Inferences a second, predicted", ("board",), NETWORKS)
    for board in boards:
        speeds = [inferences_per_second(board, networks()[name]) for name in NETWORKS]
        shown = ["-" if speed is None else f"{speed:,.1f}" for speed in speeds]
        table.add_row(board.name, *shown)
    return table
