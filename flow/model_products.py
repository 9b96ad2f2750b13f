"""Convolutions and matrix products of deployed models as layers.

They are requantized by Scheme.FLOAT32, whose scale is f32(f32(xs * ws) / ys). Whether the kernel
set does the same is seen from accumulators around each tie between two codes, which any other
scheme rounds otherwise here and there.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from flow.layers import Conv2d, DepthwiseConv2d, Flatten, FullyConnected, Layer
from flow.model_layout import Placement, image_order
from flow.model_site import Lowered, OtherArithmeticError, Site, StaysOnHostError, quantization
from golden.formats import INT8, INT32
from golden.kernel_window import KernelWindow
from golden.model import Layout, QuantizationParameters, Tensor
from golden.operators import (
    Convolution,
    DepthwiseConvolution,
    Operator,
)
from golden.operators import (
    FullyConnected as MatrixProduct,
)
from golden.real_scale import combine_scales
from golden.requantize import Requantization, requantize
from golden.scaling import Float32Scaling

__all__ = ["FLOAT32_KERNELS", "lower_product"]

FLOAT32_KERNELS = "litert and onnxruntime"
"""Kernel sets whose products are scaled in float32, for a message."""

_PROBED_CHANNELS = 16

Product = Convolution | DepthwiseConvolution | MatrixProduct

Int8Array = npt.NDArray[np.int8]


@dataclass(frozen=True, eq=False)
class _Constants:
    """Weights without their zero points, their scales, and the bias of each output."""

    weights: Int8Array
    scales: npt.NDArray[np.float32]
    bias: npt.NDArray[np.int32]


def lower_product(site: Site) -> Lowered:
    """A convolution, depthwise convolution or matrix product."""
    constants = _constants(site)
    match site.operator:
        case Convolution() as operator:
            weights = _ungrouped(constants.weights, operator.groups)
            read, scaled = site.only_image(), _scaled(site, constants, operator)
            layer: Layer = Conv2d(site.name, read.name, weights, scaled, operator.window)
            return _image(site, layer, read)
        case DepthwiseConvolution() as operator:
            read, scaled = site.only_image(), _scaled(site, constants, operator)
            layer = DepthwiseConv2d(
                site.name, read.name, constants.weights, scaled, operator.window
            )
            return _image(site, layer, read)
        case MatrixProduct() as operator:
            return _matrix_product(site, constants, _scaled(site, constants, operator))
    raise TypeError(f"node {site.node.name} must be a product, not {site.operator}")


def _image(site: Site, layer: Layer, read: Placement) -> Lowered:
    _, *size, channels = layer.output([read.type(1)]).shape
    height, width = size
    shape = (height, width, channels)
    order = image_order(shape, site.model.layout)
    return Lowered([layer], Placement(site.name, shape, site.zero_point, order))


def _matrix_product(site: Site, constants: _Constants, scaled: Requantization) -> Lowered:
    """Rows of K: the whole tensor, or else its pixels."""
    (read,) = site.read
    inputs, outputs = constants.weights.shape
    if read.elements == inputs:
        weights = constants.weights
        if read.order is not None:
            weights = np.empty_like(weights)
            weights[read.order] = constants.weights
        layers: list[Layer] = []
        source = read.name
        if read.size[:2] != (1, 1):
            source = f"{site.name}, flat input"
            layers.append(Flatten(source, read.name))
        layers.append(FullyConnected(site.name, source, weights, scaled))
        return Lowered(layers, Placement(site.name, (1, 1, outputs), site.zero_point))
    if read.size[2] != inputs or read.order is not None:
        raise StaysOnHostError(f"its rows of {inputs} elements are not pixels of its input")
    pixels = constants.weights[None, None]
    layer = Conv2d(site.name, read.name, pixels, scaled, KernelWindow((1, 1)))
    height, width, _ = read.size
    return Lowered([layer], Placement(site.name, (height, width, outputs), site.zero_point))


def _constants(site: Site) -> _Constants:
    tensor = site.constant(1)
    if tensor is None or tensor.data is None:
        raise StaysOnHostError("it has no weights")
    scale = quantization(tensor)
    outputs = tensor.shape[-1]
    if isinstance(site.operator, DepthwiseConvolution):
        outputs *= tensor.shape[-2]
    flat = tensor.data.astype(np.int16).reshape(-1, outputs) - scale.zero_points
    if not INT8.contains(flat):
        raise StaysOnHostError(
            f"its weights less their zero points reach from {flat.min()} to {flat.max()}, and the "
            "array's are int8"
        )
    bias = site.constant(2)
    return _Constants(
        weights=flat.astype(np.int8).reshape(tensor.shape),
        scales=np.broadcast_to(scale.scales, outputs),
        bias=np.zeros(outputs, np.int32) if bias is None else _bias(bias, outputs),
    )


def _bias(tensor: Tensor, outputs: int) -> npt.NDArray[np.int32]:
    if tensor.data is None or tensor.dtype != np.int32:
        raise StaysOnHostError(f"its bias is {tensor.dtype}, and the accelerator's are int32")
    return np.broadcast_to(tensor.data.reshape(-1), outputs)


def _scaled(site: Site, constants: _Constants, operator: Product) -> Requantization:
    """The requantization, after the kernel set has been seen to round as it does."""
    source, target = quantization(site.source), quantization(site.target)
    scale = combine_scales(source.scale, constants.scales, target.scale)
    some = np.unique(constants.scales)
    some = some[:: len(some) // _PROBED_CHANNELS or 1]
    probed_scale = combine_scales(source.scale, some, target.scale)
    accumulators = _accumulators(probed_scale)
    probed = _probe(site, operator, some, accumulators)
    r = Requantization.of(
        Float32Scaling(scale),
        constants.bias,
        zero_point=site.zero_point,
        low=int(probed.min()),
        high=int(probed.max()),
    )
    like = replace(r, scaling=Float32Scaling(probed_scale), bias=np.zeros(len(some), np.int32))
    different = int(np.count_nonzero(requantize(accumulators, like) != probed))
    if different:
        raise OtherArithmeticError(
            f"kernel set {site.kernels.name} rounds {different} of {probed.size} sums otherwise "
            f"than the accelerator, which can run {FLOAT32_KERNELS}"
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
    plain: Operator = operator
    if not isinstance(operator, MatrixProduct):
        shape = (1, 1, 1, count)
        plain = replace(operator, window=KernelWindow((1, 1)))
        if isinstance(plain, Convolution):
            plain = replace(plain, groups=1)
    many = np.broadcast_to(scales, accumulators.shape).ravel()
    quantized = QuantizationParameters(many, np.zeros(count, np.int64), len(shape) - 1)
    if len(scales) == 1:
        quantized = QuantizationParameters(scales, np.array([0]))
    weights = Tensor("weights", shape, np.dtype(np.int8), quantized, np.zeros(shape, np.int8))
    bias = Tensor("bias", (count,), np.dtype(np.int32), None, accumulators.ravel())
    zero = np.full((1,) * len(shape), site.read[0].zero_point, np.int8)
    if len(shape) == 4 and site.model.layout is Layout.CHANNELS_FIRST:
        shape = (1, count, 1, 1)
    written = site.compute(plain, [zero], shape, (weights, bias))
    return written.reshape(accumulators.shape)


def _ungrouped(weights: Int8Array, groups: int) -> Int8Array:
    """The weights of a convolution of all channels, those of other groups being 0."""
    if groups == 1:
        return weights
    rows, columns, channels, outputs = weights.shape
    dense = np.zeros((rows, columns, groups * channels, outputs), np.int8)
    for group in range(groups):
        read = slice(group * channels, (group + 1) * channels)
        written = slice(group * outputs // groups, (group + 1) * outputs // groups)
        dense[:, :, read, written] = weights[..., written]
    return dense
