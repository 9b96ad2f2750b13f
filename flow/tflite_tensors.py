"""Tensors of a .tflite file as those of a deployed model, checked."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from enum import Enum
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt
from tflite import TensorType

from flow.tflite_tables import FileTensor
from flow.unsupported import shown
from golden.model import QuantizationParameters, Tensor

__all__ = ["MAX_ELEMENTS", "Arrangement", "NodeError", "Tensors", "refusing"]

MAX_ELEMENTS = 1 << 27
"""Of one tensor: more than that would not be computed in a reasonable memory."""

MAX_RANK = 8

DTYPES: dict[int, npt.DTypeLike] = {
    TensorType.FLOAT32: np.float32,
    TensorType.INT8: np.int8,
    TensorType.UINT8: np.uint8,
    TensorType.INT32: np.int32,
    TensorType.INT64: np.int64,
}

TYPE_NAMES: dict[int, str] = {
    value: name for name, value in vars(TensorType).items() if isinstance(value, int)
}

INT8, UINT8 = np.dtype(np.int8), np.dtype(np.uint8)


class NodeError(Exception):
    """Why a node cannot be imported, fit to stand in brackets."""


@contextmanager
def refusing() -> Iterator[None]:
    """Turn a ValueError of what is built from a file's numbers into `NodeError`."""
    try:
        yield
    except ValueError as error:
        raise NodeError(str(error)) from error


class Arrangement(Enum):
    """How a constant lies in the file, as against `golden.operators`.

    The value is the axis of its channels in the file and in the model.
    """

    CONVOLUTION = (0, 3)
    """(outputs, rows, columns, inputs) to (rows, columns, inputs, outputs)"""
    DEPTHWISE = (3, 2)
    """(1, rows, columns, inputs * multiplier) to (rows, columns, inputs, multiplier)"""
    FULLY_CONNECTED = (0, 1)
    """(N, K) to (K, N)"""
    VECTOR = (0, 0)
    """Anything with as many elements as the last dimension to one dimension"""

    def arrange(self, data: npt.NDArray[Any], channels: int) -> npt.NDArray[Any]:
        """A view of the data in the model's shape; `channels` are the inputs of a depthwise."""
        if self is Arrangement.CONVOLUTION:
            return data.transpose(1, 2, 3, 0)
        if self is Arrangement.DEPTHWISE:
            return data.reshape(*data.shape[1:3], channels, -1)
        if self is Arrangement.FULLY_CONNECTED:
            return data.T
        return data.reshape(-1) if self is Arrangement.VECTOR else data


Key = tuple[int, Arrangement | None, tuple[int, ...]]


class Tensors:
    """Gives the tensors of a file by index, and keeps those that were asked for."""

    def __init__(self, tensors: Sequence[FileTensor]) -> None:
        self.used: dict[str, Tensor] = {}
        self._file = tensors
        self._names = {tensor.name for tensor in tensors}
        self._kept: dict[Key, Tensor] = {}
        self._read: dict[int, Tensor] = {}

    def name(self, index: int) -> str:
        """The name of a tensor that may not be fit for anything else."""
        return self._file[index].name

    def any(self, index: int) -> Tensor:
        """A tensor as it is; NodeError if a model cannot have such a one."""
        key = (index, None, self._file[index].shape)
        return self._kept.get(key) or self._keep(key, self.read(index))

    def activation(self, index: int) -> Tensor:
        """A tensor of int8 or uint8 with one scale; NodeError if it is not."""
        tensor = self.any(index)
        if tensor.dtype not in (INT8, UINT8):
            raise NodeError(f"not quantized to 8 bits: {tensor.dtype}")
        if tensor.quantization is None:
            raise NodeError("not quantized: there is no scale")
        if tensor.quantization.axis is not None:
            raise NodeError("an activation with a scale per channel")
        return tensor

    def constant(self, index: int, arrangement: Arrangement, channels: int = 0) -> Tensor:
        """A constant in the layout of `golden.operators`, under a name of its own if need be."""
        stored = self.read(index)
        if stored.data is None:
            raise NodeError("weights or bias that are computed, not constant")
        data = arrangement.arrange(stored.data, channels)
        key = (index, arrangement, data.shape)
        if key in self._kept:
            return self._kept[key]
        quantization = _moved(stored, arrangement)
        tensor = Tensor(stored.name, data.shape, data.dtype, quantization, data)
        return self._keep(key, tensor)

    def numbers(self, index: int) -> npt.NDArray[np.int64]:
        """The integers of a constant that is an argument, as of a reshape; NodeError if none."""
        tensor = self.read(index)
        if tensor.data is None or tensor.dtype not in (np.dtype(np.int32), np.dtype(np.int64)):
            raise NodeError("a shape or axes that are computed, not constant integers")
        if tensor.size > 2 * MAX_RANK:
            raise NodeError(f"{tensor.size} numbers for a shape or axes")
        return tensor.data.astype(np.int64)

    def _keep(self, key: Key, tensor: Tensor) -> Tensor:
        """Remember a tensor, by another name if the file's is that of another arrangement."""
        name = tensor.name
        while name in self.used or (name != tensor.name and name in self._names):
            name += " as stored" if key[1] is None else f" as {key[1].name.lower()}"
        self.used[name] = self._kept[key] = replace(tensor, name=name)
        return self._kept[key]

    def read(self, index: int) -> Tensor:
        """A tensor as it is, of which the model need not know; NodeError like `any`."""
        if index not in self._read:
            self._read[index] = _checked(self._file[index])
        return self._read[index]


def _checked(tensor: FileTensor) -> Tensor:
    if tensor.type not in DTYPES:
        raise NodeError(f"a tensor of type {TYPE_NAMES.get(tensor.type, tensor.type)}")
    if tensor.is_sparse or tensor.is_variable:
        raise NodeError("a sparse tensor" if tensor.is_sparse else "a variable")
    if tensor.has_custom_quantization:
        raise NodeError("a tensor with custom quantization")
    shape, name = tensor.shape, shown(tensor.name)
    if len(shape) > MAX_RANK or any(length < 1 for length in shape):
        raise NodeError(f"{name} has the shape {shape[: MAX_RANK + 1]}")
    if prod(shape) > MAX_ELEMENTS:
        raise NodeError(f"{name} has {prod(shape)} elements and may have {MAX_ELEMENTS}")
    dtype = np.dtype(DTYPES[tensor.type])
    data = None
    if tensor.data is not None:
        wanted = prod(shape) * dtype.itemsize
        if len(tensor.data) != wanted:
            raise NodeError(
                f"{name} of shape {shape} has {len(tensor.data)} bytes instead of {wanted}"
            )
        data = tensor.data.view(dtype).reshape(shape)
    return Tensor(tensor.name, shape, dtype, _quantization(tensor, dtype), data)


def _quantization(tensor: FileTensor, dtype: np.dtype[Any]) -> QuantizationParameters | None:
    scales, zero_points, axis = tensor.scales, tensor.zero_points, tensor.axis
    name = shown(tensor.name)
    if not len(scales):
        return None
    bad = scales[~(np.isfinite(scales) & (scales > 0))]
    if len(bad):
        raise NodeError(f"{name} has the scale {bad[0]}")
    if len(scales) != len(zero_points):
        raise NodeError(f"{name} has {len(scales)} scales and {len(zero_points)} zero points")
    is_along_axis = 0 <= axis < len(tensor.shape) and len(scales) == tensor.shape[axis]
    if len(scales) > 1 and not is_along_axis:
        raise NodeError(f"{name} of shape {tensor.shape} has {len(scales)} scales on axis {axis}")
    if np.issubdtype(dtype, np.integer):
        bounds = np.iinfo(dtype)
        outside = zero_points[(zero_points < bounds.min) | (zero_points > bounds.max)]
        if len(outside):
            raise NodeError(f"{name} is {dtype} and has the zero point {outside[0]}")
    return QuantizationParameters(scales, zero_points, axis if len(scales) > 1 else None)


def _moved(stored: Tensor, arrangement: Arrangement) -> QuantizationParameters | None:
    """The quantization with the axis that the channels have in the model."""
    quantization = stored.quantization
    if quantization is None or quantization.axis is None:
        return quantization
    before, after = arrangement.value
    if arrangement is not Arrangement.VECTOR and quantization.axis != before:
        raise NodeError(f"weights with scales along axis {quantization.axis}, not {before}")
    return QuantizationParameters(quantization.scales, quantization.zero_points, after)
