"""Convolution, depthwise convolution and fully connected up to the accumulator.

`accumulate` reads a node's operands; a kernel set brings its own scale and rounding and calls
`finish`.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from golden.kernels import accumulators
from golden.kernels.node_values import NodeValues
from golden.kernels.windows import channels_last, in_layout
from golden.operators import Convolution, DepthwiseConvolution, FullyConnected

__all__ = ["Accumulated", "accumulate"]


@dataclass(frozen=True, eq=False)
class Accumulated:
    """The accumulators of a node, and what scales them.

    Parameters
    ----------
    x : the node
    acc : (..., N) int32, bias included, channels last
    input_scale, output_scale : float32
    weight_scales : (N,) float32, or (1,) if the weights are quantized per tensor
    """

    x: NodeValues
    acc: npt.NDArray[np.int32]
    input_scale: np.float32
    weight_scales: npt.NDArray[np.float32]
    output_scale: np.float32

    @property
    def per_channel(self) -> bool:
        """Whether each output channel has a scale."""
        return len(self.weight_scales) > 1

    def finish(self, scaled: npt.NDArray[np.integer], bounds: tuple[int, int]) -> npt.NDArray[Any]:
        """Add the output's zero point to scaled accumulators, clip, and lay out as the output."""
        low, high = bounds
        moved = scaled + self.x.output_quantization.zero_point
        result = np.asarray(np.clip(moved, low, high), self.x.output_format.dtype)
        if isinstance(self.x.node.operator, FullyConnected):
            return result.reshape(self.x.output_shape)
        return in_layout(result, self.x.model.layout)


def accumulate(x: NodeValues) -> Accumulated:
    """The accumulators of a convolution, depthwise convolution or fully connected node."""
    acc = _products(x)
    if x.has(2):
        bias = x.value(2).reshape(-1)
        if bias.dtype != np.int32 or bias.size not in (1, acc.shape[-1]):
            raise ValueError(
                f"its bias must be {acc.shape[-1]} numbers of int32, not {bias.size} of "
                f"{bias.dtype}"
            )
        acc = acc + bias
    weights = x.quantization(1)
    if len(weights.scales) not in (1, acc.shape[-1]):
        raise ValueError(f"it has {acc.shape[-1]} channels and {len(weights.scales)} weight scales")
    return Accumulated(x, acc, x.quantization(0).scale, weights.scales, x.output_quantization.scale)


def _products(x: NodeValues) -> npt.NDArray[np.int32]:
    activation, weights = x.integers(0), x.integers(1)
    zero_point, weight_zero = x.quantization(0).zero_point, x.quantization(1).zero_points
    match x.node.operator:
        case FullyConnected():
            # The weights say how long a row is: the activation may be an image.
            if activation.size % len(weights):
                raise ValueError(
                    f"its rows have {len(weights)} elements, which do not divide the "
                    f"{math.prod(activation.shape)} of its input"
                )
            rows = activation.reshape(-1, len(weights))
            return accumulators.fully_connected(
                rows, weights, zero_point=zero_point, weight_zero_points=weight_zero
            )
        case DepthwiseConvolution(window=window):
            return accumulators.depthwise(
                channels_last(activation, x.model.layout),
                weights,
                window,
                zero_point=zero_point,
                weight_zero_points=weight_zero,
            )
        case Convolution(window=window, groups=groups):
            return accumulators.convolution(
                channels_last(activation, x.model.layout),
                weights,
                window,
                groups=groups,
                zero_point=zero_point,
                weight_zero_points=weight_zero,
            )
    raise TypeError(f"no operator with weights: {x.node.operator}")
