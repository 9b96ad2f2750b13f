"""Nodes of deployed models as layers of the accelerator."""

import math

import numpy as np

from flow.layers import AveragePool, MaxPool, ResidualAdd
from flow.model_layout import Placement, image_order
from flow.model_products import lower_product
from flow.model_proofs import proven_addition, proven_average
from flow.model_site import Lowered, Site, StaysOnHostError, quantization
from golden import operators
from golden.kernel_window import KernelWindow
from golden.model import Layout

__all__ = ["lower_node"]

_NO_PADDING = ((0, 0), (0, 0))


def lower_node(site: Site) -> Lowered:
    """Return the layers that compute a node to the last bit as the kernel set does.

    Raises StaysOnHostError if there are none.
    """
    _check_tensors(site)
    match site.operator:
        case (
            operators.Convolution() | operators.DepthwiseConvolution() | operators.FullyConnected()
        ):
            return lower_product(site)
        case operators.Add():
            return _add(site)
        case operators.AveragePool(window=window):
            if window.padding != _NO_PADDING:
                raise StaysOnHostError("it averages over padding")
            return _average(site, window)
        case operators.GlobalAveragePool():
            return _average(site, KernelWindow(site.only_image().size[:2]))
        case operators.Mean(axes=axes):
            return _mean(site, axes)
        case operators.MaxPool() as operator:
            return _maximum(site, operator)
        case operators.Clamp() | operators.Quantize():
            return _single_codes(site)
        case operators.Reshape() | operators.Transpose():
            return _renamed(site)
        case operators.Pad():
            raise StaysOnHostError("its output is not read by convolutions alone")
    raise StaysOnHostError(f"the accelerator has no {type(site.operator).__name__.lower()}")


def _check_tensors(site: Site) -> None:
    """All activations must be int8 or uint8 with a scale, and images of one batch."""
    names = [*site.node.inputs[: len(site.read)], *site.node.outputs]
    for name in names:
        tensor = site.model.tensors[name]
        if len(quantization(tensor).scales) != 1:
            raise StaysOnHostError(f"{name} has a scale for each channel")
        if tensor.shape[:1] != site.source.shape[:1]:
            raise StaysOnHostError("it changes the number of images")
    if len(names) != len(site.read) + 1:
        raise StaysOnHostError("it writes more than one tensor")


def _add(site: Site) -> Lowered:
    if len(site.read) != 2:
        raise StaysOnHostError("it adds a constant")
    a, b = site.read
    shapes = {site.model.tensors[name].shape[1:] for name in site.node.inputs}
    if len(shapes) != 1:
        raise StaysOnHostError("its operands have different shapes")
    if not a.arranged_like(b):
        raise StaysOnHostError("its operands are arranged differently in memory")
    multipliers, scaled = proven_addition(site)
    layer = ResidualAdd(site.name, (a.name, b.name), multipliers, scaled)
    return Lowered([layer], Placement(site.name, a.size, site.zero_point, a.order))


def _average(site: Site, window: KernelWindow) -> Lowered:
    read = site.only_image()
    scaled = proven_average(site, window.kernel)
    layer = AveragePool(site.name, read.name, scaled, window, site.zero_point)
    return _windowed(site, layer)


def _mean(site: Site, axes: tuple[int, ...]) -> Lowered:
    spatial = (1, 2) if site.model.layout is Layout.CHANNELS_LAST else (2, 3)
    if tuple(sorted(axes)) != spatial:
        raise StaysOnHostError("it is not a mean over height and width")
    return _average(site, KernelWindow(site.only_image().size[:2]))


def _maximum(site: Site, operator: operators.MaxPool) -> Lowered:
    _check_unchanged_scale(site)
    read = site.only_image()
    if operator.activation is operators.Activation.NONE:
        return _windowed(site, MaxPool(site.name, read.name, operator.window))
    whole = f"{site.name}, not clipped"
    lowered = _windowed(site, MaxPool(whole, read.name, operator.window))
    scaled = proven_average(site, (1, 1))
    clip = AveragePool(site.name, whole, scaled, KernelWindow((1, 1)), site.zero_point)
    return Lowered([*lowered.layers, clip], lowered.output)


def _windowed(site: Site, layer: AveragePool | MaxPool) -> Lowered:
    read = site.only_image()
    _, height, width, channels = layer.output([read.type(1)]).shape
    size = (height, width, channels)
    if math.prod(size) * site.target.shape[0] != site.target.size:
        raise StaysOnHostError(f"its output has the shape {site.target.shape}")
    order = image_order(size, site.model.layout)
    return Lowered([layer], Placement(site.name, size, site.zero_point, order))


def _single_codes(site: Site) -> Lowered:
    """An average over windows of one element: any function of a code that scales and clips."""
    (read,) = site.read
    window = KernelWindow((1, 1))
    scaled = proven_average(site, window.kernel)
    layer = AveragePool(site.name, read.name, scaled, window, site.zero_point)
    return Lowered([layer], Placement(site.name, read.size, site.zero_point, read.order))


def _renamed(site: Site) -> Lowered:
    """The same bytes by another name."""
    _check_unchanged_scale(site)
    (read,) = site.read
    if not isinstance(site.operator, operators.Transpose):
        return Lowered([], read)
    order = site.operator.order
    if order[0] != 0:
        raise StaysOnHostError("it moves the dimension of the batch")
    elements = np.arange(read.elements).reshape(1, *site.source.shape[1:])
    return Lowered([], read.rearranged(elements.transpose(order).ravel()))


def _check_unchanged_scale(site: Site) -> None:
    before, after = quantization(site.source), quantization(site.target)
    same = before.scale == after.scale and before.zero_point == after.zero_point
    if not same or site.source.dtype != site.target.dtype:
        raise StaysOnHostError("its output has another scale than its input")
