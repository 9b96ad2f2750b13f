"""How matrices become tiles and passes for a weight-stationary engine of rows x columns.

Rows are the reduction axis, columns the output channels. What does not fill a tile is zero, and
adds nothing to a sum.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from golden.accumulate_operation import AccumulateOperation

__all__ = [
    "Pass",
    "passes",
    "split_rows",
    "tile_activations",
    "tile_count",
    "tile_weights",
    "untile_outputs",
]

Matrix = npt.NDArray[Any]


@dataclass(frozen=True)
class Pass:
    """One weight tile applied to some rows of activations.

    Parameters
    ----------
    first : the first activation row
    count : how many activation rows
    n_tile, k_tile : the weight tile
    operation : what is done with the accumulators
    drain : the accumulators are complete after this pass

    """

    first: int
    count: int
    n_tile: int
    k_tile: int
    operation: AccumulateOperation
    drain: bool


def tile_count(length: int, size: int) -> int:
    """Tiles of `size` that cover `length`."""
    return -(-_positive("length", length) // _positive("size", size))


def split_rows(m: int, depth: int) -> list[int]:
    """Chunks of `m` activation rows that fit accumulators of `depth`: full ones, then the rest.

    >>> split_rows(20, 8)
    [8, 8, 4]
    """
    full, rest = divmod(_positive("m", m), _positive("depth", depth))
    return [depth] * full + [rest] * (rest > 0)


def passes(
    m: int,
    k: int,
    n: int,
    *,
    rows: int,
    cols: int,
    depth: int,
    rest: AccumulateOperation = AccumulateOperation.ADD,
) -> Iterator[Pass]:
    """The passes of a product (m, k) x (k, n) in the engine's order.

    For each chunk of activation rows, for each column of weight tiles, down the reduction axis: the
    first pass sets, the later ones do `rest`, the last one drains.
    """
    k_tiles, n_tiles = tile_count(k, rows), tile_count(n, cols)
    first = 0
    for count in split_rows(m, depth):
        for n_tile in range(n_tiles):
            for k_tile in range(k_tiles):
                operation = rest if k_tile else AccumulateOperation.SET
                last = k_tile == k_tiles - 1
                yield Pass(first, count, n_tile, k_tile, operation=operation, drain=last)
        first += count


def tile_weights(w: Matrix, rows: int, cols: int) -> Matrix:
    """Weights (K, N) as tiles (n_tiles, k_tiles, rows, cols), padded with zeros."""
    k, n = _checked_shape("w", w)
    k_tiles, n_tiles = tile_count(k, rows), tile_count(n, cols)
    padded = np.pad(w, ((0, k_tiles * rows - k), (0, n_tiles * cols - n)))
    return padded.reshape(k_tiles, rows, n_tiles, cols).transpose(2, 0, 1, 3).copy()


def tile_activations(a: Matrix, rows: int) -> Matrix:
    """Activations (M, K) as slices (k_tiles, M, rows) of the reduction axis, padded with zeros."""
    m, k = _checked_shape("a", a)
    k_tiles = tile_count(k, rows)
    padded = np.pad(a, ((0, 0), (0, k_tiles * rows - k)))
    return padded.reshape(m, k_tiles, rows).transpose(1, 0, 2).copy()


def untile_outputs(tiles: Matrix, n: int) -> Matrix:
    """Outputs (n_tiles, M, cols) as one matrix (M, n), without the padding columns."""
    if tiles.ndim != 3:
        raise ValueError(f"tiles must have shape (n_tiles, M, cols), not {tiles.shape}")
    n_tiles, m, cols = tiles.shape
    if tile_count(n, cols) != n_tiles:
        raise ValueError(f"{n} columns need {tile_count(n, cols)} tiles of {cols}, not {n_tiles}")
    return tiles.transpose(1, 0, 2).reshape(m, n_tiles * cols)[:, :n].copy()


def _checked_shape(name: str, matrix: Matrix) -> tuple[int, int]:
    if matrix.ndim != 2 or 0 in matrix.shape:
        raise ValueError(f"{name} must be a matrix that is not empty, not of shape {matrix.shape}")
    return matrix.shape[0], matrix.shape[1]


def _positive(name: str, value: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name} must be an integer, not {value!r}")
    if value < 1:
        raise ValueError(f"{name} must be at least 1, not {value}")
    return value
