"""What an accelerator has to run: how many cycles that takes, and the memories it needs."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from flow.compiled_program import CompiledProgram
from flow.compiler import compile_graph
from flow.errors import UserError
from flow.example_networks import keyword_network, product, residual_network
from flow.explore.point import Work
from flow.graph import Graph
from flow.graph_file import load_graph
from flow.model_file import SUFFIXES, load_model
from flow.model_graph import largest_memories, partition_model
from flow.model_memories import MEMORIES
from flow.model_runtime import Runtime
from flow.performance import network_performance
from hw.accelerator_config import AcceleratorConfig
from hw.config import EngineConfig
from hw.instruction import INSTRUCTION

__all__ = ["EXAMPLES", "Workload", "load_workload"]

EXAMPLES: Mapping[str, Callable[[], Graph]] = {
    "keyword": keyword_network,
    "residual": residual_network,
}
"""The networks that have a name."""

_PRODUCT = re.compile(r"(\d+)x(\d+)x(\d+)")
_LARGEST = 4096
_PARTS = 8
"""Memories are rounded up to this part of the next power of two."""


@dataclass(frozen=True)
class Workload:
    """What is run.

    Parameters
    ----------
    name : as the user gave it
    graphs : what of it an engine runs, for one inference, in order
    """

    name: str
    graphs: Callable[[EngineConfig], Sequence[Graph]]

    def fit(self, engine: EngineConfig, sizes: Mapping[str, int]) -> tuple[AcceleratorConfig, Work]:
        """Return the accelerator around an engine, and what it has to do.

        Memories without a size in `sizes` are a little larger than needed.

        Raises
        ------
        UserError, ValueError
            A size is not legal, or the work does not fit the engine or the sizes.
        """
        graphs = self.graphs(engine)
        limit = replace(largest_memories(engine), **sizes)
        programs = [compile_graph(graph, limit) for graph in graphs]
        config = replace(limit, **(_needed(programs, limit) | dict(sizes)))
        done = [
            network_performance(graph, replace(program, config=config))
            for graph, program in zip(graphs, programs, strict=True)
        ]
        return config, Work(sum(each.cycles for each in done), sum(each.products for each in done))


def load_workload(text: str) -> Workload:
    """Return an example by its name, a product MxKxN, or what is in a file.

    Raises
    ------
    UserError
        It is none of them, or the file cannot be read.
    """
    if text in EXAMPLES:
        return _fixed(text, EXAMPLES[text]())
    if match := _PRODUCT.fullmatch(text):
        sides = [int(side) for side in match.groups()]
        if not all(1 <= side <= _LARGEST for side in sides):
            raise UserError(f"sides of a product must be from 1 to {_LARGEST}, not {text}")
        return _fixed(text, product(*sides))
    path = Path(text)
    if path.suffix == ".npz":
        return _fixed(text, load_graph(path))
    if path.suffix.lower() in SUFFIXES:
        return _model(path)
    raise UserError(
        f"network must be one of {', '.join(EXAMPLES)}, a product such as 64x64x64, "
        f"or a file (.npz, {', '.join(SUFFIXES)}), not {text!r}"
    )


def _fixed(name: str, graph: Graph) -> Workload:
    return Workload(name, lambda engine: [graph])


def _model(path: Path) -> Workload:
    """A deployed model by its runtime's arithmetic; what stays on the host takes no cycles."""
    model = load_model(path)
    kernels = Runtime.of(path).kernels[0].kernels

    def graphs(engine: EngineConfig) -> Sequence[Graph]:
        partition = partition_model(model, kernels, engine, batch=1)
        return [step.graph for step in partition.hardware]

    return Workload(str(path), graphs)


def _needed(programs: Sequence[CompiledProgram], limit: AcceleratorConfig) -> dict[str, int]:
    places = [place for program in programs for place in program.tensors.values()]
    least = (
        (max(place.address + place.type.bytes for place in places), 2 * limit.banks),
        (max(len(p.weights) for p in programs), limit.engine.rows),
        (max(len(p.parameters) for p in programs), limit.engine.cols),
        (max(len(p.instructions) for p in programs) * INSTRUCTION.words, 2 * INSTRUCTION.words),
    )
    multiples = (limit.banks, 1, 1, INSTRUCTION.words)
    return {
        name: _rounded(max(2, *sizes), multiple)
        for name, sizes, multiple in zip(MEMORIES, least, multiples, strict=True)
    }


def _rounded(size: int, multiple: int) -> int:
    step = max(multiple, (1 << (size - 1).bit_length()) // _PARTS)
    return -(-size // step) * step
