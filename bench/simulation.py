"""Simulating an 8 x 8 accelerator: cycles a second, and as a part of those of a bare C++ loop.

The bare loop only toggles the clock of the same Verilated model, loaded by the same packets, for as
many cycles as the run took. The run is timed from its start to the reply that it is done; `all` is
timed with loading and reading, packets included, and divided by all its cycles.
"""

import statistics
import struct
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt

from bench.timing import print_table
from flow.allocation import Reuse
from flow.compiled_program import CompiledProgram
from flow.compiler import compile_graph
from flow.graph import Graph
from flow.hardware_verilog import TOP, accelerator_verilog
from flow.host import Host
from flow.layers import Conv2d, TensorType
from flow.program_machine import HostMachine
from flow.reference import run_reference
from golden.kernel_window import KernelWindow
from golden.requantize import Requantization
from golden.scheme import Scheme
from hw.accelerator_config import AcceleratorConfig
from sim.link_bench import LinkBench
from sim.simulated_link import SimulatedLink, open_link
from sim.simulator import Simulator
from sim.verilator import build_link_server

BUILD_ROOT = Path("build/sim").resolve()
BARE = Path(__file__).with_name("bare_loop.cpp").resolve()
ROUNDS = 3

Tensors = Mapping[str, npt.NDArray[np.int8]]


@dataclass
class Watch:
    """A carrier that notes what is sent, and when the program ran."""

    link: SimulatedLink
    frames: list[bytes] = field(default_factory=list)

    def send(self, data: bytes) -> None:
        """Send and note it."""
        self.frames.append(data)
        self.link.send(data)

    def receive(self, timeout: float) -> bytes:
        """Receive."""
        return self.link.receive(timeout)

    def now(self) -> float:
        """Return the simulated time."""
        return self.link.now()


class WatchedHost(Host):
    """A host that times the run."""

    watch: Watch
    loaded: int
    seconds: float
    cycles: int

    def run(self, address: int = 0) -> None:
        """Run, and note where that began."""
        super().run(address)
        self.loaded = len(self.watch.frames)
        self.cycles, self.seconds = self.watch.link.cycles, time.perf_counter()

    def wait(self, timeout: float) -> object:
        """Wait, and note how long it took."""
        status = super().wait(timeout)
        self.cycles = self.watch.link.cycles - self.cycles
        self.seconds = time.perf_counter() - self.seconds
        return status


@dataclass
class Rates:
    """Cycles a second of a run, and of everything."""

    run: float
    all: float
    cycles: int
    loading: list[bytes]


def run() -> None:
    """Print the table."""
    config = AcceleratorConfig(activation_bytes=1 << 18)
    graph, inputs = network()
    program = compile_graph(graph, config, reuse=Reuse.NONE)
    verilog = accelerator_verilog(config)
    server: list[Rates] = []
    bare: list[float] = []
    for _ in range(ROUNDS):
        link = open_link(verilog, TOP, simulator=Simulator.VERILATOR, build_root=BUILD_ROOT)
        server.append(measure(program, inputs, link, run_reference(graph, inputs)))
        bare.append(bare_rate(verilog, server[-1]))
    bench = LinkBench(verilog, TOP, simulator=Simulator.VERILATOR, build_root=BUILD_ROOT)
    cocotb = measure(program, inputs, SimulatedLink(bench), run_reference(graph, inputs))
    reference = statistics.median(bare)
    rows = [["bare loop", f"{reference:,.0f}", "1.00", "", ""]]
    for name, rates in (("link server", server), ("cocotb", [cocotb])):
        run_rate = statistics.median(rate.run for rate in rates)
        all_rate = statistics.median(rate.all for rate in rates)
        rows.append(
            [
                name,
                f"{run_rate:,.0f}",
                f"{run_rate / reference:.2f}",
                f"{all_rate:,.0f}",
                f"{all_rate / reference:.2f}",
            ]
        )
    print(f"{server[0].cycles:,} cycles")
    print_table(["", "run (cycles/s)", "ratio", "all (cycles/s)", "ratio"], rows)


def network() -> tuple[Graph, Tensors]:
    """Two convolutions of four images."""
    random = np.random.default_rng(1)

    def convolution(name: str, read: str, inputs: int, outputs: int) -> Conv2d:
        weights = random.integers(-128, 128, (3, 3, inputs, outputs), np.int8)
        scale = Requantization.from_scale(Scheme.FLOAT32, [1e-3] * outputs)
        window = KernelWindow((3, 3), padding=((1, 1), (1, 1)))
        return Conv2d(name, read, weights, scale, window)

    image = TensorType((4, 24, 24, 16))
    layers = [convolution("a", "image", 16, 32), convolution("b", "a", 32, 32)]
    values = random.integers(-128, 128, image.shape, np.int8)
    return Graph({"image": image}, layers), {"image": values}


def measure(
    program: CompiledProgram, inputs: Tensors, link: SimulatedLink, expected: Tensors
) -> Rates:
    """Run a program, check it and return its rates."""
    with link:
        watch = Watch(link)
        start, before = time.perf_counter(), link.cycles
        host = WatchedHost(watch, timeout=1e-3, attempts=2)
        host.watch = watch
        result = HostMachine(program, host, patience=1.0).run(inputs)
        seconds = time.perf_counter() - start
    for name, values in expected.items():
        np.testing.assert_array_equal(result.tensors[name], values)
    loading = watch.frames[: host.loaded]
    return Rates(host.cycles / host.seconds, (link.cycles - before) / seconds, host.cycles, loading)


def bare_rate(verilog: str, rates: Rates) -> float:
    """Cycles a second of the bare loop over as many cycles."""
    program = build_link_server(verilog, TOP, build_root=BUILD_ROOT, main=BARE)
    with TemporaryDirectory(prefix="lastbit-bench-") as folder:
        packets = Path(folder, "packets")
        packets.write_bytes(
            b"".join(struct.pack("<Q", len(data) // 4) + data for data in rates.loading)
        )
        command = [program, packets, str(rates.cycles)]
        shown = subprocess.run(command, capture_output=True, check=True).stdout
    return rates.cycles / float(shown)
