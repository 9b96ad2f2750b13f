"""Arguments as int64 and float64 arrays, or a sentence that says why not."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["float_array", "integer_array"]


def integer_array(values: ArrayLike, name: str = "values") -> NDArray[np.int64]:
    """Return `values` as an int64 array of the same shape; `name` is what errors call them.

    Raises TypeError unless the dtype is an integer one, ValueError if a value is beyond int64.
    """
    array = np.asarray(values)
    if array.size == 0 and not isinstance(values, np.ndarray):
        array = array.astype(np.int64)  # NumPy calls an empty list float64
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name} must be integers that fit int64, not {array.dtype}")
    if array.dtype == np.uint64 and array.size and array.max() > np.iinfo(np.int64).max:
        raise ValueError(f"{name} must fit int64, but {array.max()} does not")
    return array.astype(np.int64, copy=False)


def float_array(values: ArrayLike, name: str = "values") -> NDArray[np.float64]:
    """Return `values` as a float64 array of the same shape; `name` is what errors call them.

    Raises TypeError unless the dtype is an integer one, float16, float32 or float64, ValueError if
    an integer is not exact in float64.
    """
    array = np.asarray(values)
    if array.dtype.kind in "iu":
        return _exact_float(integer_array(array, name), name)
    if array.dtype.kind != "f" or array.dtype.itemsize > 8:
        raise TypeError(f"{name} must be float64 or convert to it exactly, not {array.dtype}")
    return array.astype(np.float64, copy=False)


def _exact_float(array: NDArray[np.int64], name: str) -> NDArray[np.float64]:
    result = array.astype(np.float64)
    # 2**63 overflows on the way back; it only comes from integers near it, never from 0.
    inexact = np.where(result == 2.0**63, 0.0, result).astype(np.int64) != array
    if inexact.any():
        raise ValueError(f"{name} must be exact in float64, but {array[inexact].flat[0]} is not")
    return result
