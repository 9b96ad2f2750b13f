"""QLinearConv, QLinearMatMul and QGemm of ONNX Runtime."""

from typing import Any

import numpy as np
import numpy.typing as npt

from golden.kernels.node_values import NodeValues
from golden.kernels.onnxruntime_quantize import check_fused
from golden.kernels.weighted import accumulate
from golden.operators import Convolution, DepthwiseConvolution, FullyConnected
from golden.real_scale import combine_scales
from golden.scaling import Float32Scaling

__all__ = ["weighted"]


def weighted(x: NodeValues) -> npt.NDArray[Any]:
    """rne(f32(f32(acc) * s)) + z with s = f32(f32(xs * ws) / ys); a scale for all, or per channel.

    Padding is the zero point of the activation, and the bias is in the accumulator.
    """
    operator = x.node.operator
    assert isinstance(operator, Convolution | DepthwiseConvolution | FullyConnected)
    _check_types(x)
    check_fused(operator.activation, x.output)
    a = accumulate(x)
    scale = combine_scales(a.input_scale, a.weight_scales, a.output_scale)
    bounds = (x.output_format.min, x.output_format.max)
    return a.finish(Float32Scaling(scale).apply(a.acc), bounds)


def _check_types(x: NodeValues) -> None:
    activation, weights = x.tensor(0).dtype, x.tensor(1).dtype
    if activation != x.output.dtype:
        raise ValueError(
            f"its input is {activation} and its output {x.output.dtype}; make them one"
        )
    if activation == np.int8 and weights != np.int8:
        raise ValueError(f"it has an int8 input and {weights} weights; make them int8 too")
