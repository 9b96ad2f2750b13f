import numpy as np
import pytest

from flow.gemm_layout import operand_words, result_rows, weight_words


def codes(*shape):
    return np.random.default_rng(1).integers(-128, 128, shape, np.int8)


@pytest.mark.parametrize(("m", "k", "rows"), [(1, 1, 1), (3, 5, 2), (2, 8, 4), (5, 9, 4)])
def test_the_operand_stands_step_by_step(m, k, rows):
    matrix = codes(m, k)
    words = operand_words(matrix, rows)
    for step in range(-(-k // rows)):
        for row in range(m):
            for index in range(rows):
                column = step * rows + index
                expected = matrix[row, column] if column < k else 0
                assert words[step * m + row, index] == expected
    assert len(words) == -(-k // rows) * m


@pytest.mark.parametrize(("k", "n", "side"), [(1, 1, 1), (3, 5, 2), (8, 4, 4), (9, 5, 4)])
def test_weights_stand_tile_by_tile(k, n, side):
    matrix = codes(k, n)
    words = weight_words(matrix, side, side)
    steps = -(-k // side)
    for tile in range(-(-n // side)):
        for row in range(steps * side):
            for index in range(side):
                column = tile * side + index
                expected = matrix[row, column] if row < k and column < n else 0
                assert words[tile * steps * side + row, index] == expected


def test_results_are_an_operand():
    matrix = codes(5, 12)
    np.testing.assert_array_equal(result_rows(operand_words(matrix, 4), 5), matrix)
