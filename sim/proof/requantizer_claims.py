"""What is claimed of the requantizer as emitted."""

from collections.abc import Iterable
from functools import cached_property

from golden.formats import INT8, IntegerFormat
from golden.rounding import Rounding
from golden.scheme import Scheme
from hw.emit import emit_rtlil
from hw.parameter_word import SchemeCode
from hw.requantizer import Requantizer
from hw.requantizer_front import RequantizerFront
from hw.requantizer_plan import RequantizerPlan
from hw.round_shift import TieCode
from hw.wide_multiplier import WideMultiplier
from sim.proof.claim import Claim
from sim.proof.specification import (
    bit_length,
    clip,
    exact_product,
    float32_product,
    magnitude,
    normalized,
)
from sim.proof.unit import TOP, Unit
from sim.proof.word import Truth, Word, shift_left, where

__all__ = ["RequantizerUnit"]

_MULTIPLIER = "wide_multiplier"
_LIMB = 1 << WideMultiplier.LIMB


class RequantizerUnit:
    """A requantizer as emitted, and the claims about it.

    The multiplier is taken out of it. In its place the unit is given products that the
    specification uses too: any that a product can be by the lemmas of `sim.proof.lemmas`.

    Parameters
    ----------
    schemes : iterable of Scheme
        What is built.
    out_format : IntegerFormat
    acc_bits : int
        See `Requantizer`.
    rtlil : str, optional
        Text to use in place of the component's: for planting bugs.

    """

    def __init__(
        self,
        schemes: Iterable[Scheme],
        *,
        out_format: IntegerFormat = INT8,
        acc_bits: int = 32,
        rtlil: str | None = None,
    ) -> None:
        self.plan = RequantizerPlan(schemes=schemes, out_format=out_format, acc_bits=acc_bits)
        self.schemes = self.plan.schemes
        self.out_format = out_format
        self.acc_bits = acc_bits
        self._rtlil = rtlil

    @cached_property
    def rtlil(self) -> str:
        """The text that is proved, to plant a bug in."""
        if self._rtlil is not None:
            return self._rtlil
        component = Requantizer(
            schemes=self.schemes, out_format=self.out_format, acc_bits=self.acc_bits
        )
        text: str = emit_rtlil(component, TOP)
        return text

    @cached_property
    def _unit(self) -> Unit:
        operand = RequantizerFront.LATENCY
        product = operand + WideMultiplier.LATENCY
        cuts = {"i_a": operand, "i_b": operand, "product": product}
        return Unit(
            self.rtlil,
            latency=self.plan.latency,
            stages=self.plan.stages,
            cut=None if self._only_shifts else _MULTIPLIER,
            cut_stages={} if self._only_shifts else cuts,
        )

    @property
    def _only_shifts(self) -> bool:
        only: bool = not self.plan.has_multiplier
        return only

    @cached_property
    def _total(self) -> Word:
        total = self._unit.port("acc") + self._unit.port("bias")
        return total.wrapped(self.acc_bits)

    def operand_claim(self, scheme: Scheme) -> Claim:
        """What enters the multiplier: the multiplier itself, and t rounded or t in place.

        FLOAT32: t rounded to 24 significant bits; the operand is that significand with the sign of
        t, or, as 2**24 is not renormalized, twice the significand 2**23. Otherwise: t shifted
        left until its leading bit is in bit 30. Both have the range that the lemmas about products
        start from, and the low limb that which the multiplier asks for.
        """
        a, b = self._operands()
        if scheme is Scheme.FLOAT32:
            significand = self._significand()
            operand = self._signed(significand) * self._low_unit
            goal = (a == operand) | ((a == 2 * operand) & (significand == 1 << 23))
            goal &= (significand >= 1 << 23) | (self._total == 0)
            goal &= significand < 1 << 24
        else:
            size = Word.of(magnitude(self._in_place(self._total)))
            goal = a == self._in_place(self._total)
            goal &= (size >= 1 << 30) | (self._total == 0)
            goal &= size <= 1 << 31
        return Claim(
            f"{self}: operands of {scheme.name}",
            goal & (b == self._unit.port("multiplier")) & (self._limbs(self._unit)[0] <= _LIMB),
            self._mode(scheme, Rounding.HALF_EVEN),
            self._shown(),
        )

    def multiplier_claim(self) -> Claim:
        """The multiplier adds the four products of the limbs of its operands."""
        unit = Unit(self.rtlil, latency=WideMultiplier.LATENCY, module=f"{TOP}.{_MULTIPLIER}")
        low, high = self._limbs(unit, prefix="")
        b, product = unit.port("i_b"), unit.port("product")
        b_low = Word(b.low_bits(WideMultiplier.LIMB), signed=False)
        b_high = b >> WideMultiplier.LIMB
        total = low * b_low + (low * b_high + high * b_low) * _LIMB + high * b_high * _LIMB * _LIMB
        return Claim(
            f"{self}: multiplier",
            (b == b_low + b_high * _LIMB)
            & (product == total.wrapped(self.plan.multiplier_widths["product_width"])),
            [low <= _LIMB],
            {"low": low, "high": high, "b": b, "product": product},
        )

    def value_claim(self, scheme: Scheme, tie: Rounding = Rounding.HALF_EVEN) -> Claim:
        """The output is the specification's, whatever the inputs."""
        match scheme:
            case Scheme.FLOAT32:
                scaled, assumptions = self._float32_scaled()
            case Scheme.FIXED:
                scaled, assumptions = self._fixed_scaled(tie)
            case _:
                scaled, assumptions = self._shift_scaled(tie)
        zero_point, low, high = (self._unit.port(name) for name in ("zero_point", "low", "high"))
        return Claim(
            f"{self}: output of {scheme.name}, {tie.name}",
            self._unit.port("value") == clip(scaled + zero_point, low, high),
            [*self._mode(scheme, tie), *self._legal_shift(scheme), low <= high, *assumptions],
            self._shown() | {"specified": Word.of(clip(scaled + zero_point, low, high))},
        )

    def __str__(self) -> str:
        names = "+".join(scheme.name for scheme in Scheme if scheme in self.schemes)
        out, bits = self.out_format, self.acc_bits
        return f"{names} to {out}" if bits == 32 else f"{names} from {bits} bits to {out}"

    def _float32_scaled(self) -> tuple[Word, list[Truth]]:
        significand = self._significand()
        product = Word.variable("product", 48, signed=False)
        doubled = self._operands()[0] == 2 * self._low_unit * self._signed(significand)
        given = where(doubled & (significand > 0), 2 * product, product)
        scaled = float32_product(self._total, lambda _: product, self._shift)
        return scaled, [
            self._product() == self._signed(given) * self._low_unit,
            (significand == 0).implies(product == 0),
            (significand > 0).implies(product >= 1 << 46),
            (significand == 1 << 23).implies(product < 1 << 47),
        ]

    def _fixed_scaled(self, tie: Rounding) -> tuple[Word, list[Truth]]:
        product = Word.variable("product", 55, signed=False)
        in_place = self._in_place(product)
        scaled = exact_product(self._total, lambda _: product, self._shift, tie)
        return scaled, [
            self._product() == self._signed(in_place),
            (self._total == 0).implies(product == 0),
            (self._total == 0) | ((in_place >= 1 << 53) & (in_place < 1 << 55)),
        ]

    def _shift_scaled(self, tie: Rounding) -> tuple[Word, list[Truth]]:
        scaled = exact_product(self._total, lambda t: t, self._shift - 23, tie)
        if self._only_shifts:
            return scaled, []
        return scaled, [self._product() == self._operands()[0] * (1 << 23)]

    def _mode(self, scheme: Scheme, tie: Rounding) -> list[Truth]:
        """The inputs that choose, where there are any."""
        stages = self.plan.stages
        conditions: list[Truth] = []
        if "scheme" in stages:
            conditions.append(self._unit.port("scheme") == SchemeCode[scheme.name].value)
        if "tie" in stages:
            conditions.append(self._unit.port("tie") == TieCode[tie.name].value)
        return conditions

    def _legal_shift(self, scheme: Scheme) -> list[Truth]:
        field, word = self._unit.port("shift"), self.plan.word
        smallest, largest = word.shift_range
        conditions: list[Truth] = [field >= smallest, field <= largest]
        if scheme is Scheme.SHIFT:
            conditions += [self._shift >= 23, self._shift <= 23 + 31]
        return conditions

    @property
    def _shift(self) -> Word:
        offset: int = self.plan.word.shift_offset
        return self._unit.port("shift") + offset

    @property
    def _low_unit(self) -> int:
        """What one unit of a 24-bit significand is worth at the multiplier."""
        return 1 if self.schemes == {Scheme.FLOAT32} else 1 << 7

    def _operands(self) -> tuple[Word, Word]:
        low, high = self._limbs(self._unit)
        return low + high * _LIMB, self._unit.port(f"{_MULTIPLIER}.i_b", signed=False)

    @staticmethod
    def _limbs(unit: Unit, prefix: str = f"{_MULTIPLIER}.") -> tuple[Word, Word]:
        a = unit.port(f"{prefix}i_a", signed=True)
        return Word(a.low_bits(WideMultiplier.LIMB + 1), signed=False), a >> WideMultiplier.LIMB + 1

    def _product(self) -> Word:
        return self._unit.port(f"{_MULTIPLIER}.product", signed=True)

    def _significand(self) -> Word:
        return Word.of(normalized(magnitude(self._total), most=32)[0])

    def _signed(self, x: Word) -> Word:
        return Word.of(where(self._total < 0, -x, x))

    def _in_place(self, x: Word) -> Word:
        """`x`, shifted as far as takes the leading bit of t to bit 30."""
        leading = bit_length(where(self._total < 0, -1 - self._total, self._total), 31)
        return Word.of(shift_left(x, 31 - leading, most=31))

    def _shown(self) -> dict[str, Word]:
        """The numbers of a counterexample."""
        names = ["acc", *self.plan.stages, "value"]
        shown = {name: self._unit.port(name) for name in names}
        if not self._only_shifts:
            shown |= {"product": self._product()}
        return shown
