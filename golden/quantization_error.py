"""How much a quantization loses: largest and mean error, signal to quantization noise, clipping."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from golden.channels import as_float, as_rows, check_axis
from golden.fake_quantize import fake_quantize
from golden.quantization import Quantization
from golden.quantize import saturates
from golden.rounding import Rounding

__all__ = ["QuantizationError", "channel_errors", "decibels", "error_between", "quantization_error"]


@dataclass(frozen=True)
class QuantizationError:
    """The error `restored - x` over a set of values; `row()` lines up under `HEADER`."""

    count: int
    """How many values."""
    max_abs: float
    """The largest magnitude of the error."""
    mean: float
    """The mean error with its sign: the bias that quantization adds."""
    mean_squared: float
    """The mean of the squared error."""
    sqnr_db: float
    """10 log10(sum of x^2 / sum of error^2); infinite when there is no error."""
    clipped: float
    """The fraction of the values that saturated, from 0 to 1."""

    HEADER: ClassVar[str] = (
        f"{'':<20} {'values':>9} {'max |error|':>11} {'mean error':>11} "
        f"{'MSE':>10} {'SQNR dB':>8} {'clipped %':>9}"
    )

    def row(self, name: str = "") -> str:
        """Return the figures as a line of the table under `HEADER`."""
        return (
            f"{name:<20} {self.count:>9} {self.max_abs:>11.4g} {self.mean:>+11.3g} "
            f"{self.mean_squared:>10.4g} {self.sqnr_db:>8.2f} {100 * self.clipped:>9.3f}"
        )


def quantization_error(
    x: ArrayLike,
    q: Quantization,
    rounding: Rounding = Rounding.HALF_EVEN,
    *,
    seed: int | None = None,
) -> QuantizationError:
    """Return the error of `dequantize(quantize(x))` over all values, which must be finite."""
    values = as_float(x)
    restored = fake_quantize(values, q, rounding, seed=seed)
    return error_between(values, restored, saturates(values, q, rounding, seed=seed))


def channel_errors(
    x: ArrayLike,
    q: Quantization,
    axis: int,
    rounding: Rounding = Rounding.HALF_EVEN,
    *,
    seed: int | None = None,
) -> list[QuantizationError]:
    """Return the error of each channel of `axis`, whether `q` is per axis or per tensor."""
    values = as_float(x)
    check_axis(axis, values.ndim)
    arrays = (
        values,
        fake_quantize(values, q, rounding, seed=seed),
        saturates(values, q, rounding, seed=seed),
    )
    return [error_between(*rows) for rows in zip(*(as_rows(a, axis) for a in arrays), strict=True)]


def error_between(
    x: ArrayLike, restored: ArrayLike, clipped: NDArray[np.bool_] | None = None
) -> QuantizationError:
    """Return the error between values and what any quantizer, uniform or not, made of them.

    `clipped` marks the values that saturated; without it none did. Sums are in float64.
    """
    values = as_float(x).astype(np.float64, copy=False)
    results = as_float(restored, "restored").astype(np.float64, copy=False)
    if values.shape != results.shape:
        raise ValueError(f"restored must have the shape of x, {values.shape}, not {results.shape}")
    error = results - values
    noise, signal = float(np.vdot(error, error)), float(np.vdot(values, values))
    return QuantizationError(
        count=values.size,
        max_abs=float(np.abs(error).max()),
        mean=float(error.mean()),
        mean_squared=noise / values.size,
        sqnr_db=decibels(signal, noise),
        clipped=0.0 if clipped is None else float(np.mean(clipped)),
    )


def decibels(signal: float, noise: float) -> float:
    """Return 10 log10(signal / noise): infinite without noise, minus infinite without signal."""
    if noise == 0:
        return math.inf
    return 10 * math.log10(signal / noise) if signal else -math.inf
