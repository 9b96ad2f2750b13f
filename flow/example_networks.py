"""Networks of well-known shapes, with random weights: how fast they are does not depend on them."""

import numpy as np

from flow.graph import Graph
from flow.layers import (
    Conv2d,
    DepthwiseConv2d,
    FullyConnected,
    GlobalAveragePool,
    Layer,
    ResidualAdd,
    Shape,
    TensorType,
)
from golden.kernel_window import KernelWindow
from golden.requantize import Requantization
from golden.residual import residual_parameters
from golden.scheme import Scheme

__all__ = ["autoencoder_network", "keyword_network", "product", "residual_network"]

_INPUT = "input"


class _Builder:
    """Layers, each of which reads the last one unless it is told another."""

    def __init__(self, shape: Shape) -> None:
        self._inputs = {_INPUT: TensorType(shape)}
        self._layers: list[Layer] = []
        self._random = np.random.default_rng(0)

    @property
    def last(self) -> str:
        """Name of the last tensor."""
        return self._layers[-1].name if self._layers else _INPUT

    def graph(self) -> Graph:
        """The network so far."""
        return Graph(self._inputs, self._layers)

    def shape(self, name: str) -> Shape:
        """Shape of a tensor."""
        types = self.graph().types if self._layers else self._inputs
        return types[name].shape

    def conv(
        self, name: str, outputs: int, kernel: tuple[int, int], stride: int = 1, source: str = ""
    ) -> None:
        """A convolution whose output is as large as its input over the stride."""
        source = source or self.last
        weights = self._weights((*kernel, self.shape(source)[3], outputs))
        window = self._same(source, kernel, stride)
        self._layers.append(Conv2d(name, source, weights, self._scaled(outputs), window))

    def depthwise(self, name: str) -> None:
        """A 3 x 3 depthwise convolution."""
        channels = self.shape(self.last)[3]
        weights = self._weights((3, 3, channels, 1))
        window = self._same(self.last, (3, 3), 1)
        layer = DepthwiseConv2d(name, self.last, weights, self._scaled(channels), window)
        self._layers.append(layer)

    def add(self, name: str, other: str) -> None:
        """The sum of the last tensor and another one."""
        sources = (self.last, other)
        self._layers.append(ResidualAdd(name, sources, *residual_parameters((0.7, 1.1), 1.3)))

    def pool(self) -> None:
        """The average of each channel."""
        self._layers.append(GlobalAveragePool("average", self.last, self._scaled(1)))

    def classify(self, name: str, outputs: int) -> None:
        """A fully connected layer."""
        weights = self._weights((self.shape(self.last)[3], outputs))
        self._layers.append(FullyConnected(name, self.last, weights, self._scaled(outputs)))

    def _weights(self, shape: tuple[int, ...]) -> np.ndarray:
        return self._random.integers(-127, 128, shape).astype(np.int8)

    @staticmethod
    def _scaled(channels: int) -> Requantization:
        return Requantization.from_scale(Scheme.FLOAT32, np.full(channels, 0.004))

    def _same(self, source: str, kernel: tuple[int, int], stride: int) -> KernelWindow:
        padding = []
        for length, size in zip(self.shape(source)[1:3], kernel, strict=True):
            outputs = -(-length // stride)
            needed = max(0, (outputs - 1) * stride + size - length)
            padding.append((needed // 2, needed - needed // 2))
        return KernelWindow(kernel, (stride, stride), padding=(padding[0], padding[1]))


def product(m: int, k: int, n: int) -> Graph:
    """A product of matrices (m, k) and (k, n)."""
    made = _Builder((m, 1, 1, k))
    made.classify("product", n)
    return made.graph()


def keyword_network() -> Graph:
    """Keyword spotting: a convolution, four depthwise separable ones, 12 classes (DS-CNN S)."""
    made = _Builder((1, 49, 10, 1))
    made.conv("convolution", 64, (10, 4), stride=2)
    for n in range(1, 5):
        made.depthwise(f"depthwise {n}")
        made.conv(f"pointwise {n}", 64, (1, 1))
    made.pool()
    made.classify("classes", 12)
    return made.graph()


def residual_network() -> Graph:
    """Ten classes of 32 x 32 images by three residual blocks (ResNet-8)."""
    made = _Builder((1, 32, 32, 3))
    made.conv("convolution", 16, (3, 3))
    for n, channels in enumerate((16, 32, 64), start=1):
        before, stride = made.last, 1 if n == 1 else 2
        made.conv(f"block {n} first", channels, (3, 3), stride)
        made.conv(f"block {n} second", channels, (3, 3))
        main = made.last
        if n > 1:
            made.conv(f"block {n} side", channels, (1, 1), stride, source=before)
            before = main
        made.add(f"block {n} sum", before)
    made.pool()
    made.classify("classes", 10)
    return made.graph()


def autoencoder_network() -> Graph:
    """Finds unusual sounds: ten fully connected layers, 640 inputs and outputs (MLPerf Tiny AD)."""
    made = _Builder((1, 1, 1, 640))
    for number, outputs in enumerate((128, 128, 128, 128, 8, 128, 128, 128, 128, 640), start=1):
        made.classify(f"layer {number}", outputs)
    return made.graph()
