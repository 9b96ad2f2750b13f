"""Bugs in the wiring of a primitive, or in its model, refute the claim that is about them."""

import pytest

pytest.importorskip("bitwuzla", reason="pip install 'lastbit[proof]' for bitwuzla")

from amaranth.hdl import signed, unsigned

from hw.multiplier_kind import MultiplierKind
from sim.proof.alignment import AlignmentError
from sim.proof.claim import RefutedError, prove
from sim.proof.multiplier_twin import MultiplierTwin


def twin(change, *, holds_b=True):
    return MultiplierTwin(MultiplierKind.ECP5, signed(8), signed(8), holds_b=holds_b, change=change)


@pytest.mark.parametrize(
    ("change", "claim"),
    [
        pytest.param((".CE1(take_b)", ".CE1(1'h0)"), MultiplierTwin.taken_claim, id="never taken"),
        pytest.param((".CE1(take_b)", ".CE1(1'h1)"), MultiplierTwin.kept_claim, id="always taken"),
        pytest.param(
            ('.REG_INPUTB_CE("CE1")', '.REG_INPUTB_CE("CE0")'),
            MultiplierTwin.kept_claim,
            id="another enable",
            marks=pytest.mark.long,
        ),
        pytest.param(
            (".B10(b[0])", ".B10(1'h1)"),
            MultiplierTwin.taken_claim,
            id="a bit of b",
            marks=pytest.mark.long,
        ),
        pytest.param(
            (".A17(a[7])", ".A17(a[6])"),
            MultiplierTwin.product_claim,
            id="a bit of a",
            marks=pytest.mark.long,
        ),
        pytest.param(
            (".SIGNEDA(1'h1)", ".SIGNEDA(1'h0)"),
            MultiplierTwin.product_claim,
            id="sign",
            marks=pytest.mark.long,
        ),
        pytest.param((".P20(", ".P19("), MultiplierTwin.product_claim, id="a bit of the product"),
        pytest.param(
            ("product = a_wide * b_wide", "product = a_wide + b_wide"),
            MultiplierTwin.product_claim,
            id="the model adds",
            marks=pytest.mark.long,
        ),
    ],
)
def test_bugs_are_refuted(change, claim):
    with pytest.raises(RefutedError, match=r"^multiplier ecp5 s8 by s8, held: .* is false for "):
        prove(claim(twin(change)))


@pytest.mark.parametrize(
    ("kind", "change", "claim"),
    [
        (MultiplierKind.ICE40, (".BHOLD(", ".BHOLD(take_b | "), MultiplierTwin.taken_claim),
        (
            MultiplierKind.ICE40,
            ("a_bottom * b_bottom", "a_bottom + b_bottom"),
            MultiplierTwin.product_claim,
        ),
        (
            MultiplierKind.ECP5_LUT,
            (".A0(a_reg[5])", ".A0(a_reg[4])"),
            MultiplierTwin.product_claim,
        ),
        (
            MultiplierKind.LUT,
            ("b_even[4] | carry_1", "b_even[4] & carry_1"),
            MultiplierTwin.taken_claim,
        ),
        (
            MultiplierKind.LUT,
            ("if (take_b) digit_1", "if (1'h1) digit_1"),
            MultiplierTwin.kept_claim,
        ),
        (
            MultiplierKind.LUT,
            ("{ multiple_1, 1'h0,", "{ multiple_1, 1'h1,"),
            MultiplierTwin.product_claim,
        ),
    ],
)
def test_bugs_of_other_kinds_are_refuted(kind, change, claim):
    with pytest.raises(RefutedError, match=f"^multiplier {kind.value} s8 by s8, held: "):
        prove(claim(MultiplierTwin(kind, signed(8), signed(8), holds_b=True, change=change)))


def test_what_is_an_operand_of_every_cycle_may_not_be_held():
    with pytest.raises(AlignmentError):
        twin((".CE1(1'h1)", ".CE1(a[0])"), holds_b=False).product_claim()


@pytest.mark.long
@pytest.mark.parametrize("register", ["INPUTA", "OUTPUT"])
def test_a_product_that_comes_too_early_is_noticed(register):
    change = (f'.REG_{register}_CLK("CLK0")', f'.REG_{register}_CLK("NONE")')
    with pytest.raises(AlignmentError):
        twin(change).product_claim()


@pytest.mark.long
def test_other_widths():
    for a, b in ((signed(2), unsigned(1)), (unsigned(1), signed(18)), (unsigned(17), unsigned(17))):
        prove(MultiplierTwin(MultiplierKind.ECP5, a, b, holds_b=False).product_claim())


def test_a_change_must_be_of_something():
    with pytest.raises(ValueError, match=r"must hold 'no such text'$"):
        twin(("no such text", "")).product_claim()
