"""How products of deployed models are requantized.

The accelerator can do it by Scheme.FLOAT32, whose scale is f32(f32(xs * ws) / ys). Whether the
kernel set does the same is seen from accumulators around each tie between two codes, which any
other scheme rounds otherwise here and there.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from flow.model_site import OtherArithmeticError, Site, quantization
from golden.formats import INT8, INT32
from golden.kernel_window import KernelWindow
from golden.model import Layout, QuantizationParameters, Tensor
from golden.operators import Convolution, DepthwiseConvolution, FullyConnected
from golden.real_scale import combine_scales
from golden.requantize import Requantization, requantize
from golden.scaling import Float32Scaling

__all__ = ["Product", "product_requantization"]

Product = Convolution | DepthwiseConvolution | FullyConnected

_PROBED_CHANNELS = 16


def product_requantization(
    site: Site, operator: Product, bias: npt.NDArray[np.int32]
) -> Requantization:
    """The requantization of a product; the bias has an element for each output.

    Its bounds are what the kernel set makes of the smallest and the largest accumulator.

    Raises OtherArithmeticError if the kernel set rounds otherwise.
    """
    given = quantization(site.model.tensors[site.node.inputs[1]])
    source, target = quantization(site.source).scale, quantization(site.target).scale
    some = np.unique(given.scales)
    some = some[:: len(some) // _PROBED_CHANNELS or 1]
    probed_scale = combine_scales(source, some, target)
    accumulators = _accumulators(probed_scale)
    probed = _probe(site, operator, some, accumulators)
    scale = combine_scales(source, np.broadcast_to(given.scales, len(bias)), target)
    r = Requantization.of(
        Float32Scaling(scale),
        bias,
        zero_point=site.zero_point,
        low=int(probed.min()),
        high=int(probed.max()),
    )
    like = replace(r, scaling=Float32Scaling(probed_scale), bias=np.zeros(len(some), np.int32))
    if not np.array_equal(requantize(accumulators, like), probed):
        raise OtherArithmeticError(
            f"kernel set {site.kernels.name} does not scale its sums in float32 as the accelerator "
            "does; --kernels litert and onnxruntime do"
        )
    return r


def _accumulators(scale: npt.NDArray[np.float32]) -> npt.NDArray[np.int32]:
    """For each channel those around every tie between two codes, and the extremes: (many, N)."""
    halves = np.arange(2 * INT8.min, 2 * INT8.max + 2)[:, None] + 0.5
    with np.errstate(divide="ignore", over="ignore"):
        ties = np.rint(np.clip(halves / scale.astype(np.float64), -(2.0**31), 2.0**31))
    near = np.concatenate([ties - 1, ties, ties + 1, ties * 0 + INT32.min, ties * 0 + INT32.max])
    return np.asarray(np.clip(near, INT32.min, INT32.max), np.int32)


def _probe(
    site: Site,
    operator: Product,
    scales: npt.NDArray[np.float32],
    accumulators: npt.NDArray[np.int32],
) -> npt.NDArray[np.int8]:
    """What the kernel set makes of accumulators (many, N): as biases of weights that are 0."""
    count = accumulators.size
    shape: tuple[int, ...] = (1, count)
    if not isinstance(operator, FullyConnected):
        shape = (1, 1, 1, count)
        operator = replace(operator, window=KernelWindow((1, 1)))
        if isinstance(operator, Convolution):
            operator = replace(operator, groups=1)
    weights = _zeros(site, shape, np.broadcast_to(scales, accumulators.shape).ravel())
    bias = Tensor("bias", (count,), np.dtype(np.int32), None, accumulators.ravel())
    zero = np.full((1,) * len(shape), site.read[0].zero_point, np.int8)
    if len(shape) == 4 and site.model.layout is Layout.CHANNELS_FIRST:
        shape = (1, count, 1, 1)
    written = site.compute(operator, [zero], shape, (weights, bias))
    return written.reshape(accumulators.shape)


def _zeros(site: Site, shape: tuple[int, ...], scales: npt.NDArray[np.float32]) -> Tensor:
    """Weights that stand for zero, of the type and kind of quantization that the node's have."""
    like = site.model.tensors[site.node.inputs[1]]
    given = quantization(like)
    zero = int(given.zero_points[0])
    if len(given.scales) == 1:
        quantized = QuantizationParameters(given.scales, given.zero_points)
    else:
        quantized = QuantizationParameters(scales, np.full(len(scales), zero), len(shape) - 1)
    return Tensor("weights", shape, like.dtype, quantized, np.full(shape, zero, like.dtype))
