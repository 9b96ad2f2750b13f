"""A layer as a matrix product: activations that the host lays out, weights and parameters."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from flow.layers import Conv2d, FullyConnected, Layer, Shape, TensorType
from flow.lowering.parameters import folded_parameters
from golden.channel_parameters import ChannelParameters
from golden.kernel_window import KernelWindow
from hw.config import EngineConfig

__all__ = ["MatrixProduct", "matrix_product"]

Int8Array = npt.NDArray[np.int8]

_POINT = KernelWindow((1, 1))


@dataclass(frozen=True, eq=False)
class MatrixProduct:
    """A convolution, or a fully connected layer, which is one by a kernel of one element.

    The output tensor, as a matrix (M, N) with a row for each pixel, is what `parameters` make of
    operand @ weights.

    Parameters
    ----------
    read : the type of the input
    shape : of the output
    window : where the kernel goes
    weights : (K, N), the kernel's rows, columns and channels along K
    parameters : one for each of N, with the input's zero point in the bias
    """

    read: TensorType
    shape: Shape
    window: KernelWindow
    weights: Int8Array
    parameters: tuple[ChannelParameters, ...]

    @property
    def m(self) -> int:
        """Rows: pixels of all images."""
        batch, height, width, _ = self.shape
        return batch * height * width

    def operand(self, values: Int8Array) -> Int8Array:
        """Return the activations (M, K) of an input; padding is the input's zero point."""
        window = self.window
        padding = ((0, 0), *window.padding, (0, 0))
        padded = np.pad(values, padding, constant_values=self.read.zero_point)
        y, x = (
            np.arange(outputs)[:, None] * stride + np.arange(elements) * dilation
            for outputs, stride, elements, dilation in zip(
                self.shape[1:3], window.stride, window.kernel, window.dilation, strict=True
            )
        )
        seen: Int8Array = padded[:, y[:, None, :, None], x[None, :, None, :]]
        return seen.reshape(self.m, -1)


def matrix_product(layer: Layer, read: TensorType, engine: EngineConfig) -> MatrixProduct | None:
    """Return the product that a layer is, or None if it is another kind of layer.

    Raises ValueError, in a sentence about "it", if the engine cannot compute it.
    """
    if not isinstance(layer, Conv2d | FullyConnected):
        return None
    window = layer.window if isinstance(layer, Conv2d) else _POINT
    weights = layer.weights.reshape(-1, layer.weights.shape[-1])
    words = folded_parameters(weights, layer.requantization, read.zero_point, engine)
    return MatrixProduct(read, layer.output([read]).shape, window, weights, tuple(words))
