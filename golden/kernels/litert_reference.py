"""LiteRT's reference kernels."""

from golden import operators
from golden.kernels import (
    litert_add,
    litert_mean,
    litert_quantize,
    litert_softmax_reference,
    litert_weighted,
)
from golden.kernels.litert import NO_DELEGATE, LiteRt

__all__ = ["LITERT_REFERENCE"]

LITERT_REFERENCE = LiteRt(
    "litert_ref",
    {
        **NO_DELEGATE,
        operators.Convolution: litert_weighted.reference,
        operators.DepthwiseConvolution: litert_weighted.reference,
        operators.FullyConnected: litert_weighted.reference_fully_connected,
        operators.Add: litert_add.reference,
        operators.Quantize: litert_quantize.reference_quantize,
        operators.Dequantize: litert_quantize.dequantize,
        operators.Mean: litert_mean.reference,
        operators.Softmax: litert_softmax_reference.reference,
    },
)
