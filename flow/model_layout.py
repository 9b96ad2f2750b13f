"""How the tensors of a deployed model lie in the accelerator's memory.

A graph's tensor is int8 and (batch, height, width, channels); a model's may be uint8, have its
channels first, or be any other arrangement of the same elements.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from flow.layers import Shape, TensorType
from golden.model import Layout, Tensor

__all__ = ["Indices", "Placement", "image_order", "placed_input", "zero_point"]

Indices = npt.NDArray[np.intp]
Int8Array = npt.NDArray[np.int8]
Size = tuple[int, int, int]

_UNSIGNED_OFFSET = 128


@dataclass(frozen=True, eq=False)
class Placement:
    """A model's tensor in a graph.

    Parameters
    ----------
    name : of the graph's tensor
    size : its height, width and channels
    zero_point : of the int8 codes
    order : the model's element i of an image is the graph's element order[i]; None if all are
        in their places
    """

    name: str
    size: Size
    zero_point: int
    order: Indices | None = None

    @property
    def elements(self) -> int:
        """Of one image."""
        height, width, channels = self.size
        return height * width * channels

    def type(self, batch: int) -> TensorType:
        """The graph's type for a batch."""
        shape: Shape = (batch, *self.size)
        return TensorType(shape, self.zero_point)

    def to_graph(self, values: npt.NDArray[Any]) -> Int8Array:
        """The codes of a model's tensor of any number of images."""
        codes = _codes(values).reshape(len(values), -1)
        if self.order is not None:
            moved = np.empty_like(codes)
            moved[:, self.order] = codes
            codes = moved
        return codes.reshape(len(values), *self.size)

    def to_model(self, codes: Int8Array, tensor: Tensor) -> npt.NDArray[Any]:
        """The values of a model's tensor."""
        flat = codes.reshape(len(codes), -1)
        if self.order is not None:
            flat = flat[:, self.order]
        shaped = flat.reshape(len(codes), *tensor.shape[1:])
        if tensor.dtype == np.uint8:
            return (shaped.astype(np.int16) + _UNSIGNED_OFFSET).astype(np.uint8)
        return shaped

    def rearranged(self, order: Indices) -> "Placement":
        """The tensor whose element i is this one's element order[i], at the same place."""
        before = np.arange(self.elements) if self.order is None else self.order
        return replace(self, order=_without_identity(before[order]))

    def arranged_like(self, other: "Placement") -> bool:
        """Whether an element of one is where the same element of the other is."""
        if self.order is None or other.order is None:
            return self.size == other.size and self.order is other.order
        return self.size == other.size and np.array_equal(self.order, other.order)

    def is_image(self, layout: Layout) -> bool:
        """Whether its elements are in the order of an image of this size."""
        wanted = image_order(self.size, layout)
        if self.order is None or wanted is None:
            return self.order is wanted
        return np.array_equal(self.order, wanted)


def image_order(size: Size, layout: Layout) -> Indices | None:
    """The order of an image of a model: see `Placement`."""
    if layout is Layout.CHANNELS_LAST:
        return None
    return _without_identity(np.arange(np.prod(size)).reshape(size).transpose(2, 0, 1).ravel())


def placed_input(tensor: Tensor, layout: Layout) -> Placement:
    """An input of a graph: an image if it has four dimensions, otherwise pixels in a row."""
    if len(tensor.shape) != 4:
        channels = tensor.shape[-1] if len(tensor.shape) > 1 else 1
        size = (1, tensor.size // (tensor.shape[0] * channels), channels)
        return Placement(tensor.name, size, zero_point(tensor))
    a, b, c = tensor.shape[1:]
    size = (a, b, c) if layout is Layout.CHANNELS_LAST else (b, c, a)
    return Placement(tensor.name, size, zero_point(tensor), image_order(size, layout))


def zero_point(tensor: Tensor) -> int:
    """The int8 code of real zero."""
    if tensor.quantization is None:
        raise ValueError(f"tensor {tensor.name} has no zero point")
    offset = _UNSIGNED_OFFSET if tensor.dtype == np.uint8 else 0
    return tensor.quantization.zero_point - offset


def _codes(values: npt.NDArray[Any]) -> Int8Array:
    if values.dtype == np.int8:
        return values
    return (values.astype(np.int16) - _UNSIGNED_OFFSET).astype(np.int8)


def _without_identity(order: Indices) -> Indices | None:
    return None if np.array_equal(order, np.arange(len(order))) else order
