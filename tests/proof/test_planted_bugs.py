"""Every kind of proof must fail for a bug that was planted in the text it reads."""

import re

import pytest

pytest.importorskip("bitwuzla", reason="pip install 'lastbit[proof]' for bitwuzla")

from golden.rounding import Rounding
from golden.scheme import Scheme
from sim.proof import lemmas
from sim.proof.claim import RefutedError, prove
from sim.proof.harness import ClipHarness, RoundShiftHarness
from sim.proof.requantizer_claims import RequantizerUnit
from sim.proof.smtbmc import prove_assertions, prove_unsatisfiable

FLOAT32, FIXED, SHIFT = Scheme.FLOAT32, Scheme.FIXED, Scheme.SHIFT


def planted(rtlil, module, old, new):
    """Return the text with the first `old` in a module replaced."""
    before, start, rest = rtlil.partition(f"module \\{module}\n")
    body, end, after = rest.partition("\nend\n")
    assert start, f"there is no {module}"
    assert old in body, f"{module} has no {old}"
    return before + start + body.replace(old, new, 1) + end + after


def with_bug(schemes, module, old, new):
    rtlil = RequantizerUnit(schemes).rtlil
    return RequantizerUnit(schemes, rtlil=planted(rtlil, module, old, new))


OPERAND_BUGS = {
    "a tie is rounded up": (FLOAT32, "unit.front", r"\B \normalized [7]", r"\B 1'1"),
    "low bits do not count": (FLOAT32, "unit.front", r"\A \normalized [5:0]", r"\A 6'000000"),
    "bits below the significand are lost": (
        *(FIXED, "unit.front"),
        *(r"\D { $9 [9:0] \below [6:0] }", r"\D { $9 [9:0] 7'0000000 }"),
    ),
    "the count is wrong": (FIXED, "unit.front.normalizer", "cell $reduce_or", "cell $reduce_and"),
}


@pytest.mark.parametrize("bug", OPERAND_BUGS)
def test_operands(bug):
    scheme, *change = OPERAND_BUGS[bug]
    with pytest.raises(RefutedError, match=f"operands of {scheme.name} is false for acc = "):
        prove(with_bug([scheme], *change).operand_claim(scheme))


OUTPUT_BUGS = {
    "a product is not rounded up to a tie": (
        *(FLOAT32, "unit.back"),
        *(r"\A \high_full [3:0]", r"\A 4'0000"),
    ),
    "a product is rounded at the same bit in both binades": (
        *(FLOAT32, "unit.back"),
        *(r"\B \product [47]", r"\B \product [48]"),
    ),
    "zero saturates": (FLOAT32, "unit.front", r"\A \is_zero [0]", r"\A 1'0"),
    "a shift that is too long wraps": (
        *(FLOAT32, "unit.front"),
        *(r"\A \amount_8 [6:4]", r"\A 3'000"),
    ),
    "the lower bound is missed by one": (
        *(FLOAT32, "unit.back.output.clip"),
        *(r"\A \i [11:0]", r"\A { \i [11:1] 1'1 }"),
    ),
    "nothing saturates": (FIXED, "unit.back.output", r"\S \is_saturated [0]", r"\S 1'0"),
    "a tie goes to even instead of away from zero": (
        *(FIXED, "unit.back.round_shift"),
        *(r"\A \value_0 [10]", r"\A \value_0 [1]"),
    ),
    "what does not fit is kept": (SHIFT, "unit", "cell $reduce_and", "cell $reduce_or"),
}


@pytest.mark.parametrize("bug", OUTPUT_BUGS)
def test_output(bug):
    scheme, *change = OUTPUT_BUGS[bug]
    tie = Rounding.HALF_EVEN if scheme is FLOAT32 else Rounding.HALF_AWAY
    with pytest.raises(RefutedError) as refutation:
        prove(with_bug([scheme], *change).value_claim(scheme, tie))
    assert refutation.value.values["value"] != refutation.value.values["specified"]


def test_multiplier():
    unit = with_bug([FLOAT32], "unit.wide_multiplier", "cell $add", "cell $sub")
    with pytest.raises(RefutedError, match="multiplier is false for low = "):
        prove(unit.multiplier_claim())


@pytest.mark.parametrize(
    ("harness", "module", "old", "new"),
    [
        (lambda: RoundShiftHarness(width=11, max_shift=10), "unit", "$reduce_and", "$reduce_or"),
        (lambda: ClipHarness(in_width=12, width=8), "unit", "$sub", "$add"),
    ],
)
def test_assertions(harness, module, old, new):
    made = harness()

    def change(text):
        return planted(text, f"harness.{module}", f"cell {old}", f"cell {new}")

    with pytest.raises(RefutedError, match=r"actual = .*, expected = ") as refutation:
        prove_assertions("harness", made, depth=6, change=change)
    assert refutation.value.values["actual"] != refutation.value.values["expected"]


def test_limbs():
    with pytest.raises(RefutedError):
        prove_unsatisfiable("limbs", lemmas.LIMBS.replace("limb limb", "limb"))


def test_a_specification_that_rounds_another_way(monkeypatch):
    def one_more(product, places):
        return rounded(product + 1, places)

    rounded = lemmas.float32_rounded
    monkeypatch.setattr(lemmas, "float32_rounded", one_more)
    with pytest.raises(RefutedError, match=re.escape("IEEE 754's is false for product = ")):
        prove(lemmas.float32_multiplication())
