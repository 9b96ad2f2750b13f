"""The windows of ONNX convolutions and poolings."""

from flow.onnx_arrays import BadModelError
from flow.onnx_node import OnnxNode
from flow.onnx_values import RefusedError, Slot
from golden.kernel_window import KernelWindow, Pair

__all__ = ["image_size", "pool_window", "window_of"]


def image_size(x: Slot) -> Pair:
    """Height and width of (batch, channels, height, width)."""
    if len(x.shape) != 4:
        raise RefusedError(f"its input must have four dimensions, not {len(x.shape)}")
    return x.shape[2], x.shape[3]


def pool_window(node: OnnxNode, x: Slot) -> tuple[KernelWindow, Pair]:
    """The window of a pooling, and the size of its output."""
    if node.integer("channels_last", 0) or node.integer("storage_order", 0):
        raise RefusedError("its data are not in ONNX's order")
    size = image_size(x)
    kernel = _pair(node, "kernel_shape", (0, 0))
    window = window_of(node, kernel, size)
    output = window.output_size(size)
    if node.integer("ceil_mode", 0):
        left = [
            (size[i] + sum(window.padding[i]) - window.extent[i]) % window.stride[i] for i in (0, 1)
        ]
        if any(left):
            raise RefusedError("it has a window that is not whole, by ceil_mode")
    return window, output


def window_of(node: OnnxNode, kernel: Pair, size: Pair) -> KernelWindow:
    """The window of a node with a kernel, on images of a size on which it has an output."""
    if _pair(node, "kernel_shape", kernel) != kernel:
        raise BadModelError(f"the kernel_shape of {node} must be that of its weights, {kernel}")
    stride, dilation = _pair(node, "strides", (1, 1)), _pair(node, "dilations", (1, 1))
    pads = node.integers("pads", (0, 0, 0, 0))
    if len(pads) != 4:
        raise BadModelError(f"the pads of {node} must be four, not {len(pads)}")
    padding = ((pads[0], pads[2]), (pads[1], pads[3]))
    automatic = node.text("auto_pad", "NOTSET")
    if automatic not in ("NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"):
        raise BadModelError(f"the auto_pad of {node} must be one that ONNX knows")
    try:
        if automatic == "VALID":
            padding = ((0, 0), (0, 0))
        elif automatic != "NOTSET":
            padding = KernelWindow.same(kernel, size, stride, dilation).padding
        if automatic == "SAME_LOWER":
            padding = ((padding[0][1], padding[0][0]), (padding[1][1], padding[1][0]))
        window = KernelWindow(kernel, stride, dilation, padding)
        window.output_size(size)
    except ValueError as error:
        raise RefusedError(str(error)) from None
    return window


def _pair(node: OnnxNode, name: str, default: Pair) -> Pair:
    values = node.integers(name, default)
    if len(values) != 2:
        raise BadModelError(f"the {name} of {node} must be two numbers, not {len(values)}")
    if min(values) < 1:
        raise BadModelError(f"the {name} of {node} must be at least 1, not {min(values)}")
    return values[0], values[1]
