"""The GEMM engine on standard cells, 4x4 to 16x16: area, cells, path and power, block by block.

The Liberty file is named by the variable LASTBIT_LIBERTY.
"""

import os
import sys
from pathlib import Path

from bench.timing import print_table
from flow.asic import AsicResult, build_asic
from flow.liberty import read_library
from hw.config import EngineConfig

SIZES = (4, 8, 16)
PERIOD = 4.0


def run() -> None:
    """Print the table of each size."""
    path = os.environ.get("LASTBIT_LIBERTY")
    if path is None:
        print("asic: set LASTBIT_LIBERTY to a Liberty file", file=sys.stderr)
        return
    library = read_library(Path(path))
    print(f"library {library.name}, {PERIOD:g} ns asked for, one requantizer, depth 8")
    for size in SIZES:
        config = EngineConfig(rows=size, cols=size, lanes=1, depth=8)
        result = build_asic(config, library, period_ns=PERIOD)
        print()
        print_table(["block", "cells", "flip-flops", "area", "path, ns"], _rows(result, size))
        if result.timing is not None:
            _, _, leakage, total = result.timing.power
            print(f"{1000 * total:.0f} mW at {PERIOD:g} ns, {1e6 * leakage:.0f} uW of it leakage")
        print(f"{result.netlist.bits_of_memory()} bits of memory became flip-flops", flush=True)


def _rows(result: AsicResult, size: int) -> list[list[str]]:
    rows = []
    for name, block in (*result.blocks.items(), (f"{size}x{size}", result.netlist.total)):
        path = ""
        if result.timing is not None and name in result.timing.slack:
            path = f"{result.timing.shortest_period(name):.2f}"
        elif result.timing is not None:
            path = f"{result.timing.shortest_period():.2f}"
        cells = f"{block.cells.total():,}"
        rows.append([name, cells, f"{block.flip_flops:,}", f"{block.area:,.0f}", path])
    return rows
