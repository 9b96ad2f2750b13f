"""The GEMM engine on standard cells, 4x4 to 16x16: area, cells, path and power, block by block.

Each netlist runs a product; its bits are compared with golden, and its power is that of the nets'
transitions meanwhile. The Liberty file is named by the variable LASTBIT_LIBERTY.
"""

import os
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.timing import print_table
from flow.asic import AsicResult, build_asic, run_gate_job, telling_job
from flow.gate_power import measured_power, read_activity
from flow.gate_timing import ACTIVITY
from flow.liberty import read_library
from hw.config import EngineConfig
from sim.simulator import Simulator

SIZES = (4, 8, 16)
PERIOD = 4.0


def run() -> None:
    """Print the table of each size."""
    path = os.environ.get("LASTBIT_LIBERTY")
    if path is None:
        print("asic: set LASTBIT_LIBERTY to a Liberty file", file=sys.stderr)
        return
    if (missing := Simulator.ICARUS.missing()) is not None:
        print(f"asic: {missing}", file=sys.stderr)
        return
    library = read_library(Path(path))
    print(f"library {library.name}, {PERIOD:g} ns asked for, one requantizer, depth 8")
    for size in SIZES:
        config = EngineConfig(rows=size, cols=size, lanes=1, depth=8)
        result = build_asic(config, library, period_ns=PERIOD)
        print()
        print_table(["block", "cells", "flip-flops", "area", "path, ns"], _rows(result, size))
        print(f"{result.netlist.bits_of_memory()} bits of memory became flip-flops")
        if result.timing is not None:
            _, _, leakage, total = result.timing.power
            print(
                f"{1000 * total:.0f} mW at {PERIOD:g} ns with {ACTIVITY:g} transitions of a net in "
                f"a cycle, {1e6 * leakage:.0f} uW of it leakage"
            )
        _simulate(result)


def _simulate(result: AsicResult) -> None:
    job = telling_job(result.config, seed=1)
    with TemporaryDirectory(prefix="lastbit-waves-") as name:
        waves = Path(name, "waves.vcd")
        start = time.monotonic()
        outputs = run_gate_job(job, result.netlist, simulator=Simulator.ICARUS, waves=waves).outputs
        seconds = time.monotonic() - start
        wrong = int((outputs != job.golden()).sum())
        print(
            f"{wrong} of {outputs.size} results differ from golden in "
            f"{job.activations.shape} x {job.weights.shape}, simulated in {seconds:.0f} s"
        )
        if result.timing is None:
            return
        activity = read_activity(waves, result.netlist)
    total = measured_power(result.netlist, PERIOD, activity)[3]
    print(
        f"{1000 * total:.0f} mW at {PERIOD:g} ns as it does so, {activity.mean:.3f} transitions of "
        "a net in a cycle",
        flush=True,
    )


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
