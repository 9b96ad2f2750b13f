"""The two searches behind `golden.ranges`: least squared error and least divergence."""

import numpy as np
from numpy.typing import NDArray

from golden.fake_quantize import fake_quantize
from golden.formats import IntegerFormat
from golden.quantization import Range
from golden.quantize import QuantizationKind, choose

__all__ = ["entropy_magnitude", "least_squares_range"]

Limits = tuple[NDArray[np.float64], NDArray[np.float64]]

_COARSE = 2.0 ** (-np.arange(49) / 4)
"""From the whole range down to 1/4096 of it: one value can be that far out."""
_FINE = 2.0 ** (np.arange(-8, 9) / 32)
_FINEST = 2.0 ** (np.arange(-4, 5) / 128)

_BLOCK = 1 << 16
"""Values quantized at a time: what stays in the cache is several times as fast."""


def least_squares_range(
    rows: NDArray[np.float32],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
    fmt: IntegerFormat,
    symmetric: bool,
) -> Limits:
    """Return the range of each row whose quantization to `fmt` has the least squared error.

    Each candidate is really quantized. First both ends are cut to one magnitude, then each end
    moves on its own by coarse steps, then zero point and scale by fine ones. It is a search, not a
    proof: another range may still be a little better where the error is ragged, as it is for a row
    of few values.
    """
    kind = QuantizationKind.SYMMETRIC if symmetric else QuantizationKind.ASYMMETRIC
    low, high = np.minimum(low, 0.0), np.maximum(high, 0.0)
    top = np.maximum(-low, high)
    if symmetric:
        low, high = -top, top
    search = _Search(rows, fmt, kind, low, high)
    search.try_all([(np.maximum(low, -top * f), np.minimum(high, top * f)) for f in _COARSE])
    one_sided = not low.any() or not high.any()
    if not (symmetric or one_sided):
        for _ in range(2):
            search.try_all([(search.low, high * f) for f in _COARSE])
            search.try_all([(low * f, search.high) for f in _COARSE])
    for factors in (_FINE, _FINEST):
        if not (symmetric or one_sided):
            search.try_all(search.shifted())
        search.try_all([(search.low * f, search.high * f) for f in factors])
    return search.low, search.high


class _Search:
    """The best range of each row so far, starting with the whole one."""

    def __init__(
        self,
        rows: NDArray[np.float32],
        fmt: IntegerFormat,
        kind: QuantizationKind,
        low: NDArray[np.float64],
        high: NDArray[np.float64],
    ) -> None:
        self.rows, self.fmt, self.kind = rows, fmt, kind
        width = max(_BLOCK // len(rows), 1)
        self.blocks = [rows[:, i : i + width] for i in range(0, rows.shape[1], width)]
        self.low, self.high = low, high
        self.error = self._squared_error(low, high)

    def try_all(self, candidates: list[Limits]) -> None:
        """Keep, row by row, the best of the candidates if it is better than what there is."""
        for low, high in candidates:
            error = self._squared_error(low, high)
            better = error < self.error
            self.error = np.where(better, error, self.error)
            self.low = np.where(better, low, self.low)
            self.high = np.where(better, high, self.high)

    def shifted(self) -> list[Limits]:
        """Return the best ranges with the zero point some codes up or down, scale unchanged."""
        q = choose(Range(self.low, self.high, axis=0), self.fmt, self.kind)
        exact, step = q.range, q.scale.astype(np.float64)
        return [
            (np.minimum(exact.low + k * step, 0.0), np.maximum(exact.high + k * step, 0.0))
            for k in range(-3, 4)
        ]

    def _squared_error(
        self, low: NDArray[np.float64], high: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        q = choose(Range(low, high, axis=0), self.fmt, self.kind)
        total = np.zeros(len(self.rows))
        for block in self.blocks:
            error = fake_quantize(block, q) - block
            total += np.square(error, dtype=np.float64).sum(axis=1)
        return total


def entropy_magnitude(
    rows: NDArray[np.float32], fmt: IntegerFormat, symmetric: bool, bins: int
) -> NDArray[np.float64]:
    """Return the clipping magnitude of each row with the least Kullback-Leibler divergence.

    The magnitudes that are not 0 (0 is a code at any scale) make a histogram P of `bins` bins. A
    candidate keeps the first i of them, adds the values beyond to the last one it keeps, and is
    compared with Q: the kept bins merged into as many levels as the format has for a magnitude,
    each level's count spread over those of its bins that are not empty in P (Migacz, "8-bit
    inference with TensorRT", 2017). A candidate is out of the question when P has values in a level
    where Q has none. Among equals the widest range wins.
    """
    result = np.zeros(len(rows))
    for i, row in enumerate(rows):
        magnitudes = np.abs(row[row != 0]).astype(np.float64)
        if magnitudes.size:
            one_sided = not symmetric and (row.min() >= 0 or row.max() <= 0)
            levels = 2 ** (fmt.bits - (not one_sided))
            top = magnitudes.max()
            places = np.minimum((magnitudes / top * bins).astype(np.int64), bins - 1)
            kept = _least_divergent(np.bincount(places, minlength=bins), levels)
            result[i] = top * (kept / bins)
    return result


def _least_divergent(histogram: NDArray[np.int64], levels: int) -> int:
    """Return how many bins to keep: the divergences of all candidates at once, from running sums.

    Inside one level Q is constant over its bins that are not empty, so the divergence needs only
    sums over bins and levels: sum P ln P - sum over levels of P(level) ln Q(bin of the level).
    """
    bins = len(histogram)
    if levels >= bins:
        return bins  # no merging: keeping everything has no divergence
    count, filled, information = (
        np.concatenate([[0], np.cumsum(part)])
        for part in (histogram, histogram > 0, _x_log_x(histogram))
    )
    kept = np.arange(levels, bins + 1)
    edges = np.arange(levels + 1) * kept[:, np.newaxis] // levels
    q_level = np.diff(count[edges])
    cells = np.diff(filled[edges])
    last = histogram[kept - 1]
    beyond = count[-1] - count[kept]
    p_level = q_level.copy()
    p_level[:, -1] += beyond
    cells[:, -1] += (last == 0) & (beyond > 0)
    p_log_p = information[kept] - _x_log_x(last) + _x_log_x(last + beyond)
    with np.errstate(divide="ignore", invalid="ignore"):
        q_bin = q_level / (cells * count[kept, np.newaxis])
        cross = np.where(p_level > 0, p_level * np.log(q_bin), 0.0).sum(axis=1)
    impossible = ((p_level > 0) & (q_level == 0)).any(axis=1)
    divergence = np.where(impossible, np.inf, p_log_p - cross) / count[-1]
    return int(kept[divergence <= divergence.min() + 1e-9].max())


def _x_log_x(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.asarray(counts * np.log(np.maximum(counts, 1)), dtype=np.float64)
