import re

import numpy as np
import pytest

from golden.accumulate_operation import AccumulateOperation, combine
from golden.gemm import matmul
from golden.tiling import (
    Pass,
    passes,
    split_rows,
    tile_activations,
    tile_weights,
    untile_outputs,
)

SHAPES = [(1, 1, 1), (1, 8, 4), (5, 9, 4), (16, 8, 5), (17, 23, 13), (3, 1, 9)]
ENGINES = [(1, 1, 1), (8, 4, 16), (4, 8, 5), (64, 64, 512)]
SET, ADD = AccumulateOperation.SET, AccumulateOperation.ADD


def run_passes(a, w, rows, cols, depth):
    """The product of a and w, computed as an engine does: one pass at a time."""
    slices, tiles = tile_activations(a, rows), tile_weights(w, rows, cols)
    acc = np.zeros((depth, cols), np.int32)
    out = np.zeros((tiles.shape[0], len(a), cols), np.int32)
    for step in passes(*a.shape, w.shape[1], rows=rows, cols=cols, depth=depth):
        chunk = slice(step.first, step.first + step.count)
        partial = matmul(slices[step.k_tile, chunk], tiles[step.n_tile, step.k_tile])
        acc[: step.count] = combine(step.operation, acc[: step.count], partial)
        if step.drain:
            out[step.n_tile, chunk] = acc[: step.count]
    return untile_outputs(out, w.shape[1])


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("shape", SHAPES)
def test_passes_over_tiles_give_the_whole_product(shape, engine):
    m, k, n = shape
    rng = np.random.default_rng(m * k * n)
    a = rng.integers(-128, 128, (m, k), np.int8)
    w = rng.integers(-128, 128, (k, n), np.int8)
    np.testing.assert_array_equal(run_passes(a, w, *engine), matmul(a, w))


def test_weight_tiles_keep_rows_and_columns_in_place():
    w = np.arange(6, dtype=np.int8).reshape(3, 2) + 1
    assert tile_weights(w, 2, 1).tolist() == [
        [[[1], [3]], [[5], [0]]],
        [[[2], [4]], [[6], [0]]],
    ]


def test_activation_slices_are_padded_at_the_end_of_the_reduction_axis():
    a = np.arange(6, dtype=np.int8).reshape(2, 3) + 1
    assert tile_activations(a, 2).tolist() == [[[1, 2], [4, 5]], [[3, 0], [6, 0]]]


def test_passes_go_down_the_reduction_axis_first():
    assert list(passes(3, 2, 2, rows=1, cols=1, depth=2)) == [
        Pass(0, 2, 0, 0, SET, drain=False),
        Pass(0, 2, 0, 1, ADD, drain=True),
        Pass(0, 2, 1, 0, SET, drain=False),
        Pass(0, 2, 1, 1, ADD, drain=True),
        Pass(2, 1, 0, 0, SET, drain=False),
        Pass(2, 1, 0, 1, ADD, drain=True),
        Pass(2, 1, 1, 0, SET, drain=False),
        Pass(2, 1, 1, 1, ADD, drain=True),
    ]


@pytest.mark.parametrize(
    ("m", "depth", "chunks"), [(1, 8, [1]), (8, 8, [8]), (9, 8, [8, 1]), (3, 1, [1, 1, 1])]
)
def test_split_rows(m, depth, chunks):
    assert split_rows(m, depth) == chunks


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (lambda: split_rows(0, 8), ValueError, "m must be at least 1, not 0"),
        (lambda: split_rows(3, 1.5), TypeError, "depth must be an integer, not 1.5"),
        (
            lambda: tile_weights(np.zeros((0, 3), np.int8), 8, 8),
            ValueError,
            "w must be a matrix that is not empty, not of shape (0, 3)",
        ),
        (
            lambda: untile_outputs(np.zeros((2, 5, 4), np.int8), 9),
            ValueError,
            "9 columns need 3 tiles of 4, not 2",
        ),
        (
            lambda: untile_outputs(np.zeros((5, 4), np.int8), 4),
            ValueError,
            "tiles must have shape (n_tiles, M, cols), not (5, 4)",
        ),
    ],
)
def test_refusals(call, error, sentence):
    with pytest.raises(error, match=f"^{re.escape(sentence)}$"):
        call()
