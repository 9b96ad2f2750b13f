"""Requantization: accumulators to outputs of a few bits, by schemes that are chosen at run time."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from golden.formats import INT8
from golden.rounding import Rounding
from golden.scheme import Scheme
from hw.output_stage import OutputStage
from hw.parameter_word import ParameterWord
from hw.pipeline import delayed, registered
from hw.requantizer_back import RequantizerBack
from hw.requantizer_front import RequantizerFront
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

    No flow control, no reset. Latency is `latency` cycles: 19 with a multiplier, 9 without (and an
    output of at most 12 bits); throughput one accumulator per cycle.

    Parameters
    ----------
    schemes : iterable of Scheme
        Schemes to build: FLOAT32, FIXED, SHIFT.
    out_format : IntegerFormat
        Format of the output: signed, from 2 to 16 bits.
    acc_bits : int
        Width of accumulator and bias, from 16 to 32.

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

    Each parameter is taken as many cycles after `acc` as `stages` says.
    """

    def __init__(self, *, schemes, out_format=INT8, acc_bits=32):
        self.schemes = frozenset(schemes)
        if not self.schemes or not self.schemes <= {Scheme.FLOAT32, Scheme.FIXED, Scheme.SHIFT}:
            names = ", ".join(sorted(scheme.name for scheme in self.schemes)) or "none"
            raise ValueError(f"schemes must be one or more of FLOAT32, FIXED, SHIFT, not {names}")
        self.word = ParameterWord(out_format=out_format, acc_bits=acc_bits)
        self.out_format = out_format
        self.acc_bits = acc_bits
        self._multiplies = self.schemes != {Scheme.SHIFT}
        if self._multiplies:
            self._make_multiplied_parts()
        else:
            self._make_shifted_parts()
        members = {"acc": In(signed(acc_bits)), "value": Out(signed(out_format.bits))}
        members |= {name: In(self.word.layout[name].shape) for name in self.stages}
        super().__init__(members)

    @property
    def stages(self):
        """Cycles from `acc` to each parameter."""
        return dict(self._stages)

    @property
    def latency(self):
        """Cycles from `acc` to `value`."""
        return self._latency

    def elaborate(self, platform):
        m = Module()
        for name, part in self._parts.items():
            m.submodules[name] = part
        if self._multiplies:
            self._connect_multiplied(m)
        else:
            self._connect_shifted(m)
        return m

    def _make_multiplied_parts(self):
        float_products = Scheme.FLOAT32 in self.schemes
        exact_products = self.schemes != {Scheme.FLOAT32}
        products = {"float_products": float_products, "exact_products": exact_products}
        back = RequantizerBack(width=self.out_format.bits, **products)
        front = RequantizerFront(
            acc_bits=self.acc_bits,
            max_amount=self.out_format.bits + 2,
            shift_width=ParameterWord.SHIFT_BITS,
            **products,
        )
        multiplier = WideMultiplier(
            a_width=front.operand_width,
            b_width=self.word.layout["multiplier"].width,
            product_width=back.product_width,
        )
        self._parts = {"front": front, "multiplier": multiplier, "back": back}

        product = front.LATENCY + multiplier.LATENCY
        self._stages = {"bias": 0, "shift": front.SHIFT_STAGE, "multiplier": front.LATENCY}
        if exact_products:
            self._stages["tie"] = product + back.stages["tie"]
            if float_products:
                self._stages["scheme"] = front.SHIFT_STAGE
        for name in ("zero_point", "low", "high"):
            self._stages[name] = product + back.stages[name]
        self._latency = product + back.latency

    def _connect_multiplied(self, m):
        front, multiplier, back = self._parts.values()
        wait = multiplier.LATENCY
        m.d.comb += [
            front.acc.eq(self.acc),
            front.bias.eq(self.bias),
            front.shift.eq(self.shift),
            multiplier.a.eq(front.operand),
            multiplier.b.eq(self.multiplier),
            back.product.eq(multiplier.product),
            back.amount.eq(delayed(m, front.amount, wait, name="amount")),
            back.is_saturated.eq(delayed(m, front.is_saturated, wait, name="is_saturated")),
            back.zero_point.eq(self.zero_point),
            back.low.eq(self.low),
            back.high.eq(self.high),
            self.value.eq(back.value),
        ]
        if "tie" in self._stages:
            m.d.comb += back.tie.eq(self.tie)
        if "scheme" in self._stages:
            is_exact = self.scheme.as_value()[0]
            wait += front.LATENCY - front.SHIFT_STAGE + back.EXACT_STAGE
            m.d.comb += [
                front.is_exact.eq(is_exact),
                back.is_exact.eq(delayed(m, is_exact, wait, name="is_exact")),
            ]

    def _make_shifted_parts(self):
        round_shift = RoundShift(
            width=self.acc_bits + 1,
            max_shift=min(31, self.acc_bits + 1),
            ties=[Rounding.HALF_EVEN, Rounding.HALF_UP, Rounding.HALF_AWAY],
        )
        output = OutputStage(width=self.out_format.bits)
        self._parts = {"round_shift": round_shift, "output": output}

        shifted = 1 + round_shift.latency + 1
        self._stages = {
            "bias":       0,
            "shift":      0,
            "tie":        1 + round_shift.tie_stage,
            "zero_point": shifted,
            "low":        shifted + output.CLIP_STAGE,
            "high":       shifted + output.CLIP_STAGE,
        }
        self._latency = shifted + output.LATENCY

    def _connect_shifted(self, m):
        round_shift, output = self._parts.values()

        # Cycle 0: accumulators wrap, and so does the sum. The field becomes the distance.
        total = registered(m, (self.acc + self.bias)[:self.acc_bits].as_signed(), name="total")
        offset = self.word.shift_offset - _NORMALIZED_SHIFT
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
            output.is_saturated.eq(registered(m, is_saturated, name="is_saturated")),
            output.zero_point.eq(self.zero_point),
            output.low.eq(self.low),
            output.high.eq(self.high),
            self.value.eq(output.value),
        ]
