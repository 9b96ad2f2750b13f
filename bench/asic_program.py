"""A small accelerator on standard cells, its memories too, runs a program on its netlist.

A convolution and a fully connected layer are compared with golden, tensor by tensor. The Liberty
file is named by the variable LASTBIT_LIBERTY.
"""

import os
import sys
import time
from pathlib import Path

import numpy as np

from flow.asic import simulation_verilog
from flow.compiled_program import CompiledProgram
from flow.compiler import compile_graph
from flow.gate_netlist import GateNetlist
from flow.gate_synthesis import synthesize
from flow.graph import Graph
from flow.hardware_verilog import TOP
from flow.host import Host
from flow.layers import Conv2d, Flatten, FullyConnected, TensorType
from flow.liberty import read_library
from flow.machine_run import Tensors
from flow.program_machine import GoldenMachine, HostMachine
from flow.random_graphs import random_codes, random_inputs
from golden.kernel_window import KernelWindow
from golden.requantize import Requantization
from golden.scheme import Scheme
from hw.accelerator_axi import AcceleratorAxi
from hw.accelerator_config import AcceleratorConfig
from hw.config import EngineConfig
from hw.emit import emit_verilog
from sim.simulated_link import open_link
from sim.simulator import Simulator

PERIOD = 5.0
CONFIG = AcceleratorConfig(
    EngineConfig(
        rows=2, cols=2, depth=4, lanes=1, statistics=True, schemes=frozenset({Scheme.SHIFT})
    ),
    activation_bytes=64,
    weight_words=64,
    parameter_words=8,
    program_words=64,
)


def run() -> None:
    """Print what the netlist takes, and how many elements differ."""
    path = os.environ.get("LASTBIT_LIBERTY")
    if path is None:
        print("asic_program: set LASTBIT_LIBERTY to a Liberty file", file=sys.stderr)
        return
    if (missing := Simulator.ICARUS.missing()) is not None:
        print(f"asic_program: {missing}", file=sys.stderr)
        return
    verilog = emit_verilog(AcceleratorAxi(CONFIG), TOP)
    netlist = synthesize(verilog, TOP, read_library(Path(path)), period_ns=PERIOD)
    total = netlist.total
    print(
        f"{total.cells.total():,} cells, {total.flip_flops:,} flip-flops, "
        f"{netlist.bits_of_memory():,} of them memory, area {total.area:,.0f}; "
        f"{len(netlist.clocking_faults())} faults of clock and reset",
        flush=True,
    )
    start = time.monotonic()
    rng = np.random.default_rng(1)
    graph = _network(rng)
    program, inputs = compile_graph(graph, CONFIG), random_inputs(graph, rng)
    expected = GoldenMachine(program).run(inputs)
    got, cycles = _run_netlist(netlist, program, inputs)
    for name, tensor in expected.tensors.items():
        wrong = int((got[name] != tensor).sum())
        print(f"{name}: {wrong} of {tensor.size} elements differ from golden")
    print(f"{cycles:,} cycles simulated in {time.monotonic() - start:.0f} s")


def _network(rng: np.random.Generator) -> Graph:
    """A convolution and a fully connected layer, scaled by powers of two."""
    scales = [Requantization.from_scale(Scheme.SHIFT, np.full(3, 2.0**-n)) for n in (7, 8)]
    window = KernelWindow((2, 2))
    convolution = Conv2d("conv", "x", random_codes(rng, (2, 2, 2, 3)), scales[0], window)
    connected = FullyConnected("y", "flat", random_codes(rng, (12, 3)), scales[1])
    layers = (convolution, Flatten("flat", "conv"), connected)
    return Graph({"x": TensorType((1, 3, 3, 2), 3)}, layers)


def _run_netlist(
    netlist: GateNetlist, program: CompiledProgram, inputs: Tensors
) -> tuple[Tensors, int]:
    with open_link(simulation_verilog(netlist), TOP, simulator=Simulator.ICARUS) as link:
        machine = HostMachine(program, Host(link, timeout=1e-3, attempts=2), patience=1e-3)
        return machine.run(inputs).tensors, link.cycles
