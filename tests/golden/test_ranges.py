"""Clipping ranges: each rule by its defining property."""

import re

import numpy as np
import pytest

from golden.fake_quantize import fake_quantize
from golden.formats import INT4, INT8, INT16, UINT8
from golden.quantize import QuantizationKind, Range, choose
from golden.range_search import entropy_magnitude
from golden.ranges import RangeRule, find_range

MIN_MAX = RangeRule.MIN_MAX
MOVING_AVERAGE = RangeRule.MOVING_AVERAGE
PERCENTILE = RangeRule.PERCENTILE
MEAN_SQUARED_ERROR = RangeRule.MEAN_SQUARED_ERROR
ENTROPY = RangeRule.ENTROPY


def normal(count, *outliers, seed=7):
    x = np.random.default_rng(seed).standard_normal(count).astype(np.float32)
    x[: len(outliers)] = outliers
    return x


def skewed(count, seed=8):
    return np.random.default_rng(seed).gamma(1.0, 1.0, count).astype(np.float32) - np.float32(0.3)


def one_sided_with_outlier(count, seed=9):
    x = np.random.default_rng(seed).uniform(0, 8, count).astype(np.float32)
    x[0] = -7
    return x


def mean_squared_error(x, found, fmt, symmetric):
    kind = QuantizationKind.SYMMETRIC if symmetric else QuantizationKind.ASYMMETRIC
    error = fake_quantize(x, choose(found, fmt, kind)).astype(np.float64) - x
    return np.mean(error**2)


@pytest.mark.parametrize(
    ("axis", "symmetric", "expected"),
    [
        (None, False, Range(-3.0, 5.0)),
        (None, True, Range(-5.0, 5.0)),
        (0, False, Range([-3.0, 1.0], [2.0, 5.0], 0)),
        (-2, True, Range([-3.0, -5.0], [3.0, 5.0], 0)),
        (1, False, Range([-3.0, 0.0, 2.0], [4.0, 1.0, 5.0], 1)),
    ],
)
def test_min_max(axis, symmetric, expected):
    x = np.array([[-3.0, 0.0, 2.0], [4.0, 1.0, 5.0]])
    assert find_range(x, MIN_MAX, INT8, axis=axis, symmetric=symmetric) == expected


def test_moving_average_weighs_the_past_by_momentum():
    batches = [np.array([-1.0, 1.0]), np.array([-2.0, 0.0, 4.0]), np.array([0.0, 0.0])]
    assert find_range(batches, MOVING_AVERAGE, INT8, momentum=0.5) == Range(-0.75, 1.25)
    assert find_range(batches[:1], MOVING_AVERAGE, INT8) == Range(-1.0, 1.0)
    nine_tenths = find_range(batches[:2], MOVING_AVERAGE, INT8, symmetric=True)
    assert nine_tenths.high == pytest.approx(1.3)


def test_moving_average_per_channel():
    batches = [np.array([[-1.0, 1.0], [2.0, 3.0]]), np.array([[-3.0, 1.0], [4.0, 5.0]])]
    found = find_range(batches, MOVING_AVERAGE, INT8, axis=0, momentum=0.5)
    assert found == Range([-2.0, 3.0], [1.0, 4.0], 0)


@pytest.mark.parametrize("percent", [50, 90, 99, 99.99, 100])
@pytest.mark.parametrize("count", [1, 7, 1000, 100_001])
def test_percentile_is_the_least_magnitude_that_holds_enough(percent, count):
    x = normal(count)
    found = find_range(x, PERCENTILE, INT8, symmetric=True, percent=percent).high
    assert np.mean(np.abs(x) <= found) >= percent / 100
    assert np.mean(np.abs(x) < found) < percent / 100


def test_percentile_clips_minimum_and_maximum_to_the_magnitude():
    x = np.concatenate([np.linspace(-2, 6, 10_000), [1000.0]])
    found = find_range(x, PERCENTILE, INT8)
    assert (found.low, found.high) == (-2.0, pytest.approx(6.0, abs=0.01))
    assert find_range(x, PERCENTILE, INT8, percent=100) == find_range(x, MIN_MAX, INT8)


def test_percentile_of_nearly_all_zeros_is_not_zero():
    x = np.zeros(100_000)
    x[17] = 3.0
    assert find_range(x, PERCENTILE, INT8) == Range(0.0, 3.0)


@pytest.mark.parametrize("fmt", [INT4, INT8, UINT8], ids=str)
@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize(
    "x",
    [normal(20_000), normal(20_000, 30.0), normal(20_000, 40.0, -9.0), skewed(20_000), normal(500)],
    ids=["normal", "outlier", "two outliers", "skewed", "few"],
)
def test_no_range_of_a_grid_has_a_smaller_squared_error(x, symmetric, fmt):
    found = find_range(x, MEAN_SQUARED_ERROR, fmt, symmetric=symmetric)
    ours = mean_squared_error(x, found, fmt, symmetric)
    low, high = float(x.min()), float(x.max())
    top = max(-low, high)
    for f in np.linspace(0.01, 1, 100):
        grid = [(-top * f, top * f)]
        if not symmetric:
            grid += [(low * f, high * f), (max(low, -top * f), min(high, top * f))]
        for ends in grid:
            # a few values make a ragged error, where a search may miss the very best
            tolerance = 1.03 if x.size < 1000 else 1.002
            assert ours <= tolerance * mean_squared_error(x, Range(*ends), fmt, symmetric), ends


@pytest.mark.parametrize(
    "x",
    [skewed(20_000), -skewed(20_000), one_sided_with_outlier(5000), -one_sided_with_outlier(5000)],
    ids=["skewed up", "skewed down", "outlier below", "outlier above"],
)
def test_least_squared_error_moves_the_two_ends_apart(x):
    found = find_range(x, MEAN_SQUARED_ERROR, INT4)
    low, high = float(x.min()), float(x.max())
    grid = [
        Range(low * a, high * b) for a in np.linspace(0.1, 1, 25) for b in np.linspace(0.1, 1, 25)
    ]
    best = min(mean_squared_error(x, r, INT4, False) for r in grid)
    assert mean_squared_error(x, found, INT4, False) <= 1.002 * best


@pytest.mark.parametrize("rule", [r for r in RangeRule if r is not MOVING_AVERAGE])
@pytest.mark.parametrize("symmetric", [False, True])
def test_each_channel_is_searched_as_if_alone(rule, symmetric):
    x = np.stack(
        [normal(3000), 100 * skewed(3000), -(normal(3000, 50.0) ** 2), np.zeros(3000)], axis=1
    )
    together = find_range(x, rule, INT8, axis=1, symmetric=symmetric)
    for c in range(4):
        alone = find_range(x[:, c], rule, INT8, symmetric=symmetric)
        assert Range(together.low[c], together.high[c]) == alone


@pytest.mark.parametrize("magnitude", [1e-30, 1.0, 1e30])
def test_least_squared_error_does_not_depend_on_the_unit(magnitude):
    x = normal(2000, 20.0)
    unit = find_range(x, MEAN_SQUARED_ERROR, INT8, symmetric=True).high
    scaled = find_range(x * magnitude, MEAN_SQUARED_ERROR, INT8, symmetric=True).high
    assert scaled == pytest.approx(unit * magnitude, rel=0.01)


def naive_divergence(histogram, kept, levels):
    """The definition, bin by bin."""
    p = histogram[:kept].astype(float)
    q = np.zeros(kept)
    p[-1] += histogram[kept:].sum()
    for level in range(levels):
        start, end = level * kept // levels, (level + 1) * kept // levels
        filled = [i for i in range(start, end) if p[i] > 0]
        for i in filled:
            q[i] = histogram[start:end].sum() / len(filled)
    if ((p > 0) & (q == 0)).any():
        return np.inf
    p, q = p / p.sum(), q / q.sum()
    return sum(a * np.log(a / b) for a, b in zip(p, q, strict=True) if a > 0)


@pytest.mark.parametrize("seed", range(6))
def test_entropy_finds_what_the_definition_finds(seed):
    rng = np.random.default_rng(seed)
    bins, levels = 60, 8
    x = rng.standard_normal(300) * np.exp(rng.standard_normal(300) * (seed % 3))
    x = np.append(x, [0.0, 0.0]).astype(np.float32)
    magnitudes = np.abs(x[x != 0]).astype(np.float64)
    histogram = np.histogram(magnitudes, bins, (0, magnitudes.max()))[0]
    divergences = {i: naive_divergence(histogram, i, levels) for i in range(levels, bins + 1)}
    found = entropy_magnitude(x[np.newaxis], INT4, True, bins)[0]
    kept = round(found / magnitudes.max() * bins)
    assert found == magnitudes.max() * (kept / bins)
    assert divergences[kept] <= min(divergences.values()) + 1e-12


def test_entropy_clips_outliers_and_keeps_the_rest():
    found = find_range(normal(100_000, 40.0), ENTROPY, INT8, symmetric=True).high
    assert 2.5 < found < 8
    uniform = np.random.default_rng(1).uniform(-1, 1, 100_000)
    assert find_range(uniform, ENTROPY, INT8, symmetric=True).high > 0.98


def test_entropy_does_not_count_zeros():
    x = normal(50_000, 20.0)
    with_zeros = np.concatenate([x, np.zeros(500_000, np.float32)])
    assert find_range(x, ENTROPY, INT8) == find_range(with_zeros, ENTROPY, INT8)


@pytest.mark.parametrize(
    ("x", "fmt"),
    [([0.0, 0.0], INT8), ([0.0, 3.0], INT8), ([-3.0, 3.0, 0.5], INT8), (normal(999), INT16)],
)
def test_entropy_keeps_everything_when_nothing_is_lost(x, fmt):
    assert find_range(x, ENTROPY, fmt) == find_range(x, MIN_MAX, fmt)


@pytest.mark.parametrize("rule", [r for r in RangeRule if r is not MOVING_AVERAGE])
@pytest.mark.parametrize("x", [[0.0], [1e-44], [3e38, -3e38], [2.0, 2.0, 2.0]])
def test_extreme_values_give_a_range_that_can_be_used(rule, x):
    for symmetric in (False, True):
        found = find_range(x, rule, INT8, symmetric=symmetric)
        kind = QuantizationKind.SYMMETRIC if symmetric else QuantizationKind.ASYMMETRIC
        q = choose(found, INT8, kind)
        assert np.abs(fake_quantize(x, q) - np.float32(x)).max() <= q.scale


@pytest.mark.parametrize(
    ("arguments", "parameters", "error", "sentence"),
    [
        (([], MIN_MAX), {}, ValueError,
         "values must hold at least one number, not have shape (0,)"),
        (([1.0, np.nan], MIN_MAX), {}, ValueError, "values must be finite, not nan at (1,)"),
        (([[1.0, -np.inf]], ENTROPY), {}, ValueError, "values must be finite, not -inf at (0, 1)"),
        (([1e300], MIN_MAX), {}, ValueError, "values must be finite, not inf at (0,)"),
        (([1, 2], MIN_MAX), {}, TypeError, "values must be floating point, not int64"),
        (([1.0], "min_max"), {}, TypeError, "rule must be a RangeRule, not 'min_max'"),
        (([1.0], MIN_MAX), {"axis": 1}, ValueError, "axis must be from -1 to 0 for 1 axes, not 1"),
        (([1.0], MIN_MAX), {"percent": 99}, ValueError,
         "percent belongs to percentile, not to min_max"),
        (([1.0], PERCENTILE), {"percent": 0}, ValueError,
         "percent must be above 0 and at most 100, not 0"),
        (([1.0], ENTROPY), {"bins": 1}, ValueError,
         "bins must be an integer from 2 to 8192, not 1"),
        (([[1.0]], MOVING_AVERAGE), {"momentum": 1.0}, ValueError,
         "momentum must be from 0 to below 1, not 1.0"),
        ((np.zeros(3), MOVING_AVERAGE), {}, TypeError,
         "a moving average needs a list of batches, not ndarray"),
        (([], MOVING_AVERAGE), {}, ValueError,
         "a moving average needs at least one batch, not an empty list"),
        (([[1.0], [np.nan]], MOVING_AVERAGE), {}, ValueError,
         "batch 1 must be finite, not nan at (0,)"),
        (([[1.0], [1.0, 2.0]], MOVING_AVERAGE), {"axis": 0}, ValueError,
         "batch 1 must have 1 channels, not 2"),
    ],
)  # fmt: skip
def test_what_has_no_range_is_refused(arguments, parameters, error, sentence):
    with pytest.raises(error, match=f"^{re.escape(sentence)}$"):
        find_range(*arguments, INT8, **parameters)
