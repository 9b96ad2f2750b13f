"""What `lastbit build` says about a bitstream."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from flow.build import Built
from flow.parts import Family
from flow.place_and_route import Routed

__all__ = ["Use", "show_built", "uses"]

# What a family's nextpnr calls each kind of place, and what one of them is worth.
_PLACES: Mapping[Family, Mapping[str, tuple[str, ...]]] = {
    Family.ECP5: {
        "LUT4": ("TRELLIS_COMB",),
        "flip-flops": ("TRELLIS_FF",),
        "multipliers": ("MULT18X18D",),
        "memories": ("DP16KD",),
    },
    Family.ICE40: {
        "logic cells": ("ICESTORM_LC",),
        "multipliers": ("ICESTORM_DSP",),
        "memories": ("ICESTORM_RAM",),
        "large memories": ("ICESTORM_SPRAM",),
    },
    Family.GOWIN: {
        "LUT4": ("LUT4",),
        "flip-flops": ("DFF",),
        "carries": ("ALU",),
        "multipliers": ("MULT9X9", "MULT18X18", "MULT36X36"),
        "memories": ("BSRAM",),
    },
}


@dataclass(frozen=True)
class Use:
    """How much of a kind of place is taken."""

    used: int
    available: int

    def __str__(self) -> str:
        return f"{self.used:,} of {self.available:,}"


def uses(routed: Routed, family: Family) -> dict[str, Use]:
    """Return what a design takes of a part, by kinds that a person knows."""
    found = {}
    for kind, names in _PLACES[family].items():
        known = [name for name in names if name in routed.available]
        if known:
            used = sum(routed.used[name] for name in known)
            found[kind] = Use(used, max(routed.available[name] for name in known))
    return found


def show_built(built: Built, console: Console) -> None:
    """Print what it takes, how fast it is, and how to load it."""
    board, family = built.board, built.netlist.family
    table = Table(box=box.SIMPLE_HEAD, title=f"{board.title}, {board.device}", title_justify="left")
    table.add_column("")
    table.add_column("used", justify="right")
    table.add_column("of", justify="right")
    table.add_column("%", justify="right")
    for kind, use in uses(built.routed, family).items():
        share = f"{100 * use.used / max(1, use.available):.0f}"
        table.add_row(kind, f"{use.used:,}", f"{use.available:,}", share)
    console.print(table)
    engine = board.config.engine
    console.print(
        f"{engine.rows} x {engine.cols} array, {engine.lanes} requantizers, at "
        f"{built.frequency:.4g} MHz; place and route reaches {built.routed.fmax:.1f} MHz"
    )
    stages = ", ".join(f"{stage} {seconds:.0f} s" for stage, seconds in built.seconds.items())
    console.print(f"{shown_path(built.bitstream)}: {size(built):,} bytes; {stages}", soft_wrap=True)
    console.print(f"to load it: {load(built)}", markup=False, soft_wrap=True)
    console.print(f"serial line: {board.serial}, {board.baud} baud", markup=False, soft_wrap=True)


def size(built: Built) -> int:
    """Bytes of the bitstream."""
    return built.bitstream.stat().st_size


def load(built: Built) -> str:
    """Return the command that loads a bitstream."""
    return built.board.load.format(file=shown_path(built.bitstream))


def shown_path(path: Path) -> Path:
    """Return a path as seen from here, if it is below."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
