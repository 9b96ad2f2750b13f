"""Cells of the element, arrays and the requantizer after synthesis, without a harness."""

from pathlib import Path

from bench.designs import DESIGNS
from bench.timing import print_table
from flow.errors import UserError
from flow.parts import Family
from flow.synthesis import synthesize
from hw.multiplier_kind import MultiplierKind

FOLDER = Path("build/bench")


def run() -> None:
    """Print the table: the ECP5 with its DSP blocks instantiated, the others as inferred."""
    rows = []
    for design in DESIGNS:
        for family in Family:
            kind = MultiplierKind.ECP5 if family is Family.ECP5 else MultiplierKind.PORTABLE
            rows.append([design.name, family.value, *cells(design.build(kind), family)])
    print_table(["design", "family", "LUT", "FF", "DSP"], rows)


def cells(component, family):
    """The numbers of a row; dashes where Yosys fails, as 0.70 does at arrays for the xc7."""
    try:
        counts = synthesize(component, "dut", family, FOLDER / "area").counts
    except UserError:
        return ["-", "-", "-"]
    return [str(counts.luts), str(counts.flip_flops), str(counts.multipliers)]
