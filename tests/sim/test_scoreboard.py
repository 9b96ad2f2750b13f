import re

import pytest

from sim import environment
from sim.lanes import pack
from sim.scoreboard import MismatchError, Scoreboard

ROWS = [[1, -2, 3], [-4, 5, -6]]


@pytest.fixture(autouse=True)
def run_seed(monkeypatch):
    monkeypatch.setattr(environment, "seed", lambda: 17)


def check(*rows):
    Scoreboard("o", ROWS, bits=8).check_all(pack(row, 8) for row in rows)


def test_equal_beats_pass():
    check(*ROWS)


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (
            (ROWS[0], [-4, 6, 6]),
            "o: beat 1 of 2, lane 1 of 3: expected 5, not 6; 2 lanes of this beat differ (seed 17)",
        ),
        ((ROWS[0],), "o: 1 of 2 beats came (seed 17)"),
        ((*ROWS, ROWS[0]), "o: a beat came after all 2 (seed 17)"),
        (
            ([1, -2, 4],),
            "o: beat 0 of 2, lane 2 of 3: expected 3, not 4; 1 lanes of this beat differ (seed 17)",
        ),
    ],
)
def test_a_difference_is_told_with_its_place_and_seed(rows, sentence):
    with pytest.raises(MismatchError, match=f"^{re.escape(sentence)}$"):
        check(*rows)


def test_unknown_bits_differ_from_everything():
    with pytest.raises(MismatchError, match=r"^o: beat 0 of 2 has unknown bits \(seed 17\)$"):
        Scoreboard("o", ROWS, bits=8).check(None)


def test_expected_has_two_axes():
    with pytest.raises(ValueError, match=r"^expected must have two axes \(beats, lanes\), not 1$"):
        Scoreboard("o", [1, 2], bits=8)
