"""The half of the requantizer behind its multiplication: a product to an output."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from golden.rounding import Rounding
from hw.output_stage import OutputStage
from hw.pipeline import delayed, registered
from hw.round_shift import RoundShift, TieCode

__all__ = ["RequantizerBack"]

_TIES = (Rounding.HALF_EVEN, Rounding.HALF_UP, Rounding.HALF_AWAY)


class RequantizerBack(wiring.Component):
    """Rounds a product at its binary point, adds the zero point and clips.

    Let p be `product`, without its lowest seven bits if exact products are built (they are 0 where
    not `is_exact`). The value is v = p / 2**(47 - width + amount), with those seven bits behind the
    point where `is_exact`. Then

        value = clip(round(v) + zero_point, low, high)

    where not `is_exact` v is first rounded to 24 significant bits, ties to even, as a float32
    product is, and then to an integer, ties to even. Where `is_saturated` v counts as a number
    beyond every bound, with the sign of the product.

    Both roundings together need neither an adder nor a normalization. The first one only matters
    where it turns what lies below the shift's last bit into nothing or into a whole unit, and its
    place is given by the two leading bits of p, since 2**46 <= abs(p) < 2**48 or p = 0.

    No flow control, no reset. Latency is `latency` cycles; throughput one product per cycle.

    Parameters
    ----------
    width : int
        Width of the output, from 2 to 16.
    float_products : bool
    exact_products : bool
        What is built, at least one.

    Members
    -------
    product : In(signed(product_width))
    amount : In(range(width + 3))
    is_saturated : In(1)
    is_exact : In(1)
        Only if both kinds of product are built.
    tie : In(TieCode)
        Only if exact products are built; must be HALF_EVEN where not `is_exact`.
    zero_point, low, high : In(signed(width))
    value : Out(signed(width))
    under, over, tied : Out(1)
        See `OutputStage`: of v after its rounding to a float32 product.

    Each of the last five inputs is taken as many cycles after `product` as `stages` says.
    """

    EXACT_STAGE = 1

    def __init__(self, *, width, float_products, exact_products):
        self.width = width
        self.float_products = float_products
        self.exact_products = exact_products
        members = {
            "product":      In(signed(self.product_width)),
            "amount":       In(range(width + 3)),
            "is_saturated": In(1),
            "zero_point":   In(signed(width)),
            "low":          In(signed(width)),
            "high":         In(signed(width)),
            "value":        Out(signed(width)),
            "under":        Out(1),
            "over":         Out(1),
            "tied":         Out(1),
        }
        if exact_products:
            members["tie"] = In(TieCode)
        if exact_products and float_products:
            members["is_exact"] = In(1)
        super().__init__(members)

    @property
    def product_width(self):
        """Width of the product: 49 bits, and seven more if products may be exact."""
        return 49 + 7 * self.exact_products

    @classmethod
    def stages_of(cls, width):
        """Cycles from `product` to each input that is taken later."""
        tie = RoundShift.tie_stage_of(width + 2)
        return {
            "is_exact":   cls.EXACT_STAGE,
            "tie":        tie,
            "zero_point": tie + 1,
            "low":        tie + 1 + OutputStage.CLIP_STAGE,
            "high":       tie + 1 + OutputStage.CLIP_STAGE,
        }

    @property
    def stages(self):
        """`stages_of` this output."""
        return self.stages_of(self.width)

    @classmethod
    def latency_of(cls, width):
        """Cycles from `product` to `value`."""
        return cls.stages_of(width)["zero_point"] + OutputStage.LATENCY

    @property
    def latency(self):
        """`latency_of` this output."""
        return self.latency_of(self.width)

    def elaborate(self, platform):
        m = Module()
        m.submodules.round_shift = round_shift = RoundShift(
            width=self.width + 3,
            max_shift=self.width + 2,
            ties=_TIES if self.exact_products else _TIES[:1],
        )
        m.submodules.output = output = OutputStage(width=self.width)

        point = 7 * self.exact_products + 46 - self.width
        wait = round_shift.tie_stage - 2
        rest_none, rest_full = self._round_product(m, self.product[:point])
        m.d.comb += [
            round_shift.i.eq(self.product[point:].as_signed()),
            round_shift.shift.eq(self.amount),
            round_shift.rest_none.eq(delayed(m, rest_none, wait, name="rest_none")),
            round_shift.rest_full.eq(delayed(m, rest_full, wait, name="rest_full")),
        ]
        if self.exact_products:
            m.d.comb += round_shift.tie.eq(self.tie)

        is_saturated = delayed(m, self.is_saturated, round_shift.latency, name="is_saturated")
        m.d.comb += [
            output.floor.eq(round_shift.floor),
            output.carry.eq(round_shift.carry),
            output.is_tie.eq(round_shift.is_tie),
            output.is_saturated.eq(is_saturated),
            output.zero_point.eq(self.zero_point),
            output.low.eq(self.low),
            output.high.eq(self.high),
            self.value.eq(output.value),
            self.under.eq(output.under),
            self.over.eq(output.over),
            self.tied.eq(output.tied),
        ]
        return m

    def _round_product(self, m, rest):
        """Tell whether the rounded product has nothing, or a whole unit, in place of `rest`.

        Below `rest[-1]` a float32 product keeps bits down to 23, or to 24 from 2**47 on: what is
        kept must be all zeros, or all ones, and what is not must round toward that.
        """
        # Cycle 0: four bits at a time.
        kept = 7 * self.exact_products + 22
        low_none = Cat(~bits.any() for bits in _fours(rest[:kept]))
        high_none = Cat(~bits.any() for bits in _fours(rest[kept + 2:]))
        high_full = Cat(bits.all() for bits in _fours(rest[kept + 2:]))
        low_none = registered(m, low_none, name="low_none")
        high_none = registered(m, high_none, name="high_none")
        high_full = registered(m, high_full, name="high_full")
        bit_22, bit_23 = (registered(m, rest[kept + n], name=f"bit_{22 + n}") for n in range(2))
        is_upper = registered(m, self.product[-1] ^ self.product[-2], name="is_upper")

        # Cycle 1.
        exactly_none = ~bit_23 & ~bit_22 & low_none.all()
        if not self.float_products:
            nearly_none, nearly_full = exactly_none, Const(0)
        else:
            half_none = ~bit_22 | low_none.all()
            nearly_none = (~bit_23 & (half_none | is_upper)) | (is_upper & ~bit_22 & low_none.all())
            nearly_full = bit_23 & (bit_22 | is_upper)
            if self.exact_products:
                nearly_none = Mux(self.is_exact, exactly_none, nearly_none)
                nearly_full = nearly_full & ~self.is_exact
        none = registered(m, high_none.all() & nearly_none, name="rest_none")
        full = registered(m, high_full.all() & nearly_full, name="rest_full")
        return none, full


def _fours(bits):
    """`bits`, four at a time."""
    return [bits[n:n + 4] for n in range(0, len(bits), 4)]
