"""What `lastbit run` says when something differs, and the small job that it writes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from rich.console import Console

from flow.compiled_program import CompiledProgram
from flow.graph import Graph
from flow.job import Place
from flow.mismatch import Mismatch, explain_mismatch
from flow.mismatch_job import JobTarget, write_job
from flow.mismatch_reduce import reduce_job
from flow.mismatch_report import mismatch_lines, place_lines
from flow.model_result import ModelRun
from flow.network_run import NetworkRun
from flow.reference import run_reference
from flow.unsupported import shown
from golden.program import Counters

__all__ = ["RanNetwork", "explain_run", "ran_model", "ran_network"]

Int8Array = npt.NDArray[np.int8]
Tensors = Mapping[str, Int8Array]


@dataclass(frozen=True, eq=False)
class RanNetwork:
    """A network that ran, once for each batch of its inputs.

    Parameters
    ----------
    graph, program : the network
    inputs, tensors : of all batches together
    counters, expected : of all batches together
    """

    graph: Graph
    program: CompiledProgram
    inputs: Tensors
    tensors: Tensors
    counters: Counters
    expected: Counters


def ran_network(graph: Graph, inputs: Tensors, run: NetworkRun) -> list[RanNetwork]:
    """The one network of a run, if it ran as a program."""
    result, program = run.result, run.program
    if not isinstance(program, CompiledProgram):
        return []
    return [
        RanNetwork(graph, program, inputs, result.tensors, result.counters, run.expected_counters)
    ]


def ran_model(run: ModelRun) -> list[RanNetwork]:
    """The networks of a model that ran as programs, on what they really read."""
    return [
        RanNetwork(
            hardware.step.graph,
            hardware.program,
            {
                place.name: place.to_graph(run.values[name])
                for name, place in hardware.step.inputs.items()
            },
            hardware.result.tensors,
            hardware.result.counters,
            hardware.expected,
        )
        for hardware in run.hardware
        if isinstance(hardware.program, CompiledProgram)
    ]


def explain_run(
    ran: Sequence[RanNetwork],
    level: Place,
    console: Console,
    *,
    folder: Path | None = None,
    build_root: Path = Path("build/sim"),
) -> Mismatch | None:
    """Say what is wrong first in a run that is not as golden's, and write the small job.

    `folder` is where to; None writes nothing.

    Raises
    ------
    UserError
        The folder cannot be written.
    """
    for network in ran:
        for number, (expected, actual) in enumerate(_batches(network)):
            found = explain_mismatch(network.graph, network.program, expected, actual)
            if found is None:
                continue
            if number:
                console.print(f"in run {number} of the program, the first being 0:", markup=False)
            for line in mismatch_lines(found):
                console.print(line, markup=False, soft_wrap=True)
            if folder is not None:
                target = JobTarget(network.program.config, level, build_root)
                _reduce(network.graph, found, expected, target, folder, console)
            return found
    for line in _nothing_found(ran):
        console.print(line, markup=False, soft_wrap=True)
    if folder is not None:
        console.print(f"nothing is written to {folder}: no element differs", markup=False)
    return None


def _batches(network: RanNetwork) -> Iterator[tuple[Tensors, Tensors]]:
    """What each run of the program should have left, and what it did."""
    first = next(iter(network.graph.inputs))
    batch = network.graph.inputs[first].shape[0]
    for start in range(0, len(network.inputs[first]), batch):
        images = slice(start, start + batch)
        inputs = {name: network.inputs[name][images] for name in network.graph.inputs}
        actual = {name: values[images] for name, values in network.tensors.items()}
        yield run_reference(network.graph, inputs), actual


def _nothing_found(ran: Sequence[RanNetwork]) -> Iterator[str]:
    counted = False
    for network in ran:
        counters, expected = asdict(network.counters), asdict(network.expected)
        for name, value in expected.items():
            if counters[name] != value:
                counted = True
                yield f"counter {name} is {counters[name]:,}, and golden counts {value:,}"
    if not counted:
        yield (
            "every tensor that the accelerator kept is what its network's definition says: the "
            "differences are between that network, the kernel set and the runtime"
        )


def _reduce(
    graph: Graph,
    found: Mismatch,
    expected: Tensors,
    target: JobTarget,
    folder: Path,
    console: Console,
) -> None:
    def say(line: str) -> None:
        console.print(line, markup=False, soft_wrap=True)

    with console.status("reduce"):
        reduced = reduce_job(graph, found.layer, expected, target.fails)
    small = None if reduced is None else target.run(reduced.job)
    if reduced is None or small is None:
        say("run again, even the whole network does not fail: the fault comes and goes")
        return
    with console.status("waves"):
        again = write_job(folder, small, target, found)
    types = reduced.job.graph.types
    shapes = ", ".join(
        f"{shown(name)} {' × '.join(map(str, kind.shape))}" for name, kind in types.items()
    )
    say(f"{folder} holds the smallest job that still fails, found in {reduced.runs} runs: {shapes}")
    if again is not None:
        say(next(place_lines(again)))
