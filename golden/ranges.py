"""Finding the clipping range of real values before they are quantized."""

from collections.abc import Sequence
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from golden.channels import as_float, as_float32, as_rows, check_axis
from golden.formats import IntegerFormat
from golden.quantization import Range
from golden.range_search import entropy_magnitude, least_squares_range

__all__ = ["Range", "RangeRule", "find_range"]


class RangeRule(Enum):
    """How the clipping range follows from the values."""

    MIN_MAX = "min_max"
    """The smallest and the largest value: nothing is clipped."""
    MOVING_AVERAGE = "moving_average"
    """Minimum and maximum averaged over a list of batches, later batches counting more."""
    PERCENTILE = "percentile"
    """The magnitude that a given percentage of the magnitudes does not exceed."""
    MEAN_SQUARED_ERROR = "mean_squared_error"
    """The range whose quantization has the least mean squared error."""
    ENTROPY = "entropy"
    """The magnitude whose quantized histogram is the least divergent from the real one."""


def find_range(
    x: ArrayLike | Sequence[ArrayLike],
    rule: RangeRule,
    fmt: IntegerFormat,
    *,
    axis: int | None = None,
    symmetric: bool = False,
    momentum: float | None = None,
    percent: float | None = None,
    bins: int | None = None,
) -> Range:
    """Find the clipping range of finite floating-point values.

    Parameters
    ----------
    x
        The values, or for MOVING_AVERAGE a list of arrays, one a batch.
    rule
        What makes a good range.
    fmt
        The format of the codes; MEAN_SQUARED_ERROR and ENTROPY depend on it.
    axis
        The axis whose channels get a range each.
    symmetric
        Make the range [-A, A].
    momentum
        MOVING_AVERAGE: the weight of the past at each batch, from 0 to below 1; 0.9 if not given.
    percent
        PERCENTILE: how many of 100 magnitudes stay inside, above 0 to 100; 99.99 if not given.
    bins
        ENTROPY: bins of the histogram of magnitudes, from 2 to 8192; 2048 if not given.

    PERCENTILE and ENTROPY find a magnitude A; without `symmetric` the range is then the minimum and
    maximum, clipped to [-A, A]. An ordinary range needs no finding: write `Range(low, high)`.

    Raises ValueError for NaN, an infinity, no values, or a parameter that belongs to another rule.
    """
    _check_parameters(rule, momentum=momentum, percent=percent, bins=bins)
    if rule is RangeRule.MOVING_AVERAGE:
        low, high, axis = _moving_average(x, axis, 0.9 if momentum is None else momentum)
    else:
        values = as_float(as_float32(np.asarray(x)))
        axis = check_axis(axis, values.ndim)
        rows = as_rows(values, axis)
        low, high = _limits(rows)
        match rule:
            case RangeRule.PERCENTILE:
                magnitude = _percentile(rows, 99.99 if percent is None else percent)
                low, high = _clip(low, high, magnitude)
            case RangeRule.ENTROPY:
                magnitude = entropy_magnitude(rows, fmt, symmetric, 2048 if bins is None else bins)
                low, high = _clip(low, high, magnitude)
            case RangeRule.MEAN_SQUARED_ERROR:
                low, high = least_squares_range(rows, low, high, fmt, symmetric)
    if symmetric:
        high = np.maximum(np.abs(low), np.abs(high))
        low = -high
    shape = () if axis is None else low.shape
    return Range(low.reshape(shape), high.reshape(shape), axis)


_OWNER = {
    "momentum": RangeRule.MOVING_AVERAGE,
    "percent": RangeRule.PERCENTILE,
    "bins": RangeRule.ENTROPY,
}


def _check_parameters(rule: RangeRule, **parameters: float | None) -> None:
    if not isinstance(rule, RangeRule):
        raise TypeError(f"rule must be a RangeRule, not {rule!r}")
    for name, value in parameters.items():
        if value is not None and _OWNER[name] is not rule:
            raise ValueError(f"{name} belongs to {_OWNER[name].value}, not to {rule.value}")
    momentum, percent, bins = (parameters[name] for name in ("momentum", "percent", "bins"))
    if momentum is not None and not 0 <= momentum < 1:
        raise ValueError(f"momentum must be from 0 to below 1, not {momentum}")
    if percent is not None and not 0 < percent <= 100:
        raise ValueError(f"percent must be above 0 and at most 100, not {percent}")
    if bins is not None and not (isinstance(bins, int) and 2 <= bins <= 8192):
        raise ValueError(f"bins must be an integer from 2 to 8192, not {bins}")


def _limits(rows: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return rows.min(axis=1).astype(np.float64), rows.max(axis=1).astype(np.float64)


def _clip(
    low: NDArray[np.float64], high: NDArray[np.float64], magnitude: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return np.clip(low, -magnitude, magnitude), np.clip(high, -magnitude, magnitude)


def _moving_average(
    batches: ArrayLike | Sequence[ArrayLike], axis: int | None, momentum: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], int | None]:
    if not isinstance(batches, (list, tuple)):
        raise TypeError(f"a moving average needs a list of batches, not {type(batches).__name__}")
    if not batches:
        raise ValueError("a moving average needs at least one batch, not an empty list")
    names = [f"batch {i}" for i in range(len(batches))]
    arrays = [as_float(as_float32(b, name), name) for b, name in zip(batches, names, strict=True)]
    limits = [_limits(as_rows(array, axis)) for array in arrays]
    low, high = limits[0]
    for i, (next_low, next_high) in enumerate(limits):
        if next_low.shape != low.shape:
            raise ValueError(f"batch {i} must have {low.size} channels, not {next_low.size}")
        low = momentum * low + (1 - momentum) * next_low
        high = momentum * high + (1 - momentum) * next_high
    return low, high, check_axis(axis, arrays[0].ndim)


def _percentile(rows: NDArray[Any], percent: float) -> NDArray[np.float64]:
    """Return the least magnitude of each row that `percent` of the magnitudes do not exceed.

    Rows that are zero but for a few values would get 0, which clips all they hold: those get their
    largest magnitude.
    """
    magnitudes = np.abs(rows)
    found = np.percentile(magnitudes, percent, axis=1, method="inverted_cdf")
    found = np.where(found > 0, found, magnitudes.max(axis=1))
    return np.asarray(found, dtype=np.float64)
