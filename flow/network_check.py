"""Small networks for tests, and the comparison of a compiled network with the reference."""

from typing import Any

import numpy as np

from flow.allocation import Reuse
from flow.compiled_program import CompiledProgram
from flow.compiler import compile_graph
from flow.graph import Graph
from flow.layers import Conv2d, Layer, ResidualAdd, Shape, TensorType
from flow.random_graphs import random_codes, random_inputs
from flow.reference import run_reference
from golden.kernel_window import KernelWindow, Pair
from golden.program import Counters, WriteTime, run_program
from golden.requantize import Requantization
from golden.residual import residual_parameters
from golden.scheme import Scheme
from hw.accelerator_config import AcceleratorConfig
from hw.config import EngineConfig

__all__ = ["accelerator", "addition", "check_golden", "conv", "graph_of", "scaled"]


def accelerator(
    rows: int = 8,
    cols: int = 8,
    depth: int = 512,
    *,
    engine: dict[str, Any] | None = None,
    **sizes: int,
) -> AcceleratorConfig:
    """A configuration with memories for any small network, unless `sizes` says otherwise."""
    sizes = {"weight_words": 1 << 16, "parameter_words": 4096, "program_words": 1 << 17} | sizes
    return AcceleratorConfig(
        EngineConfig(rows=rows, cols=cols, depth=depth, **engine or {}), **sizes
    )


def scaled(channels: int = 1, scale: float = 0.004, **options: Any) -> Requantization:
    """A float32 requantization with one scale; `options` are those of `from_scale`."""
    return Requantization.from_scale(Scheme.FLOAT32, np.full(channels, scale), **options)


def graph_of(shape: Shape, *layers: Layer, zero_point: int = 3) -> Graph:
    """A network whose input is called x."""
    return Graph({"x": TensorType(shape, zero_point)}, layers)


def conv(
    kernel: Pair, channels: int, outputs: int, name: str = "y", source: str = "x", **window: Any
) -> Conv2d:
    """A convolution with weights drawn at random; `window` are fields of the window."""
    weights = random_codes(np.random.default_rng(5), (*kernel, channels, outputs))
    return Conv2d(name, source, weights, scaled(outputs), KernelWindow(kernel, **window))


def addition(a: str, b: str, name: str = "y") -> ResidualAdd:
    """A sum with three scales that have nothing in common."""
    return ResidualAdd(name, (a, b), *residual_parameters((0.7, 1.1), 1.3))


def check_golden(
    graph: Graph,
    config: AcceleratorConfig,
    *,
    reuse: Reuse = Reuse.NONE,
    write_time: WriteTime = WriteTime.AT_WAIT,
    seed: int = 0,
) -> tuple[CompiledProgram, Counters]:
    """Compile, run on the golden model, and compare all tensors that are still there.

    Raises AssertionError with the tensor that differs.
    """
    inputs = random_inputs(graph, np.random.default_rng(seed))
    expected = run_reference(graph, inputs)
    program = compile_graph(graph, config, reuse=reuse)
    memories, engine = program.memories(inputs), config.engine
    counters = run_program(
        program.instructions,
        memories,
        rows=engine.rows,
        cols=engine.cols,
        depth=engine.depth,
        accumulator_bits=engine.accumulator_bits,
        write_time=write_time,
    )
    for name in expected if reuse is Reuse.NONE else graph.outputs:
        got = program.read_tensor(memories.activation, name)
        np.testing.assert_array_equal(got, expected[name], err_msg=f"tensor {name}, seed {seed}")
    return program, counters
