"""How matrices stand in the memories of `hw.gemm_accelerator.GemmAccelerator`.

A matrix (M, K) of activations is cut into steps of R columns: all rows of the first step, then of
the next one, a word each. Results are laid out alike, in tiles of C columns; since R = C, those of
one job can be the operand of the next. A matrix (K, N) of weights stands tile by tile, in each the
steps, in each R words of C weights. What is missing to whole steps and tiles is zero.
"""

import numpy as np
import numpy.typing as npt

__all__ = ["operand_words", "result_rows", "weight_words"]

Int8Array = npt.NDArray[np.int8]


def operand_words(matrix: Int8Array, rows: int) -> Int8Array:
    """Return the words (steps * M, R) of activations (M, K).

    >>> operand_words(np.array([[1, 2, 3], [4, 5, 6]], np.int8), 2).tolist()
    [[1, 2], [4, 5], [3, 0], [6, 0]]
    """
    m, k = matrix.shape
    padded = np.pad(matrix, ((0, 0), (0, -k % rows)))
    return padded.reshape(m, -1, rows).transpose(1, 0, 2).reshape(-1, rows)


def weight_words(matrix: Int8Array, rows: int, cols: int) -> Int8Array:
    """Return the words (tiles * steps * R, C) of weights (K, N)."""
    k, n = matrix.shape
    padded = np.pad(matrix, ((0, -k % rows), (0, -n % cols)))
    return padded.reshape(len(padded), -1, cols).transpose(1, 0, 2).reshape(-1, cols)


def result_rows(words: Int8Array, m: int) -> Int8Array:
    """Return the results (M, tiles * C) that words (tiles * M, C) are."""
    return words.reshape(-1, m, words.shape[1]).transpose(1, 0, 2).reshape(m, -1)
