"""Deployed models, kernel sets and arrays: elements compared, differences, cycles and times.

The models are those in the folder that --models or the variable LASTBIT_MODELS names. A model
a_b.tflite takes its inputs from the longest-named a_inputs.npy that it begins like, or else random
ones. All models run on one configuration for each array, simulated in two processes.
"""

import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from bench.timing import print_table
from flow.hardware_verilog import TOP, accelerator_verilog
from flow.job import Level
from flow.model_file import SUFFIXES, load_model
from flow.model_inputs import draw_model_inputs, read_model_inputs
from flow.model_memories import MEMORIES
from flow.model_run import Target, run_model
from flow.model_runtime import Runtime, run_runtime
from golden.compare import compare
from golden.kernels.kernel_set import evaluate
from golden.kernels.registry import KernelSets
from hw.accelerator_config import AcceleratorConfig
from hw.config import EngineConfig
from sim.simulated_link import open_link
from sim.simulator import Simulator

FOLDER = "LASTBIT_MODELS"
ARRAYS = (8, 16)
PROCESSES = 2
HEADER = [
    *("model", "kernel set", "array", "images", "elements", "differ", "with runtime", "differ"),
    *("cycles", "utilization", "run s", "all s"),
]


@dataclass(frozen=True)
class Job:
    """A model on an array, or, without one, only its kernel set against its runtime."""

    path: Path
    kernels: KernelSets
    side: int | None = None
    level: Level = Level.VERILATOR
    memories: dict[str, int] = field(default_factory=dict)

    @property
    def engine(self) -> EngineConfig:
        """The array."""
        return EngineConfig(rows=self.side, cols=self.side, statistics=True)


def run() -> None:
    """Print the table, and how long all of it took once the simulators were built."""
    if FOLDER not in os.environ:
        print(f"skipped: {FOLDER} or --models FOLDER must name a folder of deployed models")
        return
    paths = [path for path in Path(os.environ[FOLDER]).iterdir() if path.suffix in SUFFIXES]
    # The largest first, so that no process waits for it in the end.
    paths.sort(key=lambda path: -path.stat().st_size)
    sizes = {side: memories(paths, side) for side in ARRAYS}
    jobs = [
        Job(path, Runtime.of(path).kernels[0], side, memories=sizes[side])
        for side in reversed(ARRAYS)
        for path in paths
    ]
    jobs += [Job(path, kernels) for path in paths for kernels in Runtime.of(path).kernels[1:]]
    with ProcessPoolExecutor(PROCESSES, multiprocessing.get_context("spawn")) as pool:
        list(pool.map(build, [(side, sizes[side]) for side in ARRAYS]))
        start = time.perf_counter()
        rows = list(pool.map(measured, jobs))
        seconds = time.perf_counter() - start
    print_table(HEADER, sorted(rows))
    print(f"{seconds:.1f} s for all of it in {PROCESSES} processes, once built")


def memories(paths: list[Path], side: int) -> dict[str, int]:
    """Memories that are large enough for each of the models."""
    configs = []
    for path in paths:
        job = Job(path, Runtime.of(path).kernels[0], side, Level.GOLDEN)
        model, inputs = loaded(job)
        target = Target(job.engine, job.level)
        configs.append(run_model(model, inputs, job.kernels.kernels, target).config)
    return {name: max(getattr(config, name) for config in configs) for name in MEMORIES}


def build(what: tuple[int, dict[str, int]]) -> None:
    """Generate the Verilog and build the simulator, unless they are there."""
    side, sizes = what
    config = AcceleratorConfig(Job(Path(), KernelSets.LITERT, side).engine, **sizes)
    open_link(accelerator_verilog(config), TOP, simulator=Simulator.VERILATOR).close()


def loaded(job: Job):
    """The model and its inputs."""
    model = load_model(job.path)
    files = [
        path
        for path in job.path.parent.glob("*_inputs.npy")
        if job.path.name.startswith(path.name.removesuffix("_inputs.npy"))
    ]
    if not files:
        return model, draw_model_inputs(model, seed=1)
    file = str(max(files, key=lambda path: len(path.name)))
    return model, read_model_inputs(model, [file], job.kernels.kernels)


def measured(job: Job) -> list[str]:
    """A row of the table."""
    start = time.perf_counter()
    model, inputs = loaded(job)
    runtime = None
    if Runtime.of(job.path).missing is None:
        runtime = run_runtime(job.path, model, inputs, job.kernels)
    if job.side is None:
        images = len(inputs[model.inputs[0]])
        values = evaluate(model, inputs, job.kernels.kernels)
        found = [compare(values[name], runtime[name]) for name in runtime or ()]
        cells = ["golden", str(images), "", "", *counted(found), "", "", ""]
    else:
        target = Target(job.engine, job.level, job.memories)
        ran = run_model(model, inputs, job.kernels.kernels, target, runtime=runtime)
        if ran.counters_differ:
            raise AssertionError(f"{job.path.name}: golden counted otherwise")
        cells = [
            f"{job.side:2} x {job.side}",
            str(ran.images),
            *counted([tensor.golden for tensor in ran.tensors if tensor.golden]),
            *counted([tensor.runtime for tensor in ran.tensors if tensor.runtime]),
            f"{ran.cycles:,}",
            f"{ran.utilization:.1%}",
            f"{ran.seconds['run']:.1f}",
        ]
    return [job.path.stem, job.kernels.value, *cells, f"{time.perf_counter() - start:.1f}"]


def counted(found) -> list[str]:
    """Elements compared and those that differ; nothing if nothing was compared."""
    if not found:
        return ["", ""]
    return [f"{sum(each.total for each in found):,}", f"{sum(each.count for each in found):,}"]
