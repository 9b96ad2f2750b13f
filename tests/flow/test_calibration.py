import numpy as np
import pytest

from flow import calibration
from flow.calibration import ActivationSettings, RangeStatistics, calibrate, choose_activation
from flow.errors import UserError
from golden.formats import INT8, INT16, UINT8
from golden.quantization import Range
from golden.quantize import quantize
from golden.ranges import RangeRule, find_range

VALUES = np.random.default_rng(1).standard_normal(3000).astype(np.float32)
ANY_ORDER = [rule for rule in RangeRule if rule is not RangeRule.MOVING_AVERAGE]


def range_of(batches, **settings):
    statistics = RangeStatistics(ActivationSettings(**settings))
    for batch in batches:
        statistics.add(batch)
    return statistics.range()


@pytest.mark.parametrize("rule", ANY_ORDER)
@pytest.mark.parametrize("symmetric", [False, True])
def test_the_range_is_that_of_all_values_in_any_order_and_batches(rule, symmetric):
    whole = range_of([VALUES], rule=rule, symmetric=symmetric)
    shuffled = np.random.default_rng(2).permutation(VALUES)
    assert range_of(np.split(shuffled, 10), rule=rule, symmetric=symmetric) == whole
    assert range_of(np.split(VALUES, [1, 17]), rule=rule, symmetric=symmetric) == whole


@pytest.mark.parametrize("rule", ANY_ORDER)
def test_a_rule_adds_up_the_same_numbers_in_the_same_order(rule, monkeypatch):
    seen = []

    def found(values, *_, **__):
        seen.append(values.tolist())
        return Range(-1.0, 1.0)

    monkeypatch.setattr(calibration, "find_range", found)
    range_of(np.split(VALUES, 10), rule=rule)
    range_of(np.split(VALUES, 10)[::-1], rule=rule)
    assert seen[0] == seen[1]


@pytest.mark.parametrize("rule", ANY_ORDER)
def test_the_range_is_that_of_golden(rule):
    found = range_of([np.sort(VALUES)], rule=rule)
    assert found == find_range(np.sort(VALUES), rule, INT8)


def test_a_moving_average_counts_later_batches_more():
    batches = [np.array([-1.0, 2.0], np.float32), np.array([0.5, 12.0], np.float32)]
    found = range_of(batches, rule=RangeRule.MOVING_AVERAGE)
    assert (found.low, found.high) == (
        pytest.approx(0.9 * -1 + 0.1 * 0.5),
        pytest.approx(0.9 * 2 + 0.1 * 12),
    )
    symmetric = range_of(batches, rule=RangeRule.MOVING_AVERAGE, symmetric=True)
    assert (symmetric.low, symmetric.high) == (-found.high, found.high)


def test_percent_is_handed_on():
    found = range_of([VALUES], rule=RangeRule.PERCENTILE, percent=50.0)
    assert found.high == np.percentile(np.abs(VALUES), 50, method="inverted_cdf")


@pytest.mark.parametrize("low", [0.0, -0.3, -5.0])
@pytest.mark.parametrize("fmt", [INT8, UINT8])
@pytest.mark.parametrize("symmetric", [False, True])
def test_a_power_of_two_holds_the_range(low, fmt, symmetric):
    found = Range(low, 3.3)
    settings = ActivationSettings(format=fmt, symmetric=symmetric, power_of_two=True)
    q = choose_activation(found, settings)
    assert np.frexp(q.scale)[0] == 0.5
    assert q.range.low <= found.low + q.scale / 2  # the zero point is rounded
    assert q.range.high >= found.high - q.scale / 2
    if symmetric:
        assert q.zero_point == fmt.max - 127
    else:
        assert quantize(found.low, q) == fmt.min
        assert q.scale < 2 * choose_activation(found, ActivationSettings(format=fmt)).scale


def test_values_that_are_too_many_for_one_run_are_computed_again(monkeypatch):
    runs = []

    def run(names):
        runs.append(names)
        yield from ({name: VALUES[:10] * scale[name] for name in names} for _ in range(2))

    scale = {"a": 1, "b": 2, "c": 3}
    ranged_by = {name: (name,) for name in scale}
    sizes = dict.fromkeys(scale, 20)
    settings = ActivationSettings(rule=RangeRule.MEAN_SQUARED_ERROR)
    whole = calibrate(run, ranged_by, sizes, settings)
    monkeypatch.setattr(calibration, "MAX_VALUES", 40)
    assert calibrate(run, ranged_by, sizes, settings) == whole
    assert runs == [("a", "b", "c"), ("a", "b"), ("c",)]
    assert len(set(whole.values())) == 3
    monkeypatch.setattr(calibration, "MAX_VALUES", 19)
    with pytest.raises(UserError, match="tensor a has 20 values over the calibration data, more"):
        calibrate(run, ranged_by, sizes, settings)


def test_a_group_has_the_values_of_all_that_decide_on_it():
    run = [{"a": np.float32([-1, 0]), "b": np.float32([3])}, {"a": np.float32([-2]), "b": VALUES}]
    found = calibrate(lambda names: run[:1], {"a": ("a", "b")}, {}, ActivationSettings())
    assert found["a"] == choose_activation(Range(-1.0, 3.0), ActivationSettings())


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_tensor_that_is_not_finite_is_named(bad):
    def run(names):
        return [{"a": VALUES, "b": np.float32([1, bad])}]

    with pytest.raises(UserError, match=r"tensor b of the float model: .* not (nan|inf) at \(1,\)"):
        calibrate(run, {"a": ("a",), "b": ("b",)}, {}, ActivationSettings())


def test_refusals():
    with pytest.raises(ValueError, match="at least one batch of data, not none"):
        RangeStatistics(ActivationSettings()).range()
    with pytest.raises(ValueError, match="activations must be int8 or uint8, not int16"):
        ActivationSettings(format=INT16)
