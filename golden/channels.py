"""What the quantization modules share: checking arrays and walking along a channel axis."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["as_codes", "as_float", "as_float32", "as_rows", "check_axis", "spread"]


def as_float(values: ArrayLike, name: str = "values") -> NDArray[Any]:
    """Return `values` as an array of whatever floating-point type it has, finite and not empty.

    Raises TypeError for another kind of array, ValueError for NaN, an infinity or no values.
    """
    array = np.asarray(values)
    if array.dtype.kind != "f":
        raise TypeError(f"{name} must be floating point, not {array.dtype}")
    if array.size == 0:
        raise ValueError(f"{name} must hold at least one number, not have shape {array.shape}")
    finite = np.isfinite(array)
    if not finite.all():
        index = tuple(int(i) for i in np.unravel_index(int(np.argmin(finite)), array.shape))
        where = f" at {index}" if index else ""
        raise ValueError(f"{name} must be finite, not {array[index]}{where}")
    return array


def as_float32(values: ArrayLike, name: str = "values") -> NDArray[np.float32]:
    """Return `values` rounded to float32, ties to even; NaN and infinities pass."""
    array = np.asarray(values)
    if array.dtype.kind != "f":
        raise TypeError(f"{name} must be floating point, not {array.dtype}")
    with np.errstate(over="ignore", invalid="ignore"):
        return array.astype(np.float32, copy=False)


def as_codes(codes: ArrayLike, low: int, high: int) -> NDArray[np.integer]:
    """Return `codes` as an array of whatever integer type it has, all from `low` to `high`.

    Raises TypeError for another kind of array, ValueError for a code outside.
    """
    array = np.asarray(codes)
    if array.dtype.kind not in "iu":
        raise TypeError(f"codes must be integers, not {array.dtype}")
    for end in (array.min(), array.max()) if array.size else ():
        if not low <= int(end) <= high:
            raise ValueError(f"codes must be from {low} to {high}, not {end}")
    return array


def check_axis(axis: int | None, ndim: int) -> int | None:
    """Return `axis` counted from the front; raise ValueError when there is no such axis."""
    if axis is None:
        return None
    if not -ndim <= axis < ndim:
        raise ValueError(f"axis must be from {-ndim} to {ndim - 1} for {ndim} axes, not {axis}")
    return axis % ndim


def as_rows(values: NDArray[Any], axis: int | None) -> NDArray[Any]:
    """Return shape (channels, values of a channel), or (1, all values) when `axis` is None."""
    axis = check_axis(axis, values.ndim)
    if axis is None:
        return values.reshape(1, -1)
    return np.moveaxis(values, axis, 0).reshape(values.shape[axis], -1)


def spread(per_channel: NDArray[Any], shape: tuple[int, ...], axis: int | None) -> NDArray[Any]:
    """Shape a scalar or one number a channel so that it broadcasts over an array of `shape`."""
    axis = check_axis(axis, len(shape))
    if axis is None:
        return per_channel
    if shape[axis] != per_channel.size:
        raise ValueError(
            f"axis {axis} must have {per_channel.size} channels as the quantization has, "
            f"not {shape[axis]}"
        )
    return per_channel.reshape([-1 if i == axis else 1 for i in range(len(shape))])
