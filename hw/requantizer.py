"""Requantization: accumulators to outputs of a few bits, by schemes that are chosen at run time."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from golden.formats import INT8
from golden.rounding import Rounding
from hw.multiplier_kind import MultiplierKind
from hw.output_stage import OutputStage
from hw.parameter_word import ParameterWord
from hw.pipeline import delayed, registered
from hw.requantizer_back import RequantizerBack
from hw.requantizer_front import RequantizerFront
from hw.requantizer_plan import RequantizerPlan
from hw.round_shift import RoundShift
from hw.wide_multiplier import WideMultiplier

__all__ = ["Requantizer"]

_NORMALIZED_SHIFT = 23


class Requantizer(wiring.Component):
    """`value = clip(scaled(t) + zero_point, low, high)` with `t = wrap(acc + bias)`.

    `scaled` is what the scheme says, with scale = multiplier * 2**-shift:

    =======  ==================================================================
    FLOAT32  rne(f32(f32(t) * scale)): float32 arithmetic, ties to even
    FIXED    round(t * multiplier * 2**-shift), one rounding, ties as `tie` says
    SHIFT    round(t * 2**-shift), one rounding, ties as `tie` says
    =======  ==================================================================

    Only what the schemes need is built: FIXED and SHIFT share all of it (SHIFT is FIXED with a
    multiplier of 2**23), and SHIFT alone has no multiplier.

    The parameters are fields of a `ParameterWord`, as encoded there. To save carrying them along,
    each is taken when the accumulator reaches the place where it is used.

    No flow control, no reset. Latency is `latency` cycles: 20 with a multiplier, 9 without (and an
    output of at most 12 bits); throughput one accumulator per cycle.

    Parameters
    ----------
    schemes : iterable of Scheme
        Schemes to build: FLOAT32, FIXED, SHIFT.
    out_format : IntegerFormat
        Format of the output: signed, from 2 to 16 bits.
    acc_bits : int
        Width of accumulator and bias, from 16 to 32.
    multiplier_kind : MultiplierKind
        What its multiplier is built of.

    Members
    -------
    acc, bias : In(signed(acc_bits))
    multiplier : In(24)
        Only with FLOAT32 or FIXED.
    shift : In(signed(6))
    scheme : In(SchemeCode)
        Only with FLOAT32 and another.
    tie : In(TieCode)
        Only with FIXED or SHIFT. Must be HALF_EVEN where the scheme is FLOAT32.
    zero_point, low, high : In(signed(out_format.bits))
    value : Out(signed(out_format.bits))
    under, over : Out(1)
        The clip changed the value, from below `low`, from above `high`.
    tied : Out(1)
        It did not, and the number that `scaled` rounds to an integer (for FLOAT32 the float32
        product) was exactly half way between two.

    Each parameter is taken as many cycles after `acc` as `stages` says.
    """

    def __init__(
        self, *, schemes, out_format=INT8, acc_bits=32, multiplier_kind=MultiplierKind.PORTABLE
    ):
        self.plan = RequantizerPlan(schemes=schemes, out_format=out_format, acc_bits=acc_bits)
        self.schemes = self.plan.schemes
        self.out_format = out_format
        self.acc_bits = acc_bits
        self.multiplier_kind = multiplier_kind
        members = {"acc": In(signed(acc_bits)), "value": Out(signed(out_format.bits))}
        members |= dict.fromkeys(("under", "over", "tied"), Out(1))
        members |= {name: In(self.plan.word.layout[name].shape) for name in self.stages}
        super().__init__(members)

    @property
    def stages(self):
        """Cycles from `acc` to each parameter."""
        return self.plan.stages

    @property
    def latency(self):
        """Cycles from `acc` to `value`."""
        return self.plan.latency

    def elaborate(self, platform):
        m = Module()
        if self.plan.has_multiplier:
            self._multiply(m)
        else:
            self._shift(m)
        return m

    def _multiply(self, m):
        products = self.plan.products
        m.submodules.front = front = RequantizerFront(
            acc_bits=self.acc_bits,
            max_amount=self.out_format.bits + 2,
            shift_width=ParameterWord.SHIFT_BITS,
            **products,
        )
        m.submodules.wide_multiplier = multiplier = WideMultiplier(
            kind=self.multiplier_kind, **self.plan.multiplier_widths
        )
        m.submodules.back = back = RequantizerBack(width=self.out_format.bits, **products)
        wait = multiplier.LATENCY
        m.d.comb += [
            front.acc.eq(self.acc),
            front.bias.eq(self.bias),
            front.shift.eq(self.shift),
            multiplier.i_a.eq(front.operand),
            multiplier.i_b.eq(self.multiplier),
            back.product.eq(multiplier.product),
            back.amount.eq(delayed(m, front.amount, wait, name="amount")),
            back.is_saturated.eq(delayed(m, front.is_saturated, wait, name="is_saturated")),
            back.zero_point.eq(self.zero_point),
            back.low.eq(self.low),
            back.high.eq(self.high),
            self.value.eq(back.value),
            self.under.eq(back.under),
            self.over.eq(back.over),
            self.tied.eq(back.tied),
        ]
        if "tie" in self.stages:
            m.d.comb += back.tie.eq(self.tie)
        if "scheme" in self.stages:
            is_exact = self.scheme.as_value()[0]
            wait = self.plan.PRODUCT_STAGE + back.EXACT_STAGE - self.stages["scheme"]
            m.d.comb += [
                front.is_exact.eq(is_exact),
                back.is_exact.eq(delayed(m, is_exact, wait, name="is_exact")),
            ]

    def _shift(self, m):
        m.submodules.round_shift = round_shift = RoundShift(
            width=self.acc_bits + 1,
            max_shift=self.plan.max_distance,
            ties=[Rounding.HALF_EVEN, Rounding.HALF_UP, Rounding.HALF_AWAY],
        )
        m.submodules.output = output = OutputStage(width=self.out_format.bits)

        # Cycle 0: accumulators wrap, and so does the sum. The field becomes the distance.
        total = registered(m, (self.acc + self.bias)[:self.acc_bits].as_signed(), name="total")
        offset = self.plan.word.shift_offset - _NORMALIZED_SHIFT
        distance = registered(m, (self.shift + offset)[:len(round_shift.shift)], name="distance")
        m.d.comb += [
            round_shift.i.eq(Cat(0, total).as_signed()),
            round_shift.shift.eq(distance),
            round_shift.rest_none.eq(1),
            round_shift.rest_full.eq(0),
            round_shift.tie.eq(self.tie),
        ]

        # What does not fit the output stage is beyond every bound, whatever the zero point.
        kept = len(output.floor)
        above = round_shift.floor[kept - 1:]
        is_saturated = above.any() & ~above.all()
        floor = Cat(round_shift.floor[:kept - 1], round_shift.floor[-1]).as_signed()
        m.d.comb += [
            output.floor.eq(registered(m, floor, name="floor")),
            output.carry.eq(registered(m, round_shift.carry, name="carry")),
            output.is_tie.eq(registered(m, round_shift.is_tie, name="is_tie")),
            output.is_saturated.eq(registered(m, is_saturated, name="is_saturated")),
            output.zero_point.eq(self.zero_point),
            output.low.eq(self.low),
            output.high.eq(self.high),
            self.value.eq(output.value),
            self.under.eq(output.under),
            self.over.eq(output.over),
            self.tied.eq(output.tied),
        ]
