"""What counts as an explanation; the causes are tested beside their own modules."""

import numpy as np
import pytest

from golden.diagnose import Explanation, diagnose, report
from golden.formats import INT8

RNG = np.random.default_rng(20)
DATA = RNG.integers(-128, 128, (24, 32)).astype(np.int8)
WIDE = DATA.astype(np.int64)
SQUARE = DATA[:, :24].copy()


def test_equal_data_needs_no_explanation():
    assert diagnose(DATA, DATA) == []


def test_noise_is_not_explained():
    for _ in range(20):
        noise = RNG.integers(-128, 128, DATA.shape).astype(np.int8)
        assert diagnose(noise, DATA) == []
    assert report([]) == "no single cause that is known explains the differences"


@pytest.mark.parametrize("shape", [(6,), (5, 4), (16, 16), (3, 4, 5)])
@pytest.mark.parametrize("corrupted", [1, 2, 3])
def test_scattered_corruption_is_not_explained(shape, corrupted):
    for seed in range(10):
        rng = np.random.default_rng(seed)
        expected = rng.integers(-128, 128, shape).astype(np.int8)
        actual = expected.copy()
        where = rng.choice(expected.size, corrupted, replace=False)
        actual.ravel()[where] ^= rng.integers(1, 256, corrupted).astype(np.uint8).view(np.int8)
        assert not any(item.complete for item in diagnose(actual, expected)), (seed, actual)


def test_one_wrong_element_spoils_a_complete_explanation():
    actual = np.ascontiguousarray(SQUARE.T)
    actual[2, 3] ^= 1
    (found,) = diagnose(actual, SQUARE)
    total = int(np.sum(actual != SQUARE))
    assert (found.complete, found.explained, found.total, found.spoiled) == (
        False,
        total - 1,
        total,
        0,
    )
    assert found.sentence == f"{total - 1} of {total} differences: the data is transposed"
    assert report([found]) == f"partly explained by:\n  {found.sentence}"


def test_an_equal_element_that_a_cause_would_change_is_counted():
    actual = -WIDE
    wrong = int(np.flatnonzero(DATA)[0])
    actual.ravel()[wrong] = DATA.ravel()[wrong]
    best = diagnose(actual, DATA)[0]
    total = int(np.sum(actual != DATA))
    assert (best.complete, best.explained, best.total, best.spoiled) == (False, total, total, 1)
    assert best.sentence == (
        f"all {total} differences: the sign is wrong (but then 1 equal elements would differ)"
    )


def test_three_elements_are_too_few_to_explain():
    assert diagnose([1, 2, 3], [3, 2, 1]) == []
    assert diagnose([1, 2, 3, 4], [4, 3, 2, 1]) != []


def test_a_format_that_does_not_hold_the_data_is_refused():
    with pytest.raises(ValueError, match=r"^expected is from 0 to 300, which int8 does not hold$"):
        diagnose([1, 2, 3, 4], [0, 300, 1, 2], format=INT8)


def test_report_shows_the_best_few():
    found = [Explanation(f"cause {n}", 1, 1, 0) for n in range(9)]
    assert report(found).splitlines() == ["cause:", *(f"  cause {n}" for n in range(4))]
