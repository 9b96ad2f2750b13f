"""GEMM accelerators of all sizes, and networks for them."""

from flow.graph import Graph
from flow.layers import Conv2d, FullyConnected, TensorType
from flow.random_graphs import random_codes, random_graph
from golden.kernel_window import KernelWindow
from golden.requantize import Requantization
from golden.scheme import Scheme
from hw.config import EngineConfig
from hw.gemm_accelerator_config import GemmAcceleratorConfig

__all__ = [
    "SMALL_GEMM",
    "dense_graph",
    "fully_connected_graph",
    "gemm_config",
    "random_gemm",
    "random_gemm_graph",
]


def gemm_config(side=2, *, depth=16, lanes=1, activations=256, weights=512, parameters=32, jobs=8):
    """An accelerator with an array of side x side, and room for so many jobs and the list's end."""
    return GemmAcceleratorConfig(
        EngineConfig(rows=side, cols=side, depth=depth, lanes=lanes),
        activation_words=activations,
        weight_words=weights,
        parameter_words=parameters,
        job_words=8 * (jobs + 1),
    )


SMALL_GEMM = gemm_config()


def random_gemm(rng):
    """An accelerator whose memories are mostly too small for a network, and sometimes for a row."""
    side = int(rng.choice([1, 2, 4]))
    return gemm_config(
        side,
        depth=int(rng.integers(2, 20)),
        lanes=int(rng.choice([1, side])),
        activations=int(rng.integers(20, 400)),
        weights=int(rng.integers(8, 600)),
        parameters=side * int(rng.integers(2, 12)),
        jobs=int(rng.integers(1, 9)),
    )


def random_gemm_graph(rng, layers=4):
    """A network of every kind of layer."""
    return random_graph(rng, layers=layers, largest=6)


def dense_graph(rng, channels=(3, 5, 4), size=6):
    """Convolutions 3 x 3 behind each other, and a product of a pixel each."""
    names = ["image", *(f"conv{n}" for n in range(len(channels) - 1))]
    layers = []
    for name, source, inputs, outputs in zip(
        names[1:], names, channels, channels[1:], strict=False
    ):
        weights = random_codes(rng, (3, 3, inputs, outputs))
        window = KernelWindow((3, 3), (1, 1), (1, 1), ((1, 1), (1, 1)))
        layers.append(Conv2d(name, source, weights, _requantization(outputs), window))
    return Graph({"image": TensorType((2, size, size, channels[0]), 5)}, layers)


def fully_connected_graph(rng, sizes=(9, 7, 3), batch=3):
    """Matrix products behind each other."""
    names = ["image", *(f"dense{n}" for n in range(len(sizes) - 1))]
    layers = [
        FullyConnected(name, source, random_codes(rng, (k, n)), _requantization(n))
        for name, source, k, n in zip(names[1:], names, sizes, sizes[1:], strict=False)
    ]
    return Graph({"image": TensorType((batch, 1, 1, sizes[0]), -3)}, layers)


def _requantization(channels):
    scale = [2.0**-9 * (1 + 0.1 * n) for n in range(channels)]
    return Requantization.from_scale(Scheme.FLOAT32, scale, list(range(channels)), zero_point=-4)
