"""Generating Verilog, engines of 1 x 1 to 64 x 64: seconds (for 32 x 32 at most 10) and size."""

import time

from bench.timing import print_table
from hw.config import EngineConfig
from hw.emit import emit_verilog
from hw.gemm_axis import GemmAxis


def run() -> None:
    """Print the table."""
    rows = []
    for side in (1, 8, 16, 32, 64):
        start = time.perf_counter()
        text = emit_verilog(GemmAxis(EngineConfig(rows=side, cols=side)), "lastbit_gemm")
        seconds = time.perf_counter() - start
        rows.append([f"{side} x {side}", f"{seconds:.2f}", f"{len(text) / 1e6:.2f}"])
    print_table(["array", "seconds", "MB"], rows)
