"""The lemmas that let the requantizer be proved in parts. `docs/proofs.md` says how they join."""

import bitwuzla
from bitwuzla import Kind

from golden.rounding import Rounding
from sim.proof.claim import Claim
from sim.proof.specification import (
    clip,
    exact_product,
    float32_product,
    float32_rounded,
    magnitude,
    normalized,
)
from sim.proof.word import TERMS, Condition, Word, where

__all__ = [
    "LIMBS",
    "clamped_shift",
    "exact_product_range",
    "float32_conversion",
    "float32_multiplication",
    "float32_product_range",
]

_MULTIPLIER = Word.variable("multiplier", 24, signed=False)
_IS_NORMALIZED = _MULTIPLIER >= 1 << 23


def float32_product_range() -> Claim:
    """A product of two significands is from 2**46 to 2**48, and below 2**47 if one is 2**23."""
    significand = Word.variable("significand", 24, signed=False)
    product = significand * _MULTIPLIER
    return Claim(
        "range of a product of significands",
        (product >= 1 << 46)
        & (product < 1 << 48)
        & (significand == 1 << 23).implies(product < 1 << 47),
        [significand >= 1 << 23, _IS_NORMALIZED],
        {"significand": significand, "multiplier": _MULTIPLIER},
    )


def exact_product_range() -> Claim:
    """A normalized accumulator times a multiplier is from 2**53 to 2**55."""
    operand = Word.variable("operand", 32, signed=False)
    product = operand * _MULTIPLIER
    return Claim(
        "range of a normalized exact product",
        (product >= 1 << 53) & (product < 1 << 55),
        [operand >= 1 << 30, operand <= 1 << 31, _IS_NORMALIZED],
        {"operand": operand, "multiplier": _MULTIPLIER},
    )


def float32_conversion() -> Claim:
    """The specification's significand and exponent of t are those of IEEE 754's float32(t)."""
    t = Word.variable("t", 32, signed=True)
    significand, exponent = normalized(magnitude(t), most=32)
    bits = where(t == 0, 0, significand - (1 << 23) + (exponent + 150) * (1 << 23))
    bits = where(t < 0, bits + (1 << 31), bits)
    given = _from_bits(Word.of(bits).low_bits(32), _FLOAT32)
    converted = TERMS.mk_term(Kind.FP_TO_FP_FROM_SBV, [_NEAREST_EVEN, t.term], list(_FLOAT32))
    equal = Condition(TERMS.mk_term(Kind.EQUAL, [given, converted]))
    return Claim("float32 of an accumulator is IEEE 754's", equal, [], {"t": t})


def float32_multiplication() -> Claim:
    """The specification's rounding of a product is IEEE 754's, to float32 and then to an integer.

    The exact product is a float64, of which all operations here are exact.
    """
    product = Word.variable("product", 48, signed=False)
    places = Word.variable("places", 8, signed=True)
    is_upper = product >= 1 << 47
    fraction = where(is_upper, 32 * product, 64 * product) - (1 << 52)
    exponent = where(is_upper, 47, 46) - places + 1023
    exact = _from_bits(Word.of(fraction + exponent * (1 << 52)).low_bits(64), _FLOAT64)
    single = TERMS.mk_term(Kind.FP_TO_FP_FROM_FP, [_NEAREST_EVEN, exact], list(_FLOAT32))
    integral = TERMS.mk_term(Kind.FP_RTI, [_NEAREST_EVEN, single])
    integer = Word(TERMS.mk_term(Kind.FP_TO_SBV, [_NEAREST_EVEN, integral], [64]))
    return Claim(
        "float32 product, rounded to an integer, is IEEE 754's",
        float32_rounded(product, places) == integer,
        [product >= 1 << 46, places >= 6, places <= 79],
        {"product": product, "places": places},
    )


def clamped_shift(tie: Rounding | None) -> Claim:
    """Bringing the shift into the range of the parameter word changes no output.

    `tie` is that of the exact product, None stands for the float32 rule.
    """
    t = Word.variable("t", 32, signed=True)
    shift = Word.variable("shift", 9, signed=True)
    zero_point, low, high = (
        Word.variable(x, 8, signed=True) for x in ("zero_point", "low", "high")
    )
    reached = clip(shift, 46 - 32, 46 + 10)
    if tie is None:
        product = Word.variable("product", 48, signed=False)
        outputs = [float32_product(t, lambda _: product, places) for places in (shift, reached)]
        significand, _ = normalized(magnitude(t), most=32)
        ranges = [
            (t == 0) | (product >= 1 << 46),
            (t == 0).implies(product == 0),
            (significand == 1 << 23).implies(product < 1 << 47),
        ]
    else:
        product = Word.variable("product", 55, signed=False)
        outputs = [exact_product(t, lambda _: product, places, tie) for places in (shift, reached)]
        ranges = [
            product >= magnitude(t) * (1 << 23),
            (t == 0).implies(product == 0),
        ]
    values = [clip(output + zero_point, low, high) for output in outputs]
    return Claim(
        f"clamped shift, {'float32' if tie is None else tie.name}",
        values[0] == values[1],
        [shift >= -104, shift <= 149, low <= high, *ranges],
        {"t": t, "shift": shift, "zero_point": zero_point, "low": low, "high": high},
    )


LIMBS = """
(set-logic QF_BV)
(declare-const a_low (_ BitVec 64))
(declare-const a_high (_ BitVec 64))
(declare-const b_low (_ BitVec 64))
(declare-const b_high (_ BitVec 64))
(define-fun limb () (_ BitVec 64) #x0000000000010000)
(assert (distinct
  (bvmul (bvadd a_low (bvmul a_high limb)) (bvadd b_low (bvmul b_high limb)))
  (bvadd (bvmul a_low b_low)
         (bvmul (bvadd (bvmul a_low b_high) (bvmul a_high b_low)) limb)
         (bvmul a_high b_high limb limb))))
(check-sat)
"""
"""No integers, modulo 2**64, whose product is not the sum of the products of their limbs.

Yices sees both sides as the same polynomial. With solvers that work on bits this is hopeless.
"""

_FLOAT32 = (8, 24)
_FLOAT64 = (11, 53)
_NEAREST_EVEN = TERMS.mk_rm_value(bitwuzla.RoundingMode.RNE)


def _from_bits(term: bitwuzla.Term, float_format: tuple[int, int]) -> bitwuzla.Term:
    return TERMS.mk_term(Kind.FP_TO_FP_FROM_BV, [term], list(float_format))
