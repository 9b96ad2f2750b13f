"""Clusters of numbers on a line, for codebooks: sorted distinct values, each with its count."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["best_levels", "borders", "lloyd"]

CELLS = 512
"""How many cells the exact search can afford: it needs CELLS^2 steps a level."""


def borders(levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the midpoints between neighbours."""
    return (levels[:-1] + levels[1:]) / 2


def lloyd(
    values: NDArray[np.float64],
    counts: NDArray[np.int64],
    levels: NDArray[np.float64],
    iterations: int,
) -> NDArray[np.float64]:
    """Move every level to the mean of the values nearest to it, until nothing changes.

    A level that is nearest to no value stays where it is.
    """
    number, total = _running_sums(counts, counts * values)
    for _ in range(iterations):
        ends = np.searchsorted(values, borders(levels), side="right")
        ends = np.concatenate([[0], ends, [values.size]])
        members = np.diff(number[ends])
        means = np.diff(total[ends]) / np.maximum(members, 1)
        moved = np.where(members > 0, means, levels)
        if np.array_equal(moved, levels):
            break
        levels = moved
    return levels


def best_levels(
    values: NDArray[np.float64], counts: NDArray[np.int64], size: int
) -> NDArray[np.float64]:
    """Return the `size` levels with the least squared error, at most CELLS / 2 of them.

    Clusters on a line are intervals, so that the best `size` of them end with a best last one
    behind the best `size` - 1 (dynamic programming). More than CELLS values are gathered into
    cells first, half of which hold equally many distinct values and half are equally wide.
    """
    ends = _cell_ends(values)
    centred = values - values.mean()  # keeps the differences of squares exact enough
    number, total, square = (
        sums[ends] for sums in _running_sums(counts, counts * centred, counts * centred * centred)
    )
    members = number - number[:, np.newaxis]  # [i, j]: of the cells from i to before j
    with np.errstate(divide="ignore", invalid="ignore"):
        error = square - square[:, np.newaxis] - (total - total[:, np.newaxis]) ** 2 / members
    error[members <= 0] = np.inf
    best, starts = error[0], []
    for _ in range(size - 1):
        candidates = best[:, np.newaxis] + error
        starts.append(candidates.argmin(axis=0))
        best = candidates.min(axis=0)
    edges = [ends.size - 1]
    for start in reversed(starts):
        edges.append(int(start[edges[-1]]))
    edges = [0, *reversed(edges)]
    return np.asarray(np.diff(total[edges]) / np.diff(number[edges]) + values.mean())


def _cell_ends(values: NDArray[np.float64]) -> NDArray[np.int64]:
    if values.size <= CELLS:
        return np.arange(values.size + 1)
    even = np.arange(CELLS // 2 + 1) * values.size // (CELLS // 2)
    wide = np.searchsorted(values, np.linspace(values[0], values[-1], CELLS // 2 + 1)[1:-1])
    return np.union1d(even, wide)


def _running_sums(*parts: NDArray[np.float64] | NDArray[np.int64]) -> list[NDArray[np.float64]]:
    return [np.concatenate([[0.0], np.cumsum(part, dtype=np.float64)]) for part in parts]
