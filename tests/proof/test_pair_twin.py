"""Bugs in two products of one DSP48E1, or in its model, refute the claim that is about them."""

import pytest

pytest.importorskip("bitwuzla", reason="pip install 'lastbit[proof]' for bitwuzla")

from sim.proof.alignment import AlignmentError
from sim.proof.claim import RefutedError, prove
from sim.proof.pair_twin import PairTwin


@pytest.mark.parametrize(
    ("change", "claim"),
    [
        ((".CEA2(take_right)", ".CEA2(take_right & take_b)"), PairTwin.taken_claim),
        ((".CEA2(take_right)", ".CEA2(take_right | take_b)"), PairTwin.kept_claim),
        ((" take_right <= take_b", " take_right <= 1'h1"), PairTwin.kept_claim),
    ],
)
def test_bugs_of_what_is_held_are_refuted(change, claim):
    with pytest.raises(RefutedError, match=r"^multiplier pair xc7 s8 by s8: "):
        prove(claim(PairTwin(change=change)))


@pytest.mark.long
@pytest.mark.parametrize(
    "change",
    [
        pytest.param(("a + d", "a - d"), id="the model subtracts"),
        pytest.param(("signed [17:0] b1", "[17:0] b1"), id="the model has no sign"),
        pytest.param(("+ $signed({ 1'h0, o[15]", "- $signed({ 1'h0, o[15]"), id="no correction"),
    ],
)
def test_bugs_of_the_products_are_refuted(change):
    with pytest.raises(RefutedError, match=r"products is false for a = "):
        prove(PairTwin(change=change).product_claim())


def test_a_product_of_another_cycle_is_noticed():
    with pytest.raises(AlignmentError):
        PairTwin(change=("if (CEB2) b2 <= b1;", "b2 <= B;")).product_claim()
