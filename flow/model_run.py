"""A deployed model on the accelerator: every tensor compared with its kernel set, and a runtime."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import numpy.typing as npt

from flow.gemm_cycles import gemm_cycles
from flow.gemm_program import GemmProgram, compile_gemm
from flow.graph import Graph
from flow.job import Level, Place
from flow.machine_run import Program
from flow.model_graph import HardwareStep, HostStep, Partition, partition_model
from flow.model_memories import compile_together
from flow.model_result import HardwareRun, ModelRun, TensorReport
from flow.network_run import host_layers, kept_tensors
from flow.performance import network_performance
from flow.program_job import run_program_job
from golden.compare import compare
from golden.kernels.kernel_set import KernelSet, Values, evaluate
from golden.model import Model, Node
from hw.config import EngineConfig
from hw.gemm_accelerator_config import GemmAcceleratorConfig

__all__ = ["Target", "images_per_program", "run_model"]

BATCH_BYTES = 1 << 20
"""Images are taken together as long as their tensors are no larger than this."""


@dataclass(frozen=True)
class Target:
    """What a model is to run on.

    Parameters
    ----------
    engine : the array
    level : the NumPy model of it, its Verilog, or a board
    sizes : memories that are not to be chosen, by the names of `AcceleratorConfig`
    batch : images that a program takes; None takes as many as are cheap
    gemm : the accelerator, if it runs GEMM jobs in place of programs
    """

    engine: EngineConfig
    level: Place
    sizes: Mapping[str, int | None] = field(default_factory=dict)
    batch: int | None = None
    gemm: GemmAcceleratorConfig | None = None

    def programs(self, graphs: Sequence[Graph]) -> Sequence[Program]:
        """Compile networks for it.

        Raises
        ------
        UserError
            A network does not fit.
        """
        if self.gemm is None:
            return compile_together(graphs, self.engine, self.sizes)
        return [compile_gemm(graph, self.gemm) for graph in graphs]


def images_per_program(model: Model, images: int) -> int:
    """The largest divisor of the images whose tensors are at most `BATCH_BYTES`, at least 1."""
    names = {*model.inputs, *model.activations}
    tensors = [model.tensors[name] for name in names if model.tensors[name].shape]
    each = sum(tensor.size // tensor.shape[0] for tensor in tensors)
    fitting = [n for n in range(1, images + 1) if images % n == 0 and n * each <= BATCH_BYTES]
    return max(fitting, default=1)


def run_model(
    model: Model,
    inputs: Mapping[str, npt.NDArray[Any]],
    kernels: KernelSet,
    target: Target,
    *,
    runtime: Values | None = None,
    on_stage: Callable[[str], None] = lambda stage: None,
    build_root: Path = Path("build/sim"),
) -> ModelRun:
    """Run a model and compare every tensor with what its kernel set makes of the inputs.

    `runtime` holds tensors that a runtime has computed from the same inputs.

    Raises
    ------
    UserError
        The model does not fit the accelerator, or the simulator fails.
    ValueError
        The inputs do not suit, a node has no kernel, or the accelerator cannot run the model.
    """
    watch = _Watch(on_stage)
    watch.start("golden")
    expected = evaluate(model, inputs, kernels)
    images = len(inputs[model.inputs[0]])
    batch = target.batch or images_per_program(model, images)
    if images % batch:
        raise ValueError(f"batch must divide the {images} images, not be {batch}")
    watch.start("compile")
    partition = partition_model(model, kernels, target.engine, batch=batch)
    programs = target.programs([step.graph for step in partition.hardware])
    run = _Run(partition, kernels, target.level, images // batch, watch, build_root)
    values = run.all_steps(programs, {**_constants(model), **inputs})
    watch.start("compare")
    tensors = [
        _report(partition.model, step, node, (values, expected, runtime or {}), run)
        for step in partition.steps
        for node in (step.nodes if isinstance(step, HardwareStep) else [step.node])
    ]
    watch.start("end")
    config = programs[0].config
    return ModelRun(partition, config, images, batch, tensors, run.done, values, watch.seconds)


class _Watch:
    """Tells the stages, and takes their times."""

    def __init__(self, on_stage: Callable[[str], None]) -> None:
        self.seconds: dict[str, float] = {}
        self._on_stage = on_stage
        self._stage = ""
        self._since = 0.0

    def start(self, stage: str, said: str = "") -> None:
        """Begin a stage; `said` is what is told instead of its name."""
        now = time.perf_counter()
        if self._stage:
            before = self.seconds.get(self._stage, 0.0)
            self.seconds[self._stage] = before + now - self._since
        self._stage, self._since = stage, now
        self._on_stage(said or stage)


class _Run:
    """Takes the steps of a partition, one after the other."""

    def __init__(
        self,
        partition: Partition,
        kernels: KernelSet,
        level: Place,
        runs: int,
        watch: _Watch,
        build_root: Path,
    ) -> None:
        self._model = partition.model
        self._steps = partition.steps
        self._kernels = kernels
        self._level = level
        self._runs = runs
        self._watch = watch
        self._build_root = build_root
        self.done: list[HardwareRun] = []
        self.cycles: dict[str, int] = {}
        self.kept: set[str] = set()
        self.host: dict[str, str] = {}

    def all_steps(self, programs: Sequence[Program], values: Values) -> Values:
        """Return all values: those that the accelerator left, and what the host made of them."""
        left = iter(programs)
        for step in self._steps:
            if isinstance(step, HostStep):
                self._watch.start("host")
                values |= self._kernels.compute(self._model, step.node, values)
            else:
                values |= self._hardware(step, next(left), values)
        return values

    def _hardware(self, step: HardwareStep, program: Program, values: Values) -> Values:
        inputs = {place.name: place.to_graph(values[name]) for name, place in step.inputs.items()}
        self._watch.start("predict")
        cycles = _predicted(step.graph, program)
        runs = count(1)

        def on_run() -> None:
            number = next(runs)
            if number <= self._runs:
                said = f"run {number} of {self._runs}, {cycles['']:,} cycles each"
                self._watch.start("run", said)

        def on_stage(stage: str) -> None:
            if stage == "run":
                on_run()
            else:
                self._watch.start(stage)

        result = run_program_job(
            program,
            inputs,
            self._level,
            on_run=on_run,
            on_stage=on_stage,
            build_root=self._build_root,
        )
        golden = result
        if self._level is not Level.GOLDEN:
            self._watch.start("count")
            golden = run_program_job(program, inputs, Level.GOLDEN)
        self.done.append(HardwareRun(step, program, result, golden.counters, cycles, self._runs))
        self.cycles |= {name: each * self._runs for name, each in cycles.items()}
        kept, host = kept_tensors(step.graph, program), host_layers(program)
        self.kept |= {name for name, place in step.tensors.items() if place.name in kept}
        self.host |= {
            name: host[place.name] for name, place in step.tensors.items() if place.name in host
        }
        return {
            name: place.to_model(result.tensors[place.name], self._model.tensors[name])
            for name, place in step.tensors.items()
        }


def _predicted(graph: Graph, program: Program) -> dict[str, int]:
    """The cycles of a program by the names of layers and, of the whole, an empty one."""
    if isinstance(program, GemmProgram):
        done = gemm_cycles(program)
        return {**done.layers, "": done.cycles}
    performance = network_performance(graph, program)
    cycles = {layer.name: layer.cycles for layer in performance.layers}
    return {**cycles, "": performance.cycles}


def _constants(model: Model) -> Values:
    return {name: tensor.data for name, tensor in model.tensors.items() if tensor.data is not None}


def _report(
    model: Model,
    step: HostStep | HardwareStep,
    node: Node,
    values: tuple[Values, Values, Values],
    run: _Run,
) -> TensorReport:
    computed, expected, runtime = values
    (name,) = node.outputs
    host = step.reason if isinstance(step, HostStep) else run.host.get(name)
    known = host is not None or name in run.kept
    return TensorReport(
        node=node,
        tensor=model.tensors[name],
        host=host,
        golden=compare(computed[name], expected[name]) if known else None,
        runtime=compare(expected[name], runtime[name]) if name in runtime else None,
        cycles=run.cycles.get(name, 0) if host is None else 0,
    )
