"""Multipliers refuse operands that are too wide for what they are made of."""

import pytest
from amaranth.hdl import signed, unsigned

from hw.multiplier import Multiplier
from hw.multiplier_dsp48 import ColumnPairMultiplier
from hw.multiplier_kind import MultiplierKind
from hw.multiplier_pair import MultiplierPair

ECP5, ICE40 = MultiplierKind.ECP5, MultiplierKind.ICE40


@pytest.mark.parametrize(
    ("build", "sentence"),
    [
        (
            lambda: Multiplier(signed(19), signed(8), kind=ECP5),
            "a must have at most 18 bits with its sign, not 19",
        ),
        (
            lambda: Multiplier(signed(8), unsigned(18), kind=ECP5),
            "b must have at most 18 bits with its sign, not 19",
        ),
        (
            lambda: Multiplier(signed(8), unsigned(8), kind=ICE40),
            "b must have at most 8 bits with its sign, not 9",
        ),
        (
            lambda: MultiplierPair(signed(9), signed(8), kind=ICE40),
            "a must have at most 8 bits with its sign, not 9",
        ),
        (
            lambda: ColumnPairMultiplier(signed(8), unsigned(8)),
            r"b must be signed, of at most 8 bits, not unsigned\(8\)",
        ),
    ],
)
def test_too_wide_operands_are_refused(build, sentence):
    with pytest.raises(ValueError, match=rf"^{sentence}$"):
        build()


@pytest.mark.parametrize("kind", [MultiplierKind.PORTABLE, MultiplierKind.LUT])
def test_products_of_any_width(kind):
    assert Multiplier(unsigned(30), signed(20), kind=kind).o_shape == signed(50)
