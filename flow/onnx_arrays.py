"""Constants of ONNX files as arrays; what they need is seen to be there before it is allocated."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import TensorProto

from flow.errors import UserError
from flow.unsupported import shown

__all__ = [
    "MAX_ELEMENTS",
    "MAX_RANK",
    "Array",
    "BadModelError",
    "ForeignTypeError",
    "array_of",
    "check_shape",
    "dtype_of",
    "text_of",
]

Array = npt.NDArray[Any]

MAX_ELEMENTS = 1 << 28
"""Elements of the largest tensor."""

MAX_RANK = 8
"""Dimensions of a tensor."""

_DTYPES: dict[int, np.dtype[Any]] = {
    TensorProto.FLOAT: np.dtype(np.float32),
    TensorProto.INT8: np.dtype(np.int8),
    TensorProto.UINT8: np.dtype(np.uint8),
    TensorProto.INT32: np.dtype(np.int32),
    TensorProto.INT64: np.dtype(np.int64),
}


class BadModelError(Exception):
    """What a file says cannot be so; it stands behind "it is not a whole ONNX model:"."""


class ForeignTypeError(Exception):
    """A tensor is of a type that is not imported; a sentence that says so."""


def dtype_of(kind: int, name: str) -> np.dtype[Any]:
    """The dtype of an element type of the file; ForeignTypeError for one that is not imported."""
    if kind not in _DTYPES:
        known = TensorProto.DataType.items()
        said = next((label for label, value in known if value == kind), str(kind))
        raise ForeignTypeError(
            f"tensor {shown(name)} must be of FLOAT, INT8, UINT8, INT32 or INT64, not {said}"
        )
    return _DTYPES[kind]


def check_shape(shape: tuple[int, ...], name: str) -> tuple[int, ...]:
    """A shape that a tensor may have; BadModelError, which names the tensor, for any other."""
    if len(shape) > MAX_RANK:
        raise BadModelError(
            f"tensor {shown(name)} must have at most {MAX_RANK} dimensions, not {len(shape)}"
        )
    if any(length < 0 for length in shape) or math.prod(shape) > MAX_ELEMENTS:
        raise BadModelError(
            f"tensor {shown(name)} must have at most {MAX_ELEMENTS} elements, not a shape of "
            f"{list(shape)}"
        )
    return shape


def text_of(value: str | bytes) -> str:
    """A name of the file, which protobuf gives as bytes if it is not UTF-8."""
    if isinstance(value, bytes):
        raise BadModelError("one of its names is no text")
    return value


def array_of(proto: TensorProto, name: str) -> Array:
    """The elements of a constant.

    Raises
    ------
    BadModelError
        Its elements are not as many as its shape says, or do not fit its type.
    UserError
        It lies in another file.
    ForeignTypeError
        It is of a type that is not imported.
    """
    if proto.data_location == TensorProto.EXTERNAL or proto.external_data:
        raise UserError(
            f"tensor {shown(name)} lies outside of the file; save the model as one file"
        )
    dtype = dtype_of(proto.data_type, name)
    shape = check_shape(tuple(proto.dims), name)
    if proto.HasField("raw_data"):
        little = dtype.newbyteorder("<")
        _check_count(len(proto.raw_data), math.prod(shape) * dtype.itemsize, "bytes", name)
        return np.frombuffer(proto.raw_data, little).astype(dtype).reshape(shape)
    if dtype == np.float32:
        _check_count(len(proto.float_data), math.prod(shape), "elements", name)
        return np.fromiter(proto.float_data, np.float32, len(proto.float_data)).reshape(shape)
    is_int64 = dtype == np.int64
    values = proto.int64_data if is_int64 else proto.int32_data
    _check_count(len(values), math.prod(shape), "elements", name)
    wide: Array = np.fromiter(values, np.int64 if is_int64 else np.int32, len(values)).reshape(
        shape
    )
    limits = np.iinfo(dtype)
    if ((wide < limits.min) | (wide > limits.max)).any():
        raise BadModelError(f"tensor {shown(name)} has elements that do not fit {dtype}")
    return wide.astype(dtype)


def _check_count(found: int, needed: int, what: str, name: str) -> None:
    if found != needed:
        raise BadModelError(f"tensor {shown(name)} must have {needed} {what}, not {found}")
