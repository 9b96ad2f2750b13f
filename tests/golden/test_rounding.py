import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from golden.rounding import Rounding, round_divide, round_float, round_shift

DETERMINISTIC = [rule for rule in Rounding if rule is not Rounding.STOCHASTIC]
EXTREMES = [-(2**63), -(2**63) + 1, -(2**62), -1, 0, 1, 2**62, 2**63 - 2, 2**63 - 1]

VALUES = "-2.5 -2.25 -1.75 -1.5 -.75 -.5 -.25  0 .25 .5 .75 1.5 1.75 2.25 2.5"
TABLE = {
    Rounding.FLOOR: "-3 -3 -2 -2 -1 -1 -1  0  0  0  0  1  1  2  2",
    Rounding.CEIL: "-2 -2 -1 -1  0  0  0  0  1  1  1  2  2  3  3",
    Rounding.TRUNCATE: "-2 -2 -1 -1  0  0  0  0  0  0  0  1  1  2  2",
    Rounding.AWAY: "-3 -3 -2 -2 -1 -1 -1  0  1  1  1  2  2  3  3",
    Rounding.HALF_UP: "-2 -2 -2 -1 -1  0  0  0  0  1  1  2  2  2  3",
    Rounding.HALF_DOWN: "-3 -2 -2 -2 -1 -1  0  0  0  0  1  1  2  2  2",
    Rounding.HALF_EVEN: "-2 -2 -2 -2 -1  0  0  0  0  0  1  2  2  2  2",
    Rounding.HALF_AWAY: "-3 -2 -2 -2 -1 -1  0  0  0  1  1  2  2  2  3",
    Rounding.HALF_ZERO: "-2 -2 -2 -1 -1  0  0  0  0  0  1  1  2  2  2",
    Rounding.HALF_ODD: "-3 -2 -2 -1 -1 -1  0  0  0  1  1  1  2  2  3",
    Rounding.JAM: "-3 -3 -1 -1 -1 -1 -1  0  1  1  1  1  1  3  3",
}


def by_definition(value: Fraction, rule: Rounding) -> int:
    """Round one exact number as the rule's sentence says."""
    pair = math.floor(value), math.ceil(value)
    if rule.name.startswith("HALF_") and value - pair[0] != pair[1] - value:
        return min(pair, key=lambda whole: abs(whole - value))
    return {
        Rounding.FLOOR: min(pair),
        Rounding.CEIL: max(pair),
        Rounding.TRUNCATE: min(pair, key=abs),
        Rounding.AWAY: max(pair, key=abs),
        Rounding.HALF_UP: max(pair),
        Rounding.HALF_DOWN: min(pair),
        Rounding.HALF_EVEN: min(pair, key=lambda whole: whole % 2),
        Rounding.HALF_AWAY: max(pair, key=abs),
        Rounding.HALF_ZERO: min(pair, key=abs),
        Rounding.HALF_ODD: max(pair, key=lambda whole: whole % 2),
        Rounding.JAM: max(pair, key=lambda whole: whole % 2),
    }[rule]


def test_table_has_every_rule():
    assert set(TABLE) == set(DETERMINISTIC)


@pytest.mark.parametrize("rule", TABLE)
def test_table(rule):
    values = np.array(VALUES.split(), np.float64)
    expected = np.array(TABLE[rule].split(), np.int64)
    quarters = (values * 4).astype(np.int64)
    np.testing.assert_array_equal(round_float(values, rule), expected)
    np.testing.assert_array_equal(round_shift(quarters, 2, rule), expected)
    np.testing.assert_array_equal(round_divide(quarters, 4, rule), expected)
    np.testing.assert_array_equal(round_divide(quarters * 3, 12, rule), expected)
    assert [by_definition(Fraction(value), rule) for value in values] == expected.tolist()


def test_documented_table():
    text = Path(__file__).parents[2].joinpath("docs/number-rules.md").read_text()
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("|")]
    table = {row[0].strip("`"): row[2:] for row in rows if len(row) == 10}
    values = np.array(table.pop("rule"), np.float64)
    for rule in DETERMINISTIC:
        assert round_float(values, rule).tolist() == [float(cell) for cell in table[rule.value]]


@pytest.mark.parametrize("rule", DETERMINISTIC)
def test_shift_is_exact_over_all_int64(rule):
    shifts = [0, 1, 2, 31, 32, 52, 53, 61, 62, 63]
    near_ties = [(1 << s >> 1) * k + d for s in shifts for k in (-3, -1, 1, 3) for d in (-1, 0, 1)]
    values = [v for v in EXTREMES + near_ties if -(2**63) <= v < 2**63]
    got = round_shift(np.array(values)[:, None], shifts, rule)
    expected = [[by_definition(Fraction(v, 1 << s), rule) for s in shifts] for v in values]
    assert got.dtype == np.int64
    assert got.tolist() == expected


@pytest.mark.parametrize("rule", DETERMINISTIC)
def test_division_is_exact_over_all_int64(rule):
    divisors = [1, 2, 3, 4, 7, 10, 2**31, 2**53 + 1, 2**62 + 1, 2**62 + 2, 2**63 - 2, 2**63 - 1]
    near_ties = [d * k // 2 + e for d in divisors for k in (-3, -1, 1, 3) for e in (-1, 0, 1)]
    values = [v for v in EXTREMES + near_ties if -(2**63) <= v < 2**63]
    got = round_divide(np.array(values)[:, None], divisors, rule)
    expected = [[by_definition(Fraction(v, d), rule) for d in divisors] for v in values]
    assert got.dtype == np.int64
    assert got.tolist() == expected


@pytest.mark.parametrize("rule", DETERMINISTIC)
def test_float_is_exact_at_awkward_values(rule):
    around = [0.5, 1.0, 1.5, 2.5, 3.5, 2.0**51 + 0.5, 2.0**51 + 1.5, 2.0**52 - 0.5]
    around += [2.0**52, 2.0**52 + 1, 2.0**53, 2.0**53 + 2, 2.0**63, 1e300, 5e-324, 1e-20, 2.0**-54]
    points = np.array(around + [-value for value in around])
    values = np.concatenate([points, np.nextafter(points, np.inf), np.nextafter(points, -np.inf)])
    got = round_float(values, rule)
    assert got.tolist() == [by_definition(Fraction(value), rule) for value in values.tolist()]
    np.testing.assert_array_equal(np.signbit(got), np.signbit(values))


@pytest.mark.parametrize("rule", Rounding)
def test_zero_nan_and_infinity_stay(rule):
    signalling = np.array([0x7FF0000000000001], np.uint64).view(np.float64)
    values = np.concatenate([[-0.0, 0.0, np.nan, np.inf, -np.inf], signalling])
    got = round_float(values, rule, seed=0)
    np.testing.assert_array_equal(got, [0.0, 0.0, np.nan, np.inf, -np.inf, np.nan])
    np.testing.assert_array_equal(np.signbit(got[:5]), [True, False, False, False, True])


@pytest.mark.parametrize("rule", Rounding)
def test_float_agrees_with_shift(rule):
    values = np.random.default_rng(1).integers(-(2**53), 2**53, 20000)
    for shift in (1, 30, 50, 53):
        exact = round_shift(values, shift, rule, seed=5)
        real = round_float(values / 2.0**shift, rule, seed=5)
        if rule is Rounding.STOCHASTIC:  # other draws, same neighbours
            assert np.abs(real - values / 2.0**shift).max() < 1
        else:
            np.testing.assert_array_equal(real, exact)


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("eighths", [1, 3, 4, 7])
def test_stochastic_goes_up_as_often_as_the_fraction_says(sign, eighths):
    count = 40000
    whole = sign * 5 * 8
    values = np.full(count, whole + eighths)
    results = (
        round_shift(values, 3, Rounding.STOCHASTIC, seed=1),
        round_divide(values * 5, 40, Rounding.STOCHASTIC, seed=2),
        round_float(values / 8, Rounding.STOCHASTIC, seed=3),
    )
    for result in results:
        ups = result - sign * 5
        assert set(np.unique(ups)) == {0, 1}
        # Five standard deviations, at most 0.0125.
        assert ups.mean() == pytest.approx(eighths / 8, abs=0.0125)


def test_stochastic_is_repeatable_and_keeps_whole_numbers():
    values = np.arange(-500, 500)
    first, again = (round_shift(values, 3, Rounding.STOCHASTIC, seed=7) for _ in range(2))
    other = round_shift(values, 3, Rounding.STOCHASTIC, seed=8)
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()
    np.testing.assert_array_equal(first[values % 8 == 0], values[values % 8 == 0] // 8)
    np.testing.assert_array_equal(round_float(values, Rounding.STOCHASTIC, seed=7), values)
    np.testing.assert_array_equal(round_shift(EXTREMES, 0, Rounding.STOCHASTIC, seed=7), EXTREMES)


def test_shapes_broadcast_and_empty_arrays_work():
    assert round_shift(np.zeros((3, 1), np.int8), [1, 2], Rounding.JAM).shape == (3, 2)
    assert round_shift(7, 1, Rounding.CEIL).shape == ()
    for rule in Rounding:
        assert round_shift(np.zeros((0, 4), np.int32), 3, rule, seed=0).shape == (0, 4)
        assert round_divide([], 3, rule, seed=0).dtype == np.int64
        assert round_float([], rule, seed=0).dtype == np.float64


def test_arguments_are_not_changed():
    for rule in DETERMINISTIC:
        values = np.array([3, -3])
        reals = values / 2
        round_shift(values, 0, rule)
        round_float(reals, rule)
        assert values.tolist() == [3, -3]
        assert reals.tolist() == [1.5, -1.5]


ALL_NAMES = (
    "floor, ceil, truncate, away, half_up, half_down, half_even, half_away, half_zero, half_odd,"
    " jam, stochastic"
)
E, S = Rounding.HALF_EVEN, Rounding.STOCHASTIC


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (lambda: round_shift(1, 64, E), ValueError, "shift must be from 0 to 63, not 64"),
        (lambda: round_shift(1, [3, -1], E), ValueError, "shift must be from 0 to 63, not -1"),
        (lambda: round_shift(1, 1.5, E), TypeError, "shift must be integers that fit .* float64"),
        (
            lambda: round_divide(1, 0, E),
            ValueError,
            "divisor must be from 1 to 9223372036854775807, not 0",
        ),
        (
            lambda: round_shift(0.5, 1, E),
            TypeError,
            "values must be integers that fit int64, not float64",
        ),
        (lambda: round_shift(True, 1, E), TypeError, "values must be integers .*, not bool"),
        (lambda: round_shift(2**64, 1, E), TypeError, "values must be integers .*, not object"),
        (
            lambda: round_shift(np.uint64(2**63), 1, E),
            ValueError,
            "values must fit int64, but 9223372036854775808 does not",
        ),
        (lambda: round_float(1j, E), TypeError, "values must be float64 or .*, not complex128"),
        (lambda: round_float(True, E), TypeError, "values must be float64 or .*, not bool"),
        (
            lambda: round_float(2**53 + 1, E),
            ValueError,
            "values must be exact in float64, but 9007199254740993 is not",
        ),
        (
            lambda: round_float(2**63 - 1, E),
            ValueError,
            "values must be exact in float64, but 9223372036854775807 is not",
        ),
        (lambda: round_float(1, "floor"), TypeError, "rule must be a .*Rounding, not 'floor'"),
        (lambda: round_shift(1, 1, None), TypeError, "rule must be a .*Rounding, not None"),
        (lambda: round_float(0.5, S), ValueError, "the stochastic rule needs a seed, .* seed=0"),
        (lambda: round_float(0.5, S, seed=-1), ValueError, "seed must be at least 0, not -1"),
        (lambda: round_float(0.5, S, seed=1.0), TypeError, "seed must be an integer, not 1.0"),
        (
            lambda: Rounding.parse("half_evn"),
            ValueError,
            f"rounding must be one of {ALL_NAMES}, not 'half_evn'; did you mean half_even[?]",
        ),
        (lambda: Rounding.parse("xyzzy"), ValueError, "rounding must be .*, not 'xyzzy'"),
        (lambda: Rounding.parse(3), TypeError, "rounding must be a name, not 3"),
    ],
)
def test_bad_arguments_are_refused(call, error, sentence):
    with pytest.raises(error, match=f"^{sentence}$"):
        call()


def test_names_are_read_in_either_case():
    assert Rounding.parse(" Half-Even ") is Rounding.HALF_EVEN
    assert [Rounding.parse(rule.value) for rule in Rounding] == list(Rounding)
