"""Small random networks for tests: every layer kind, every scheme, values weighted to extremes."""

import numpy as np
import numpy.typing as npt

from flow.graph import Graph
from flow.layers import (
    AveragePool,
    Conv2d,
    DepthwiseConv2d,
    Flatten,
    FullyConnected,
    GlobalAveragePool,
    Layer,
    MaxPool,
    ResidualAdd,
    TensorType,
)
from golden.kernel_window import KernelWindow
from golden.requantize import Requantization
from golden.residual import residual_parameters
from golden.rounding import Rounding
from golden.scaling import TIE_RULES
from golden.scheme import Scheme

__all__ = ["EXTREMES", "random_codes", "random_graph", "random_inputs"]

Int8Array = npt.NDArray[np.int8]

EXTREMES = (-128, -127, -1, 0, 1, 126, 127)
"""Codes that are drawn more often than others."""

_SCHEMES = (Scheme.FLOAT32, Scheme.FIXED, Scheme.SHIFT)


def random_codes(rng: np.random.Generator, shape: tuple[int, ...]) -> Int8Array:
    """Codes of all values, half of them extremes; some arrays hold nothing but one extreme."""
    if rng.random() < 0.1:
        return np.full(shape, rng.choice([-128, 127]), np.int8)
    plain = rng.integers(-128, 128, shape)
    return np.where(rng.random(shape) < 0.5, plain, rng.choice(EXTREMES, shape)).astype(np.int8)


def random_inputs(graph: Graph, rng: np.random.Generator) -> dict[str, Int8Array]:
    """Values for the inputs of a network."""
    return {name: random_codes(rng, kind.shape) for name, kind in graph.inputs.items()}


def random_graph(rng: np.random.Generator, *, layers: int = 4, largest: int = 7) -> Graph:
    """A network of some layers on images of at most `largest` x `largest` pixels."""
    batch, channels = int(rng.integers(1, 4)), int(rng.integers(1, 12))
    height, width = (int(length) for length in rng.integers(1, largest + 1, 2))
    inputs = {"image": TensorType((batch, height, width, channels), _code(rng))}
    made: list[Layer] = []
    for index in range(layers):
        graph = Graph(inputs, made) if made else None
        types = dict(graph.types) if graph else inputs
        made.append(_random_layer(rng, types, f"layer{index}"))
    wanted = [made[-1].name]
    if len(made) > 1 and rng.random() < 0.3:
        wanted.append(made[0].name)
    return Graph(inputs, made, wanted)


def _random_layer(rng: np.random.Generator, types: dict[str, TensorType], name: str) -> Layer:
    """A layer that reads the last tensor, or any one."""
    names = list(types)
    source = names[-1] if rng.random() < 0.8 else str(rng.choice(names))
    _, height, width, channels = types[source].shape
    kinds = [Conv2d, DepthwiseConv2d, AveragePool, MaxPool, ResidualAdd, GlobalAveragePool, Flatten]
    kind: type = kinds[rng.choice(7, p=[0.34, 0.18, 0.1, 0.1, 0.18, 0.05, 0.05])]
    if (height, width) == (1, 1) and rng.random() < 0.5:
        kind = FullyConnected
    if kind is FullyConnected:
        weights = random_codes(rng, (channels, _outputs(rng)))
        return FullyConnected(name, source, weights, _requantization(rng, channels, weights))
    if kind is Flatten:
        return Flatten(name, source)
    if kind is GlobalAveragePool:
        return GlobalAveragePool(name, source, _requantization(rng, height * width))
    if kind is ResidualAdd:
        return _residual(rng, types, source, name)
    window = _window(rng, (height, width))
    elements = window.kernel[0] * window.kernel[1]
    if kind is Conv2d:
        weights = random_codes(rng, (*window.kernel, channels, _outputs(rng)))
        requantization = _requantization(rng, elements * channels, weights)
        return Conv2d(name, source, weights, requantization, window)
    if kind is DepthwiseConv2d:
        weights = random_codes(rng, (*window.kernel, channels, int(rng.integers(1, 3))))
        requantization = _requantization(rng, elements, weights.reshape(*window.kernel, -1))
        return DepthwiseConv2d(name, source, weights, requantization, window)
    if kind is AveragePool:
        return AveragePool(name, source, _requantization(rng, elements), window)
    return MaxPool(name, source, window)


def _residual(
    rng: np.random.Generator, types: dict[str, TensorType], source: str, name: str
) -> ResidualAdd:
    """Adds two tensors of one shape, which may be the same one."""
    alike = [other for other, kind in types.items() if kind.shape == types[source].shape]
    scales = np.exp2(rng.uniform(-3, 3, 3))
    multipliers, requantization = residual_parameters(
        (float(scales[0]), float(scales[1])),
        float(scales[2]),
        tie=_tie(rng),
        zero_point=_code(rng),
    )
    return ResidualAdd(name, (source, str(rng.choice(alike))), multipliers, requantization)


def _window(rng: np.random.Generator, size: tuple[int, int]) -> KernelWindow:
    """A window that has at least one place on an image."""
    kernel, stride, dilation, padding = [], [], [], []
    for length in size:
        dilation.append(int(rng.choice([1, 1, 1, 2, 3])))
        most = (length - 1) // dilation[-1] + 1
        kernel.append(most if rng.random() < 0.15 else int(rng.integers(1, min(most, 4) + 1)))
        extent = (kernel[-1] - 1) * dilation[-1] + 1
        stride.append(int(rng.choice([1, 1, 2, 3])))
        padding.append(tuple(int(n) for n in rng.integers(0, min(extent, 4), 2)))
    return KernelWindow(
        (kernel[0], kernel[1]),
        (stride[0], stride[1]),
        (dilation[0], dilation[1]),
        (padding[0], padding[1]),  # type: ignore[arg-type]
    )


def _requantization(
    rng: np.random.Generator, products: int, weights: Int8Array | None = None
) -> Requantization:
    """Any scheme; scales for outputs that mostly are in range, with ties among them."""
    channels = 1 if weights is None else weights.shape[-1]
    spread = 128.0 if weights is None else 128.0 * 128.0
    scheme = _SCHEMES[rng.integers(3)]
    scale = rng.uniform(16, 256, channels) / (spread * np.sqrt(products))
    if scheme is Scheme.SHIFT or rng.random() < 0.3:
        scale = np.exp2(np.floor(np.log2(scale)).clip(-31, 0))
    bias = rng.integers(-(2 ** rng.integers(1, 14)), 2 ** rng.integers(1, 14), channels)
    low, high = sorted(int(code) for code in rng.integers(-128, 128, 2))
    if rng.random() < 0.7:
        low, high = -128, 127
    return Requantization.from_scale(
        scheme, scale, bias, tie=_tie(rng), zero_point=_code(rng), low=low, high=high
    )


def _tie(rng: np.random.Generator) -> Rounding:
    return TIE_RULES[rng.integers(len(TIE_RULES))]


def _code(rng: np.random.Generator) -> int:
    return int(random_codes(rng, (8,))[0])


def _outputs(rng: np.random.Generator) -> int:
    return int(rng.choice([1, 2, 3, 5, 8, 9, 17]))
