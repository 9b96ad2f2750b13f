
from fractions import Fraction
from math import floor

import pytest

from golden.rounding import Rounding
from hw.round_shift import RoundShift, TieCode
from sim.pipeline import run_pipeline_outputs

TIES = (Rounding.HALF_EVEN, Rounding.HALF_UP, Rounding.HALF_AWAY)


def rounded(value, tie):
    """The integer nearest to a fraction."""
    below = floor(value)
    rest = value - below
    up = {
        Rounding.HALF_EVEN: below % 2 == 1,
        Rounding.HALF_UP: True,
        Rounding.HALF_AWAY: value > 0,
    }[tie]
    return below + (rest > Fraction(1, 2) or (rest == Fraction(1, 2) and up))


def sums(width, max_shift, rows, ties=TIES):
    """`floor + carry` and `is_tie` of the component for rows of (i, shift, quarters, tie)."""
    inputs = {
        "i": [row[0] for row in rows],
        "shift": [row[1] for row in rows],
        "rest_none": [int(row[2] == 0) for row in rows],
        "rest_full": [int(row[2] == 4) for row in rows],
        "tie": [TieCode[row[3].name] for row in rows],
    }
    if len(ties) == 1:
        del inputs["tie"]
    unit = RoundShift(width=width, max_shift=max_shift, ties=ties)
    late = dict.fromkeys(("rest_none", "rest_full", "tie"), unit.tie_stage)
    answers = run_pipeline_outputs(
        unit, inputs, outputs=("floor", "carry", "is_tie"), latency=unit.latency, stages=late)
    return [(below + carry, is_tie) for below, carry, is_tie in answers]


def expected(rows):
    values = [Fraction(4 * i + rest, 8 << shift) for i, shift, rest, _ in rows]
    return [(rounded(value, row[3]), value.denominator == 2)
            for value, row in zip(values, rows, strict=True)]


@pytest.mark.parametrize("rest", [0, 1, 2, 3, 4])
def test_all_of_six_bits_by_all_shifts(rest):
    rows = [(i, shift, rest, tie) for i in range(-32, 32) for shift in range(7) for tie in TIES]
    assert sums(6, 6, rows) == expected(rows)


@pytest.mark.parametrize(("width", "max_shift"), [(11, 10), (33, 31), (2, 1)])
def test_edges_of_wide_inputs(width, max_shift):
    edges = {-1 << width - 1, (1 << width - 1) - 1, -1, 0, 1}
    edges |= {s * (1 << n) + d for n in range(width - 2) for s in (-1, 1, 3) for d in (-1, 0, 1)}
    legal = [i for i in edges if -1 << width - 1 <= i < 1 << width - 1]
    rows = [(i, shift, 0, TIES[(i + shift) % 3]) for i in legal for shift in range(max_shift + 1)]
    assert sums(width, max_shift, rows) == expected(rows)


@pytest.mark.parametrize("tie", TIES)
def test_one_tie_rule_has_no_port_to_choose_it(tie):
    rows = [(i, shift, 0, tie) for i in range(-16, 16) for shift in range(4)]
    assert sums(5, 3, rows, ties=(tie,)) == expected(rows)
    assert "tie" not in RoundShift(width=5, max_shift=3, ties=(tie,)).signature.members


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((1, 3, TIES), "width of a rounding shift must be 2 or more, not 1"),
        ((5, 0, TIES), "max_shift must be 1 or more, not 0"),
        ((5, 3, ()), "a rounding shift must have at least one tie rule, not none"),
        ((5, 3, [Rounding.FLOOR]),
         "a tie rule in hardware must be one of HALF_EVEN, HALF_UP, HALF_AWAY, not Rounding.FLOOR"),
    ],
)
def test_illegal_parameters(arguments, sentence):
    width, max_shift, ties = arguments
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        RoundShift(width=width, max_shift=max_shift, ties=ties)
