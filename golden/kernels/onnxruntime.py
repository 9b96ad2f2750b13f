"""ONNX Runtime's kernels for quantized operators, as its CPU provider computes them on x86-64.

Found by experiment with onnxruntime 1.31 and exact there for every operator below. What depends on
the machine:

* a processor without VNNI saturates the sum of two products of uint8 and int8 at 16 bits; here, and
  with VNNI, the accumulators are exact modulo 2**32;
* Add is a fused multiply-add of AVX2, Mean the float32 sum of SSE vectors; Arm has other rules for
  these two and for GlobalAveragePool;
* a larger batch is computed as the model's own batches, one after the other.

Where a model is in QDQ form, an operator is computed so if ONNX Runtime joins it with the
quantization around it: it does for uint8, and for int8 with the session option
`session.qdqisint8allowed=1`. An activation of float32 in between (a relu that is not simply the end
of the output's range) prevents that; such a convolution or product is refused.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy.typing as npt

from golden import operators
from golden.kernels import (
    onnxruntime_add,
    onnxruntime_layout,
    onnxruntime_pool,
    onnxruntime_quantize,
    onnxruntime_softmax,
    onnxruntime_weighted,
)
from golden.kernels.kernel_set import Values
from golden.kernels.node_values import NodeValues
from golden.model import Model, Node

__all__ = ["ONNXRUNTIME", "OnnxRuntime"]

Kernel = Callable[[NodeValues], npt.NDArray[Any]]

KERNELS: dict[type, Kernel] = {
    operators.Convolution: onnxruntime_weighted.weighted,
    operators.DepthwiseConvolution: onnxruntime_weighted.weighted,
    operators.FullyConnected: onnxruntime_weighted.weighted,
    operators.Add: onnxruntime_add.add,
    operators.AveragePool: onnxruntime_pool.average_pool,
    operators.GlobalAveragePool: onnxruntime_pool.global_average_pool,
    operators.MaxPool: onnxruntime_pool.max_pool,
    operators.Mean: onnxruntime_pool.mean,
    operators.Clamp: onnxruntime_layout.clamp,
    operators.Pad: onnxruntime_layout.pad,
    operators.Reshape: onnxruntime_layout.reshape,
    operators.Transpose: onnxruntime_layout.transpose,
    operators.Concatenation: onnxruntime_layout.concatenation,
    operators.Quantize: onnxruntime_quantize.quantize,
    operators.Dequantize: onnxruntime_quantize.dequantize,
    operators.Softmax: onnxruntime_softmax.softmax,
}


class OnnxRuntime:
    """The kernel set `onnxruntime`."""

    @property
    def name(self) -> str:
        """As on the command line."""
        return "onnxruntime"

    def compute(self, model: Model, node: Node, values: Mapping[str, npt.NDArray[Any]]) -> Values:
        """What a node writes; ValueError, in a sentence about "it", if there is no such kernel."""
        x = NodeValues(model, node, values)
        return {x.output.name: KERNELS[type(node.operator)](x)}


ONNXRUNTIME = OnnxRuntime()
