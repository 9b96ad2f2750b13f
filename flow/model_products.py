"""Convolutions and matrix products of deployed models as layers.

Their weights lose their zero points, groups become one dense convolution, and a matrix takes its
rows in the order in which the input lies in memory.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from flow.layers import Conv2d, DepthwiseConv2d, Flatten, FullyConnected, Layer
from flow.model_layout import Placement, image_order
from flow.model_product_scale import product_requantization
from flow.model_site import Lowered, Site, StaysOnHostError, quantization
from golden.formats import INT8
from golden.kernel_window import KernelWindow
from golden.model import Tensor
from golden.operators import (
    Convolution,
    DepthwiseConvolution,
)
from golden.operators import (
    FullyConnected as MatrixProduct,
)
from golden.requantize import Requantization

__all__ = ["lower_product"]

Int8Array = npt.NDArray[np.int8]


@dataclass(frozen=True, eq=False)
class _Constants:
    """Weights without their zero points, and the bias of each output."""

    weights: Int8Array
    bias: npt.NDArray[np.int32]


def lower_product(site: Site) -> Lowered:
    """A convolution, depthwise convolution or matrix product."""
    operator = site.operator
    if not isinstance(operator, Convolution | DepthwiseConvolution | MatrixProduct):
        raise TypeError(f"node {site.node.name} must be a product, not {operator}")
    constants = _constants(site)
    scaled = product_requantization(site, operator, constants.bias)
    if isinstance(operator, MatrixProduct):
        return _matrix_product(site, constants.weights, scaled)
    read = site.only_image()
    layer: Layer
    if isinstance(operator, Convolution):
        weights = _ungrouped(constants.weights, operator.groups)
        layer = Conv2d(site.name, read.name, weights, scaled, operator.window)
    else:
        layer = DepthwiseConv2d(site.name, read.name, constants.weights, scaled, operator.window)
    return _image(site, layer, read)


def _image(site: Site, layer: Layer, read: Placement) -> Lowered:
    _, *size, channels = layer.output([read.type(1)]).shape
    height, width = size
    shape = (height, width, channels)
    order = image_order(shape, site.model.layout)
    return Lowered([layer], Placement(site.name, shape, site.zero_point, order))


def _matrix_product(site: Site, weights: Int8Array, scaled: Requantization) -> Lowered:
    """Rows of K: the whole tensor, or else its pixels."""
    (read,) = site.read
    inputs, outputs = weights.shape
    if read.elements == inputs:
        if read.order is not None:
            rows = np.empty_like(weights)
            rows[read.order] = weights
            weights = rows
        layers: list[Layer] = []
        source = read.name
        if read.size[:2] != (1, 1):
            source = f"{site.name}, flat input"
            layers.append(Flatten(source, read.name))
        layers.append(FullyConnected(site.name, source, weights, scaled))
        return Lowered(layers, Placement(site.name, (1, 1, outputs), site.zero_point))
    if read.size[2] != inputs or read.order is not None:
        raise StaysOnHostError(f"its rows of {inputs} elements are not pixels of its input")
    layer = Conv2d(site.name, read.name, weights[None, None], scaled, KernelWindow((1, 1)))
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
        bias=np.zeros(outputs, np.int32) if bias is None else _bias(bias, outputs),
    )


def _bias(tensor: Tensor, outputs: int) -> npt.NDArray[np.int32]:
    if tensor.data is None or tensor.dtype != np.int32:
        raise StaysOnHostError(f"its bias is {tensor.dtype}, and the accelerator's are int32")
    return np.broadcast_to(tensor.data.reshape(-1), outputs)


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
