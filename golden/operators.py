"""The operators of deployed int8 models: what a node computes, apart from the numbers it reads.

Each is the operator of the float network; how it rounds on integers is the business of a kernel set
(`golden.kernels`). Activations are laid out as the model's file has them: (batch, height, width,
channels) under `Layout.CHANNELS_LAST`, (batch, channels, height, width) under
`Layout.CHANNELS_FIRST`. Constant weights always have the shapes given here.
"""

from dataclasses import dataclass
from enum import Enum

from golden.kernel_window import KernelWindow, Pair

__all__ = [
    "Activation",
    "Add",
    "AveragePool",
    "Clamp",
    "Concatenation",
    "Convolution",
    "DepthwiseConvolution",
    "Dequantize",
    "FullyConnected",
    "GlobalAveragePool",
    "MaxPool",
    "Mean",
    "Operator",
    "Pad",
    "Quantize",
    "Reshape",
    "Softmax",
    "Transpose",
]


class Activation(Enum):
    """What is fused behind an operator: bounds of the real output."""

    NONE = (-float("inf"), float("inf"))
    RELU = (0.0, float("inf"))
    RELU6 = (0.0, 6.0)
    RELU_N1_TO_1 = (-1.0, 1.0)

    @property
    def bounds(self) -> tuple[float, float]:
        """The smallest and the largest real output."""
        low, high = self.value
        return low, high


@dataclass(frozen=True)
class Convolution:
    """Inputs: activation, weights (kernel rows, kernel columns, channels / groups, outputs), bias.

    The bias may be absent (an empty name), here and below.
    """

    window: KernelWindow
    groups: int = 1
    activation: Activation = Activation.NONE


@dataclass(frozen=True)
class DepthwiseConvolution:
    """Inputs: activation, weights (kernel rows, kernel columns, channels, multiplier), bias.

    Output channel c * multiplier + m is that of input channel c and weights (..., c, m). Scales per
    channel are those of the output channels, in their order; their axis is 2.
    """

    window: KernelWindow
    activation: Activation = Activation.NONE


@dataclass(frozen=True)
class FullyConnected:
    """Inputs: activation (..., K), weights (K, N), bias (N). Output (..., N).

    The activation may have more dimensions behind the first than the product needs: what counts is
    that its elements are rows of K.
    """

    activation: Activation = Activation.NONE


@dataclass(frozen=True)
class Add:
    """Inputs: two tensors, broadcast like NumPy's."""

    activation: Activation = Activation.NONE


@dataclass(frozen=True)
class AveragePool:
    """Mean over a window. Padding counts as zeros if `padding_counts`, else it is left out."""

    window: KernelWindow
    padding_counts: bool = False
    activation: Activation = Activation.NONE


@dataclass(frozen=True)
class MaxPool:
    """Maximum over a window; padding never wins."""

    window: KernelWindow
    activation: Activation = Activation.NONE


@dataclass(frozen=True)
class GlobalAveragePool:
    """Mean over height and width, which stay as dimensions of 1."""


@dataclass(frozen=True)
class Mean:
    """Mean over `axes`, which stay as dimensions of 1 if `keep`."""

    axes: tuple[int, ...]
    keep: bool


@dataclass(frozen=True)
class Clamp:
    """Bounds of the real value: relu, relu6 and clip as nodes of their own."""

    low: float
    high: float


@dataclass(frozen=True)
class Pad:
    """`pads` elements of the real value `value` before and behind, for every dimension."""

    pads: tuple[Pair, ...]
    value: float = 0.0


@dataclass(frozen=True)
class Reshape:
    """The same elements in the order of the file's layout; the output tensor has the shape."""


@dataclass(frozen=True)
class Transpose:
    """Dimension i of the output is dimension `order[i]` of the input."""

    order: tuple[int, ...]


@dataclass(frozen=True)
class Concatenation:
    """Tensors one behind the other along `axis`, from 0."""

    axis: int
    activation: Activation = Activation.NONE


@dataclass(frozen=True)
class Quantize:
    """Real numbers, or integers of another scale, to the output's integers."""


@dataclass(frozen=True)
class Dequantize:
    """Integers to float32."""


@dataclass(frozen=True)
class Softmax:
    """exp(beta * x) over its sum along `axis`, from 0."""

    axis: int
    beta: float = 1.0


Operator = (
    Convolution
    | DepthwiseConvolution
    | FullyConnected
    | Add
    | AveragePool
    | MaxPool
    | GlobalAveragePool
    | Mean
    | Clamp
    | Pad
    | Reshape
    | Transpose
    | Concatenation
    | Quantize
    | Dequantize
    | Softmax
)
