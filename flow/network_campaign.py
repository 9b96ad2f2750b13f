"""Random networks on simulated hardware, by the thousand: `python -m flow.network_campaign`.

Every tensor is compared with the reference, every counter with golden's, and the cycles with the
predicted ones.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from flow.allocation import Reuse
from flow.compiled_program import CompiledProgram
from flow.compiler import compile_graph
from flow.cycles import predict_cycles
from flow.graph import Graph
from flow.hardware_verilog import TOP, accelerator_verilog
from flow.host import Host
from flow.program_machine import GoldenMachine, HostMachine
from flow.random_graphs import random_graph, random_inputs
from flow.reference import run_reference
from golden.compare import compare
from hw.accelerator_config import AcceleratorConfig
from hw.config import EngineConfig
from sim.simulated_link import open_link
from sim.simulator import Simulator

__all__ = ["ENGINES", "Tally", "run_networks"]

ENGINES = (
    EngineConfig(rows=8, cols=8, depth=64),
    EngineConfig(rows=4, cols=8, depth=48, lanes=2),
    EngineConfig(rows=5, cols=3, depth=20),
    EngineConfig(rows=6, cols=4, depth=33, group=1, lanes=1),
    EngineConfig(rows=1, cols=1, depth=16),
)
"""Square and not, rows grouped by 1, 2 and 4, with and without shared requantizers."""

_MEMORIES = {"weight_words": 8192, "parameter_words": 1024, "program_words": 8192}
_PATIENCE = 10.0


@dataclass
class Tally:
    """What was run and what was found."""

    networks: int = 0
    elements: int = 0
    cycles: int = 0
    wrong_elements: int = 0
    wrong_counters: int = 0
    wrong_cycles: int = 0

    @property
    def all_equal(self) -> bool:
        """Whether nothing differed."""
        return not (self.wrong_elements or self.wrong_counters or self.wrong_cycles)


def run_networks(engine: EngineConfig, count: int, *, seed: int) -> Tally:
    """Run random networks on the Verilog of one accelerator, in Verilator."""
    config = AcceleratorConfig(engine, **_MEMORIES)
    tally = Tally()
    verilog = accelerator_verilog(config)
    with open_link(verilog, TOP, simulator=Simulator.VERILATOR) as link:
        host = Host(link, timeout=1e-3, attempts=2)
        for graph, program, rng in _draw(config, count, seed):
            inputs = random_inputs(graph, rng)
            run = HostMachine(program, host, patience=_PATIENCE).run(inputs)
            expected = run_reference(graph, inputs)
            for name, tensor in run.tensors.items():
                comparison = compare(tensor, expected[name])
                tally.elements += comparison.total
                tally.wrong_elements += comparison.count
            golden = GoldenMachine(program).run(inputs)
            tally.wrong_counters += run.counters != golden.counters
            predicted = predict_cycles(program.instructions, config)
            tally.wrong_cycles += run.registers["cycles"] != predicted.cycles
            tally.cycles += run.registers["cycles"]
            tally.networks += 1
    return tally


def _draw(
    config: AcceleratorConfig, count: int, seed: int
) -> Iterator[tuple[Graph, CompiledProgram, np.random.Generator]]:
    """Draw networks that fit, each from a generator of its own, which draws its inputs next."""
    drawn = number = 0
    while drawn < count:
        rng = np.random.default_rng([seed, number])
        number += 1
        graph = random_graph(rng)
        try:
            program = compile_graph(graph, config, reuse=Reuse.NONE)
        except ValueError:  # it does not fit
            continue
        drawn += 1
        yield graph, program, rng


def main(networks: int = 1000, seed: int = 1) -> int:
    """Share the networks among the arrays, print a line for each; 1 if anything differed."""
    fine = True
    for number, engine in enumerate(ENGINES):
        tally = run_networks(engine, -(-networks // len(ENGINES)), seed=seed + number)
        print(f"{engine.rows} x {engine.cols}, {engine.lanes} lanes, seed {seed + number}: {tally}")
        fine &= tally.all_equal
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
