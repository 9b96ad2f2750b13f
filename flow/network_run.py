"""A network from a file, compiled, run and compared tensor by tensor."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from flow.allocation import Reuse
from flow.compiled_program import CompiledProgram
from flow.compiler import compile_graph
from flow.errors import UserError
from flow.files import read_array
from flow.gemm_program import GemmProgram, compile_gemm
from flow.graph import Graph
from flow.job import Level, Place
from flow.layer_work import kind, multiply_accumulates
from flow.layers import Flatten
from flow.machine_run import Program
from flow.program_job import ProgramResult, run_program_job
from flow.reference import run_reference
from flow.word_format import WordFormat
from golden.compare import Comparison, compare
from golden.program import Counters
from hw.accelerator_config import AcceleratorConfig
from hw.gemm_accelerator_config import GemmAcceleratorConfig

__all__ = [
    "LayerComparison",
    "NetworkRun",
    "compile_network",
    "host_layers",
    "kept_tensors",
    "read_inputs",
    "run_network",
]

Int8Array = npt.NDArray[np.int8]
Tensors = Mapping[str, Int8Array]


@dataclass(frozen=True)
class LayerComparison:
    """What became of a layer.

    Parameters
    ----------
    name, kind, shape : of the layer and what it writes
    comparison : with the reference; None if its place was used again before the end
    host : why the host computed it; None if the accelerator did
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    comparison: Comparison | None
    host: str | None = None


@dataclass(frozen=True, eq=False)
class NetworkRun:
    """What a run of a network found.

    Parameters
    ----------
    program : what ran
    result : what it left
    layers : every layer against the reference
    expected_counters : golden's
    products : that the definitions of the layers have that the accelerator computes
    """

    program: Program
    result: ProgramResult
    layers: Sequence[LayerComparison]
    expected_counters: Counters
    products: int

    @property
    def differences(self) -> int:
        """Elements that are not what they must be."""
        return sum(layer.comparison.count for layer in self.layers if layer.comparison)

    @property
    def counters_differ(self) -> bool:
        """Whether something else was counted than by golden."""
        return self.result.counters != self.expected_counters

    @property
    def equal(self) -> bool:
        """Whether every element and every counter is golden's."""
        return not self.differences and not self.counters_differ

    @property
    def utilization(self) -> float | None:
        """Useful products over those that the array could do; None where no clock runs."""
        engine = self.program.config.engine
        cycles = self.result.cycles
        return None if cycles is None else self.products / (cycles * engine.rows * engine.cols)


def read_inputs(graph: Graph, files: Sequence[str]) -> dict[str, Int8Array]:
    """Return the inputs of a network from files, each NAME=FILE or, for an only input, FILE.

    Raises
    ------
    UserError
        A file cannot be read or does not have the shape, or an input has no file.
    """
    inputs: dict[str, Int8Array] = {}
    for given in files:
        name, separator, path = given.rpartition("=")
        if not separator and len(graph.inputs) == 1:
            name = next(iter(graph.inputs))
        if name not in graph.inputs:
            raise UserError(
                f"--input {given} must be NAME=FILE, NAME one of {', '.join(graph.inputs)}"
            )
        values = read_array(Path(path), WordFormat.parse("int8"), graph.inputs[name].shape)
        inputs[name] = values.astype(np.int8)
    for name, wanted in graph.inputs.items():
        if name not in inputs:
            shape = " x ".join(map(str, wanted.shape))
            raise UserError(f"input {name} is missing; give --input {name}=FILE, int8, {shape}")
    return inputs


def run_network(
    graph: Graph,
    inputs: Tensors,
    config: AcceleratorConfig | GemmAcceleratorConfig,
    level: Place,
    *,
    on_stage: Callable[[str], None] = lambda stage: None,
    build_root: Path = Path("build/sim"),
) -> NetworkRun:
    """Compile a network, run it at a level and compare it with the reference.

    All tensors are kept if the activation memory is large enough, else places are used again. An
    accelerator that runs GEMM jobs gets the matrix products, and the host has the other layers.

    Raises
    ------
    UserError
        The network does not fit the accelerator, or the simulator fails.
    """
    on_stage("compile")
    program: Program
    if isinstance(config, GemmAcceleratorConfig):
        program = compile_gemm(graph, config)
    else:
        program = compile_network(graph, config)
    result = run_program_job(program, inputs, level, on_stage=on_stage, build_root=build_root)
    on_stage("compare")
    expected = run_reference(graph, inputs)
    golden = result
    if level is not Level.GOLDEN:
        golden = run_program_job(program, inputs, Level.GOLDEN)
    kept, host = kept_tensors(graph, program), host_layers(program)
    layers = [
        LayerComparison(
            layer.name,
            kind(layer),
            graph.types[layer.name].shape,
            compare(expected[layer.name], result.tensors[layer.name])
            if layer.name in kept
            else None,
            host.get(layer.name),
        )
        for layer in graph.layers
    ]
    products = sum(
        multiply_accumulates(layer, [graph.types[name] for name in layer.inputs])
        for layer in graph.layers
        if layer.name not in host
    )
    return NetworkRun(program, result, layers, golden.counters, products)


def compile_network(graph: Graph, config: AcceleratorConfig) -> CompiledProgram:
    """Compile with a place for every tensor, or else with places that are used again.

    Raises UserError if the network does not fit even then.
    """
    try:
        return compile_graph(graph, config, reuse=Reuse.NONE)
    except ValueError:
        pass
    try:
        return compile_graph(graph, config)
    except ValueError as error:
        raise UserError(str(error)) from error


def host_layers(program: Program) -> Mapping[str, str]:
    """Why the host computes layers, by the names of those that it does."""
    return program.host if isinstance(program, GemmProgram) else {}


def kept_tensors(graph: Graph, program: Program) -> set[str]:
    """Names of the tensors over which no later layer writes."""
    if isinstance(program, GemmProgram):
        return set(graph.types)
    kept = set(graph.inputs)
    for layer in graph.layers:
        place = program.tensors[layer.name]
        if not isinstance(layer, Flatten):
            end = place.address + place.type.bytes
            kept -= {
                name
                for name in kept
                if program.tensors[name].address < end
                and place.address < program.tensors[name].address + program.tensors[name].type.bytes
            }
        kept.add(layer.name)
    return kept
