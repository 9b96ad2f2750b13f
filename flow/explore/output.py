"""What an exploration shows in the terminal, and the files that it leaves."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from flow.atomic import atomic_write
from flow.errors import UserError
from flow.explore.chart import chart, standalone
from flow.explore.columns import Columns
from flow.explore.measurement import Measurement
from flow.explore.page import page
from flow.explore.reasons import reasons
from flow.explore.records import csv_text, json_text
from flow.explore.space import Refused
from flow.explore.summary import Summary

__all__ = ["in_words", "show", "write_files"]


def in_words(found: Measurement) -> str:
    """A result in a few words."""
    if found.fmax is None:
        return f"{found.outcome.value}: {found.reason}"
    luts = f", {found.counts.luts:,} look-up tables" if found.counts else ""
    return f"{found.fmax:.0f} MHz{luts}, {found.seconds:.0f} s"


def show(
    summaries: Sequence[Summary], refused: Sequence[Refused], facts: Mapping[str, str]
) -> None:
    """Print the table, what is the same in all, and why what is missing is."""
    columns = Columns(summaries)
    table = Table(box=None, pad_edge=False)
    for heading in columns.headings:
        table.add_column(heading, justify="left" if heading == "array" else "right")
    for each in summaries:
        style = "bold" if each.on_front else "yellow" if each.fmax is None else None
        table.add_row(*columns.words(each), style=style)
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 160
    console.print(table)
    told = {**facts, **columns.shared}
    words = (f"{name.replace('_', ' ')} {value}" for name, value in told.items())
    console.print(", ".join(words), markup=False, soft_wrap=True)
    for reason in reasons(summaries, refused):
        console.print(reason, markup=False, soft_wrap=True)


def write_files(
    folder: Path,
    summaries: Sequence[Summary],
    refused: Sequence[Refused],
    facts: Mapping[str, str],
) -> list[Path]:
    """Write results.json, results.csv, chart.svg and explore.html; return their paths."""
    texts = {
        "results.json": json_text(facts, summaries, refused),
        "results.csv": csv_text(summaries),
        "chart.svg": standalone(chart(summaries, Columns(summaries))),
        "explore.html": page(summaries, refused, facts),
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"--out {folder} cannot be made: {error.strerror}") from error
    for name, text in texts.items():
        with atomic_write(folder / name) as file:
            file.write(text)
    return [folder / name for name in texts]
