"""The demo: a real network on the accelerator, every element of every layer compared."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from time import perf_counter

import numpy as np
import numpy.typing as npt

from flow.allocation import Reuse
from flow.atomic import atomic_write
from flow.compiled_program import CompiledProgram
from flow.compiler import compile_graph
from flow.demo_networks import EPOCHS, Accuracy, train_networks
from flow.demo_result import DemoResult, layer_results
from flow.digits import HELD_OUT, DigitSet, load_digits
from flow.errors import UserError
from flow.files import write_array
from flow.graph_file import save_graph
from flow.hardware_verilog import TOP
from flow.job import Level
from flow.network import INPUT
from flow.program_images import program_images
from flow.program_job import ProgramResult, run_program_job
from flow.report import report
from flow.verilog_files import axi_files
from golden.scheme import Scheme
from hw.accelerator_config import AcceleratorConfig
from sim.simulator import Simulator

__all__ = [
    "STAGES",
    "DemoOptions",
    "Stage",
    "make_folder",
    "require_simulator",
    "run_demo",
    "write_demo",
]

BATCH = 30
"""Images of a run: all their tensors fit the activation memory."""


@dataclass(frozen=True)
class Stage:
    """A part of the demo that takes a while."""

    name: str
    steps: int


TRAIN = Stage("train and quantize", EPOCHS)
COMPILE = Stage("compile the network", 1)
BUILD = Stage("generate and build", 1)
RUN = Stage("run it", HELD_OUT // BATCH)
STAGES = (TRAIN, COMPILE, BUILD, RUN)


NETWORK, IMAGES = "network.npz", "images.npy"
"""What `lastbit run` takes: the int8 network, and a batch of the images as its input."""

_WHERE = {
    Level.GOLDEN: "golden",
    Level.VERILATOR: "Verilog in Verilator",
    Level.ICARUS: "Verilog in Icarus",
}


def _default_config() -> AcceleratorConfig:
    return AcceleratorConfig(program_words=8192)


@dataclass(frozen=True, kw_only=True)
class DemoOptions:
    """What the demo is asked for.

    Parameters
    ----------
    config : of the accelerator
    level : where the network runs
    seed : of the training
    """

    config: AcceleratorConfig = field(default_factory=_default_config)
    level: Level = Level.VERILATOR
    seed: int = 0

    def __post_init__(self) -> None:
        if not {Scheme.FLOAT32, Scheme.SHIFT} <= self.config.engine.schemes:
            raise ValueError(
                "the demo's layers need an engine with Scheme.FLOAT32 and Scheme.SHIFT"
            )
        if self.seed < 0:
            raise ValueError(f"seed must not be negative, not {self.seed}")


def run_demo(options: DemoOptions, on_step: Callable[[Stage], None]) -> DemoResult:
    """Train, quantize, compile, run all held-out images and compare.

    `on_step` is called after every step of a stage.

    Raises
    ------
    UserError
        The network does not fit the accelerator, or the simulator fails.
    """
    seconds: dict[str, float] = {}
    with _timed(TRAIN, seconds):
        data, held_out = load_digits()
        networks = train_networks(
            data, held_out, seed=options.seed, on_epoch=lambda: on_step(TRAIN)
        )
    with _timed(COMPILE, seconds):
        try:
            graph = networks.quantized.graph(BATCH)
            program = compile_graph(graph, options.config, reuse=Reuse.NONE)
        except ValueError as error:
            raise UserError(str(error)) from error
        on_step(COMPILE)
    codes = networks.quantized.quantize_images(held_out.images)
    run = _run(program, codes, options.level, on_step, seconds)
    expected = run
    if options.level is not Level.GOLDEN:
        expected = run_program_job(program, {INPUT: codes}, Level.GOLDEN)
    layers = layer_results(networks, held_out, program, run)
    result = DemoResult(
        held_out=held_out,
        graph=graph,
        program=program,
        inputs=codes,
        layers=tuple(layers),
        counters=run.counters,
        expected_counters=expected.counters,
        cycles=run.cycles,
        accuracies=networks.accuracies,
        settings=_settings(options, data),
        seconds=seconds,
    )
    where = f"the program, {_WHERE[options.level]}"
    read = Accuracy.of(networks.name, where, result.predictions, held_out)
    return replace(result, accuracies=(*networks.accuracies, read))


def _run(
    program: CompiledProgram,
    codes: npt.NDArray[np.int8],
    level: Level,
    on_step: Callable[[Stage], None],
    seconds: dict[str, float],
) -> ProgramResult:
    """Build what the program runs on, and run it; the two are timed apart."""
    start = perf_counter()

    def on_stage(stage: str) -> None:
        if stage == "run":
            seconds[BUILD.name] = perf_counter() - start
            on_step(BUILD)

    run = run_program_job(
        program, {INPUT: codes}, level, on_run=lambda: on_step(RUN), on_stage=on_stage
    )
    seconds[RUN.name] = perf_counter() - start - seconds[BUILD.name]
    return run


def write_demo(result: DemoResult, out: Path) -> list[Path]:
    """Write the Verilog, the memory images, the network, the result and the report to a folder.

    Returns the files, the report last. Each is there whole or not at all.
    """
    expected = {layer.name: layer.expected for layer in result.layers}
    images = program_images(result.program, {INPUT: result.inputs}, expected)
    texts = {f"memory/{name}": text for name, text in images.items()}
    verilog = axi_files(result.program.config, TOP)
    texts |= {f"verilog/{name}": text for name, text in verilog.items()}
    texts["result.json"] = json.dumps(result.as_json(), indent=1, ensure_ascii=False) + "\n"
    texts["report.html"] = report(result)
    make_folder(out)
    save_graph(out / NETWORK, result.graph)
    write_array(out / IMAGES, result.inputs[: result.graph.inputs[INPUT].shape[0]])
    for name, text in texts.items():
        make_folder((out / name).parent)
        with atomic_write(out / name) as file:
            file.write(text)
    return [out / name for name in (NETWORK, IMAGES, *texts)]


def _settings(options: DemoOptions, data: DigitSet) -> dict[str, str]:
    config, engine = options.config, options.config.engine
    return {
        "lastbit": version("lastbit"),
        "array": f"{engine.rows} rows × {engine.cols} columns, rows grouped by {engine.group}",
        "memories": (
            f"{config.activation_bytes:,} bytes of activations, {config.weight_words:,} words of "
            f"weights, {config.parameter_words:,} of parameters, {config.program_words:,} of "
            "program"
        ),
        "number rules": (
            "float32: ONNX Runtime's QLinear operators, LiteRT's default kernels; "
            "shift for maxima and additions"
        ),
        "ran on": _WHERE[options.level],
        "training": f"{len(data):,} images, seed {options.seed}",
        "repeat with": (
            f"lastbit demo --rows {engine.rows} --cols {engine.cols} "
            f"--on {options.level.value} --seed {options.seed}"
        ),
    }


@contextmanager
def _timed(stage: Stage, seconds: dict[str, float]) -> Iterator[None]:
    start = perf_counter()
    yield
    seconds[stage.name] = perf_counter() - start


def require_simulator(level: Level) -> None:
    """Raise UserError if what the level runs on is not installed."""
    if level is Level.GOLDEN:
        return
    if (missing := Simulator(level.value).missing()) is not None:
        raise UserError(missing)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it; UserError if that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{folder} cannot be made: {error.strerror}; give another place") from error
