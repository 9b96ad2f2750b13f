"""The demo: a real network on the generated hardware, every element of every layer compared."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from time import perf_counter

from flow.atomic import atomic_write
from flow.demo_networks import EPOCHS, SIZES, Accuracy, DemoNetworks, train_networks
from flow.demo_result import DemoResult, LayerResult, layer_result
from flow.digits import DigitSet, load_digits
from flow.errors import UserError
from flow.job import TOP, Level, engine_verilog, run_job
from flow.memory_images import memory_images
from flow.quantized_network import predictions
from flow.report import report
from flow.verilog_files import engine_files
from golden.scheme import Scheme
from hw.config import EngineConfig
from sim.gemm_job import GemmJob
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


@dataclass(frozen=True)
class Stage:
    """A part of the demo that takes a while."""

    name: str
    steps: int


TRAIN = Stage("train and quantize", EPOCHS)
GENERATE = Stage("generate Verilog", 1)
SIMULATE = Stage("compile and run it", len(SIZES) - 1)
STAGES = (TRAIN, GENERATE, SIMULATE)


@dataclass(frozen=True, kw_only=True)
class DemoOptions:
    """What the demo is asked for.

    Parameters
    ----------
    config : of the engine
    level : where the engine runs: a level with a clock
    seed : of the training
    """

    config: EngineConfig = field(default_factory=EngineConfig)
    level: Level = Level.VERILATOR
    seed: int = 0

    def __post_init__(self) -> None:
        if self.level is Level.GOLDEN:
            raise ValueError("the demo must run on hardware, Level.VERILATOR or Level.ICARUS")
        if Scheme.FLOAT32 not in self.config.schemes:
            raise ValueError("the demo's layers need an engine with Scheme.FLOAT32")
        if self.seed < 0:
            raise ValueError(f"seed must not be negative, not {self.seed}")


def run_demo(options: DemoOptions, on_step: Callable[[Stage], None]) -> DemoResult:
    """Train, quantize, generate the hardware, run all held-out images on it and compare.

    `on_step` is called after every step of a stage.

    Raises UserError if the simulator fails.
    """
    seconds: dict[str, float] = {}
    with _timed(TRAIN, seconds):
        data, held_out = load_digits()
        networks = train_networks(
            data, held_out, seed=options.seed, on_epoch=lambda: on_step(TRAIN)
        )
    with _timed(GENERATE, seconds):
        engine_verilog(options.config)
        on_step(GENERATE)
    with _timed(SIMULATE, seconds):
        layers = list(_run_layers(options, networks, held_out, lambda: on_step(SIMULATE)))
    where = options.level.value.capitalize()
    read = Accuracy.of(networks.name, where, predictions(layers[-1].outputs), held_out)
    return DemoResult(
        held_out=held_out,
        layers=tuple(layers),
        accuracies=(*networks.accuracies, read),
        settings=_settings(options, data),
        seconds=seconds,
    )


def write_demo(result: DemoResult, out: Path) -> list[Path]:
    """Write the Verilog, the memory images, the result and the report to a folder.

    Returns the files, the report last. Each is there whole or not at all.
    """
    config = result.layers[0].job.config
    texts = {f"verilog/{name}": text for name, text in engine_files(config, TOP).items()}
    for layer in result.layers:
        folder = layer.layer.name.replace(" ", "_")
        for name, text in memory_images(layer.job, layer.layer.name).items():
            texts[f"memory/{folder}/{name}"] = text
    texts["result.json"] = json.dumps(result.as_json(), indent=1, ensure_ascii=False) + "\n"
    texts["report.html"] = report(result)
    for name, text in texts.items():
        make_folder((out / name).parent)
        with atomic_write(out / name) as file:
            file.write(text)
    return [out / name for name in texts]


def _run_layers(
    options: DemoOptions,
    networks: DemoNetworks,
    held_out: DigitSet,
    on_layer: Callable[[], None],
) -> Iterator[LayerResult]:
    """Run the network on the hardware, each layer on the hardware's outputs of the one before."""
    activations = networks.quantized.quantize_images(held_out.images)
    for record, weights, outputs in zip(
        networks.quantized.run(activations),
        networks.tuned.weights,
        networks.tuned.layer_outputs(held_out.images),
        strict=True,
    ):
        layer = record.layer
        job = GemmJob(options.config, activations, layer.weights, layer.requantization)
        run = run_job(job, options.level)
        activations = run.outputs
        on_layer()
        yield layer_result(record, job, run, weights, outputs)


def _settings(options: DemoOptions, data: DigitSet) -> dict[str, str]:
    config = options.config
    return {
        "lastbit": version("lastbit"),
        "array": f"{config.rows} rows × {config.cols} columns, rows grouped by {config.group}",
        "number rule": "float32: ONNX Runtime's QLinear operators, LiteRT's default kernels",
        "simulator": options.level.value,
        "training": f"{len(data):,} images, seed {options.seed}",
        "repeat with": (
            f"lastbit demo --rows {config.rows} --cols {config.cols} "
            f"--simulator {options.level.value} --seed {options.seed}"
        ),
    }


@contextmanager
def _timed(stage: Stage, seconds: dict[str, float]) -> Iterator[None]:
    start = perf_counter()
    yield
    seconds[stage.name] = perf_counter() - start


def require_simulator(level: Level) -> None:
    """Raise UserError if what the level runs on is not installed."""
    if (missing := Simulator(level.value).missing()) is not None:
        raise UserError(missing)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it; UserError if that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{folder} cannot be made: {error.strerror}; give another place") from error
