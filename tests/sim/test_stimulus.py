import numpy as np
import pytest

from sim.stimulus import corners, extreme, operand_pairs, weighted


@pytest.mark.parametrize(
    ("bits", "values"),
    [
        (8, [-128, -127, -1, 0, 1, 126, 127]),
        (4, [-8, -7, -1, 0, 1, 6, 7]),
        (2, [-2, -1, 0, 1]),
        (1, [-1, 0]),
    ],
)
def test_corners(bits, values):
    assert corners(bits).tolist() == values


def test_every_corner_has_weight_and_every_value_comes():
    drawn = weighted(np.random.default_rng(1), (200_000,))
    values, counts = np.unique(drawn, return_counts=True)
    assert values.tolist() == list(range(-128, 128))
    share = dict(zip(values.tolist(), counts / len(drawn), strict=True))
    assert all(share[corner] > 0.06 for corner in corners(8).tolist())
    assert share[50] < 0.004


def test_extremes_are_nothing_else():
    tiles = dict(extreme(np.random.default_rng(1), (3, 5)))
    assert set(np.unique(tiles.pop("lowest and highest"))) == {-128, 127}
    assert [np.unique(tile).tolist() for tile in tiles.values()] == [[v] for v in corners(8)]


def test_operand_pairs_bound_the_product():
    pairs = {name: (a, b) for name, a, b in operand_pairs(np.random.default_rng(1), (2, 3), (3, 4))}
    a, b = pairs["all (-128)(-128)"]
    assert (a @ b == 3 * 16384).all()
    assert {a.shape for a, _ in pairs.values()} == {(2, 3)}
    assert len(pairs) == 5
