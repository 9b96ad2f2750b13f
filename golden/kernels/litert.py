"""LiteRT's kernel sets.

`litert` is what an interpreter runs by default: XNNPACK where that takes the node, else the builtin
kernels for x86, which are `litert_no_delegate` on their own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from golden import operators
from golden.kernels import (
    litert_add,
    litert_layout,
    litert_mean,
    litert_pool,
    litert_quantize,
    litert_softmax,
    litert_weighted,
)
from golden.kernels.kernel_set import Values
from golden.kernels.node_values import NodeValues
from golden.model import Layout, Model, Node

__all__ = ["LITERT", "LITERT_NO_DELEGATE", "NO_DELEGATE", "Kernel", "LiteRt"]

Kernel = Callable[[NodeValues], npt.NDArray[Any]]


@dataclass(frozen=True)
class LiteRt:
    """A kernel set of LiteRT: a kernel for each operator."""

    name: str
    kernels: Mapping[type, Kernel]

    def compute(self, model: Model, node: Node, values: Mapping[str, npt.NDArray[Any]]) -> Values:
        """What a node writes; ValueError, in a sentence about "it", if there is no kernel."""
        if model.layout is not Layout.CHANNELS_LAST:
            raise ValueError(f"it is of a model with {model.layout.value}; LiteRT has them last")
        kind = type(node.operator)
        if kind not in self.kernels:
            raise ValueError(f"it is {kind.__name__}, which {self.name} does not have")
        x = NodeValues(model, node, values)
        return {x.output.name: self.kernels[kind](x)}


def _delegated(takes: Callable[[NodeValues], bool], xnnpack: Kernel, builtin: Kernel) -> Kernel:
    """The kernel of XNNPACK where that takes the node, else the builtin one."""

    def compute(x: NodeValues) -> npt.NDArray[Any]:
        return xnnpack(x) if takes(x) else builtin(x)

    return compute


NO_DELEGATE: dict[type, Kernel] = {
    operators.Convolution: litert_weighted.builtin,
    operators.DepthwiseConvolution: litert_weighted.builtin,
    operators.FullyConnected: litert_weighted.builtin,
    operators.Add: litert_add.builtin,
    operators.AveragePool: litert_pool.average,
    operators.MaxPool: litert_pool.maximum,
    operators.Mean: litert_mean.builtin,
    operators.Clamp: litert_layout.clamp,
    operators.Pad: litert_layout.pad,
    operators.Reshape: litert_layout.reshape,
    operators.Transpose: litert_layout.transpose,
    operators.Concatenation: litert_layout.concatenation,
    operators.Quantize: litert_quantize.builtin_quantize,
    operators.Dequantize: litert_quantize.builtin_dequantize,
    operators.Softmax: litert_softmax.builtin,
}

DEFAULT: dict[type, Kernel] = {
    **NO_DELEGATE,
    operators.Convolution: litert_weighted.xnnpack,
    operators.DepthwiseConvolution: litert_weighted.xnnpack,
    operators.FullyConnected: _delegated(
        litert_weighted.xnnpack_takes_fully_connected,
        litert_weighted.xnnpack,
        litert_weighted.builtin,
    ),
    operators.Add: _delegated(litert_add.xnnpack_takes, litert_add.xnnpack, litert_add.builtin),
    operators.Mean: litert_mean.xnnpack,
    operators.Dequantize: litert_quantize.dequantize,
    operators.MaxPool: _delegated(
        litert_pool.xnnpack_takes_maximum, litert_pool.xnnpack_maximum, litert_pool.maximum
    ),
    operators.Quantize: _delegated(
        litert_quantize.xnnpack_takes_quantize,
        litert_quantize.xnnpack_quantize,
        litert_quantize.builtin_quantize,
    ),
}

LITERT = LiteRt("litert", DEFAULT)
LITERT_NO_DELEGATE = LiteRt("litert_no_delegate", NO_DELEGATE)
