"""All the proofs there are, by name."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import partial

from amaranth.hdl import signed, unsigned

from golden.formats import INT4, INT8, INT16, IntegerFormat
from golden.rounding import Rounding
from golden.scheme import Scheme
from hw.multiplier_kind import MultiplierKind
from hw.wide_multiplier import WideMultiplier
from sim.proof import lemmas
from sim.proof.claim import Claim, prove
from sim.proof.harness import ClipHarness, RoundShiftHarness
from sim.proof.held_operand import HELD
from sim.proof.multiplier_twin import MultiplierTwin
from sim.proof.pair_twin import PairTwin
from sim.proof.requantizer_claims import RequantizerUnit
from sim.proof.smtbmc import prove_assertions, prove_unsatisfiable

__all__ = ["Proof", "Tool", "proofs"]

_TIES = (Rounding.HALF_EVEN, Rounding.HALF_UP, Rounding.HALF_AWAY)


class Tool(Enum):
    """What answers."""

    BITWUZLA = "bitwuzla"
    YICES = "yices"
    SMTBMC = "yosys-smtbmc, yices"


@dataclass(frozen=True)
class Proof:
    """A proof that can be run.

    Parameters
    ----------
    name : str
    tool : Tool
    run : callable
        Proves, and returns the processor time in seconds; raises `RefutedError` if that fails.
    is_long : bool
        Takes more than a few seconds.

    """

    name: str
    tool: Tool
    run: Callable[[], float]
    is_long: bool = False


def proofs() -> list[Proof]:
    """List all proofs, lemmas first."""
    return [*_lemmas(), *_units(), *_multipliers(), *_requantizers()]


def _lemmas() -> list[Proof]:
    return [
        _claimed("lemma float32_product_range", lemmas.float32_product_range),
        _claimed("lemma exact_product_range", lemmas.exact_product_range),
        _claimed("lemma float32_conversion", lemmas.float32_conversion),
        _claimed("lemma float32_multiplication", lemmas.float32_multiplication),
        _claimed("lemma clamped_shift float32", partial(lemmas.clamped_shift, None), is_long=True),
        *(
            _claimed(
                f"lemma clamped_shift {tie.value}", partial(lemmas.clamped_shift, tie), is_long=True
            )
            for tie in _TIES
        ),
        Proof(
            "lemma limbs",
            Tool.YICES,
            lambda: prove_unsatisfiable("product of limbs", lemmas.LIMBS),
        ),
    ]


def _units() -> list[Proof]:
    return [
        *(
            Proof(
                f"round_shift {width} by {most}", Tool.SMTBMC, _round_shift(width, most), width > 30
            )
            for width, most in ((11, 10), (33, 31), (19, 18))
        ),
        *(
            Proof(f"clip {width + 4} to {width}", Tool.SMTBMC, _clip(width + 4, width))
            for width in (8, 16)
        ),
    ]


def _multipliers() -> list[Proof]:
    """Multipliers of an array, and those of the limbs in requantizers."""
    limb, rest = WideMultiplier.LIMB, 24 - WideMultiplier.LIMB
    limbs = [
        (a, unsigned(b)) for a in (unsigned(limb + 1), signed(9), signed(16)) for b in (limb, rest)
    ]
    listed = []
    for kind in [kind for kind in HELD if kind is not MultiplierKind.PORTABLE]:
        twin = MultiplierTwin(kind, signed(8), signed(8), holds_b=True)
        of_tables = kind in (MultiplierKind.ECP5_LUT, MultiplierKind.LUT)
        listed += [
            _claimed(f"{twin}: takes b", twin.taken_claim),
            _claimed(f"{twin}: keeps b", twin.kept_claim),
            _claimed(f"{twin}: product", twin.product_claim, is_long=of_tables),
        ]
        for a, b in limbs if kind.for_wide is kind else ():
            twin = MultiplierTwin(kind, a, b, holds_b=False)
            listed.append(_claimed(f"{twin}: product", twin.product_claim, is_long=True))
    pair = PairTwin()
    return [
        *listed,
        _claimed(f"{pair}: takes b", pair.taken_claim),
        _claimed(f"{pair}: keeps b", pair.kept_claim),
        _claimed(f"{pair}: products", pair.product_claim, is_long=True),
    ]


def _requantizers() -> list[Proof]:
    everything = (Scheme.FLOAT32, Scheme.FIXED, Scheme.SHIFT)
    return [
        *_requantizer([Scheme.FLOAT32]),
        *_requantizer([Scheme.FIXED]),
        *_requantizer([Scheme.SHIFT]),
        *_requantizer(everything),
        *_requantizer([Scheme.FLOAT32], out_format=INT4),
        *_requantizer([Scheme.FLOAT32], out_format=INT16),
        *_requantizer([Scheme.FLOAT32], acc_bits=24),
    ]


def _requantizer(
    schemes: tuple[Scheme, ...] | list[Scheme],
    *,
    out_format: IntegerFormat = INT8,
    acc_bits: int = 32,
) -> list[Proof]:
    unit = RequantizerUnit(schemes, out_format=out_format, acc_bits=acc_bits)
    listed = []
    if list(schemes) != [Scheme.SHIFT]:
        listed.append(_claimed(f"{unit}: multiplier", unit.multiplier_claim, is_long=True))
        listed += [
            _claimed(
                f"{unit}: operands of {scheme.name}",
                partial(unit.operand_claim, scheme),
                is_long=out_format != INT8 or acc_bits != 32,
            )
            for scheme in schemes
        ]
    for scheme in schemes:
        for tie in _TIES if scheme is not Scheme.FLOAT32 else _TIES[:1]:
            name = f"{unit}: output of {scheme.name}, {tie.name}"
            listed.append(_claimed(name, partial(unit.value_claim, scheme, tie), is_long=True))
    return listed


def _claimed(name: str, claim: Callable[[], Claim], *, is_long: bool = False) -> Proof:
    return Proof(name, Tool.BITWUZLA, lambda: prove(claim()), is_long)


def _round_shift(width: int, max_shift: int) -> Callable[[], float]:
    def run() -> float:
        harness = RoundShiftHarness(width=width, max_shift=max_shift)
        return prove_assertions("round_shift", harness, depth=harness.unit.latency + 1)

    return run


def _clip(in_width: int, width: int) -> Callable[[], float]:
    def run() -> float:
        harness = ClipHarness(in_width=in_width, width=width)
        return prove_assertions("clip", harness, depth=harness.unit.LATENCY + 1)

    return run
