"""Levels that are not evenly spaced: nearest by brute force, codes and products exact."""

import itertools
import re

import numpy as np
import pytest

from golden.nonuniform import Codebook, PowerOfTwoLevels
from golden.rounding import Rounding


def nearest(x, levels):
    """The distance to the nearest of all levels, computed the long way."""
    return np.abs(np.asarray(x)[:, np.newaxis] - np.asarray(levels)).min(axis=1)


def test_levels_of_a_format_by_hand():
    levels = PowerOfTwoLevels(bits=3, exponent=0)
    assert levels.decode([-3, -2, -1, 0, 1, 2, 3]).tolist() == [-1, -0.5, -0.25, 0, 0.25, 0.5, 1]
    assert (levels.magnitudes, levels.smallest) == (3, 0.25)
    assert PowerOfTwoLevels(bits=2, exponent=3).decode([-1, 0, 1]).tolist() == [-8, 0, 8]


@pytest.mark.parametrize(
    ("value", "away", "zero"),
    [
        (0.0, 0, 0),
        (0.124, 0, 0),
        (0.125, 1, 0),
        (0.126, 1, 1),
        (0.375, 2, 1),
        (0.7, 2, 2),
        (0.75, 3, 2),
        (0.8, 3, 3),
        (1.0, 3, 3),
        (1e30, 3, 3),
    ],
)
def test_nearest_is_by_distance_and_ties_are_named(value, away, zero):
    levels = PowerOfTwoLevels(bits=3, exponent=0)
    x = [value, -value]
    assert levels.encode(x).tolist() == [away, -away]
    assert levels.encode(x, Rounding.HALF_ZERO).tolist() == [zero, -zero]


@pytest.mark.parametrize("bits", [2, 3, 4, 5, 6])
@pytest.mark.parametrize("exponent", [-20, 0, 9])
@pytest.mark.parametrize("tie", [Rounding.HALF_AWAY, Rounding.HALF_ZERO])
def test_no_power_of_two_is_nearer(bits, exponent, tie):
    levels = PowerOfTwoLevels(bits, exponent)
    all_levels = levels.decode(np.arange(-levels.magnitudes, levels.magnitudes + 1))
    rng = np.random.default_rng(bits)
    x = rng.standard_normal(3000) * np.exp2(exponent + rng.uniform(-levels.magnitudes - 2, 1, 3000))
    assert np.array_equal(np.abs(levels.decode(levels.encode(x, tie)) - x), nearest(x, all_levels))
    assert np.array_equal(levels.decode(levels.encode(all_levels, tie)), all_levels)


@pytest.mark.parametrize(
    ("largest", "exponent"), [(1.0, 0), (1.49, 0), (1.5, 1), (2.0, 1), (0.74, -1), (0.75, 0)]
)
def test_covering_puts_the_largest_level_nearest_to_the_largest_value(largest, exponent):
    assert PowerOfTwoLevels.covering([0.1, -largest], 4) == PowerOfTwoLevels(4, exponent)


@pytest.mark.parametrize("bits", [2, 4, 6])
def test_multiplication_is_a_shift(bits):
    levels = PowerOfTwoLevels(bits, -3)
    codes = np.arange(-levels.magnitudes, levels.magnitudes + 1)
    values = np.array([-(2**31), -129, -128, -1, 0, 1, 127, 2**31 - 1])[:, np.newaxis]
    products = levels.multiply(values.astype(np.int32), codes)
    assert np.array_equal(products * levels.smallest, values * levels.decode(codes))
    assert levels.multiply(np.uint32(2**32 - 1), codes[-1]) == (2**32 - 1) << (codes[-1] - 1)


def test_codebook_by_hand():
    book = Codebook([-1.0, 0.5, 4.0])
    assert book.encode([-9.0, -0.25, -0.24, 2.25, 2.26, 99.0]).tolist() == [0, 0, 1, 1, 2, 2]
    assert book.decode([2, 0]).tolist() == [4.0, -1.0]
    assert (book.bits, Codebook([1.0]).bits, Codebook(np.arange(5.0)).bits) == (2, 1, 3)


@pytest.mark.parametrize("size", [1, 2, 5, 16, 256])
def test_no_level_of_a_codebook_is_nearer(size):
    x = np.random.default_rng(size).standard_normal(2000).astype(np.float32)
    book = Codebook.fit(x, size)
    assert book.levels.size == size
    indices = book.encode(x)
    error = np.abs(book.decode(indices).astype(np.float64) - x)
    assert np.allclose(error, nearest(x, book.levels.astype(float)), rtol=0, atol=1e-12)


def test_fit_finds_the_clusters_there_are():
    rng = np.random.default_rng(1)
    centres = np.float32([-7.0, -1.0, 0.0, 2.0, 30.0])
    x = np.repeat(centres, [5, 500, 20, 3, 100]) + rng.uniform(-0.01, 0.01, 628)
    assert Codebook.fit(x, 5).levels == pytest.approx(centres, abs=0.02)


@pytest.mark.parametrize("seed", range(5))
def test_fit_of_few_values_is_the_best_of_all_partitions(seed):
    x = np.sort(np.random.default_rng(seed).normal(0, 1, 9) ** 3).astype(np.float32)
    cuts = itertools.combinations(range(1, 9), 3)
    least = min(sum(part.var() * part.size for part in np.split(x, cut)) for cut in cuts)
    book = Codebook.fit(x, 4)
    assert np.sum((book.decode(book.encode(x)) - x) ** 2) == pytest.approx(least, rel=1e-4)


@pytest.mark.parametrize("distinct", [257, 300, 511, 512])
def test_fit_of_up_to_512_distinct_values_is_the_best_there_is(distinct):
    """Of 256 places far apart some hold two values close together: each place is a level."""
    rng = np.random.default_rng(distinct)
    places = np.cumsum(rng.integers(1, 100, 256)).astype(np.float64)
    apart = np.where(rng.permutation(256) < distinct - 256, 2.0**-6, 0.0)
    x = np.union1d(places - apart, places + apart)
    assert x.size == distinct
    assert np.array_equal(Codebook.fit(x, 256).levels, places)


def test_fit_leaves_every_level_at_the_mean_of_its_values():
    x = np.random.default_rng(2).standard_normal(50_000).round(2).astype(np.float32)
    assert np.unique(x).size > 512
    book = Codebook.fit(x, 8, iterations=1000)
    indices = book.encode(x)
    means = [x[indices == i].mean(dtype=np.float64) for i in range(8)]
    assert book.levels == pytest.approx(means, abs=1e-6)


def test_fit_is_close_to_the_known_optimum_of_the_normal_distribution():
    # Max (1960): the least squared error of 8 levels for the unit normal is 0.03454.
    x = np.random.default_rng(3).standard_normal(200_000)
    book = Codebook.fit(x, 8)
    assert np.mean((book.decode(book.encode(x)) - x) ** 2) == pytest.approx(0.03454, rel=0.02)


def test_fit_is_the_same_every_time_and_in_any_order():
    x = np.random.default_rng(4).standard_normal(999)
    assert np.array_equal(Codebook.fit(x, 16).levels, Codebook.fit(x[::-1], 16).levels)


@pytest.mark.parametrize("x", [[3.0], [3.0, 3.0], [1.0, 2.0, 3.0, 2.0]])
def test_few_distinct_values_are_their_own_levels(x):
    book = Codebook.fit(x, 4)
    assert book.decode(book.encode(x)).tolist() == x
    assert book.levels.tolist() == sorted(set(x))


LEVELS = PowerOfTwoLevels(3, 0)


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (lambda: PowerOfTwoLevels(1, 0), ValueError, "bits must be from 2 to 6, not 1"),
        (lambda: PowerOfTwoLevels(7, 0), ValueError, "bits must be from 2 to 6, not 7"),
        (lambda: PowerOfTwoLevels(4, 0.5), TypeError, "exponent must be an integer, not 0.5"),
        (lambda: PowerOfTwoLevels.covering([0.0], 4), ValueError,
         "values must not all be 0 to find their exponent"),
        (lambda: LEVELS.encode([np.nan]), ValueError, "values must be finite, not nan at (0,)"),
        (lambda: LEVELS.encode([1.0], Rounding.FLOOR), ValueError,
         "tie must be half_away or half_zero, not floor"),
        (lambda: LEVELS.decode([0, -4]), ValueError, "codes must be from -3 to 3, not -4"),
        (lambda: LEVELS.decode([1.0]), TypeError, "codes must be integers, not float64"),
        (lambda: LEVELS.multiply([1.0], [1]), TypeError,
         "values must be integers that fit int64, not float64"),
        (lambda: LEVELS.multiply([1, -(2**31) - 1], [1]), ValueError,
         "values must have at most 32 bits, not be -2147483649"),
        (lambda: LEVELS.multiply(2**32, 1), ValueError,
         "values must have at most 32 bits, not be 4294967296"),
        (lambda: Codebook([1.0, 1.0]), ValueError, "levels must rise, not go from 1.0 to 1.0"),
        (lambda: Codebook([[1.0]]), ValueError,
         "levels must be a list of 1 to 256, not of shape (1, 1)"),
        (lambda: Codebook([0.0, np.inf]), ValueError, "levels must be finite, not inf at (1,)"),
        (lambda: Codebook.fit([1.0], 0), ValueError,
         "size must be an integer from 1 to 256, not 0"),
        (lambda: Codebook.fit([], 4), ValueError,
         "values must hold at least one number, not have shape (0,)"),
        (lambda: Codebook([0.0, 1.0]).decode([2]), ValueError, "codes must be from 0 to 1, not 2"),
    ],
)  # fmt: skip
def test_illegal_levels_and_codes_are_refused(call, error, sentence):
    with pytest.raises(error, match=f"^{re.escape(sentence)}$"):
        call()
