"""The half of the requantizer before its multiplication: an accumulator to a floating operand."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.normalizer import Normalizer
from hw.pipeline import registered
from hw.wide_multiplier import WideMultiplier

__all__ = ["RequantizerFront"]


class RequantizerFront(wiring.Component):
    """Adds the bias and normalizes: a fraction of which the leading bit is significant.

    With t the wrapped sum of `acc` and `bias`, c its `Normalizer` count, n its normalized value
    padded to 32 bits, the operand is n / 128 rounded to an integer, ties to even. That is t rounded
    to 24 significant bits, as float32 does: 2**23 <= abs(operand) <= 2**24, or 0.

    If exact products are built, the operand has seven more bits below. Where `is_exact`, it is n.

    It is given as two limbs, `low + high * 2**16`. What rounding adds stays in the low one, which
    may so become 2**16: the carry would take a longer adder and changes no product.

    `amount` is c + `shift` brought into 0 to `max_amount`. `is_saturated` says that c + `shift` is
    negative and t is not 0.

    No flow control, no reset. Latency is 9 cycles; throughput one accumulator per cycle.

    Parameters
    ----------
    acc_bits : int
        Width of accumulator and bias, from 16 to 32.
    max_amount : int
        The largest amount.
    shift_width : int
        Width of `shift`.
    float_products : bool
    exact_products : bool
        What is built, at least one.

    Members
    -------
    acc, bias : In(signed(acc_bits))
    shift : In(signed(shift_width))
        Taken `SHIFT_STAGE` cycles after `acc`.
    is_exact : In(1)
        Taken `SHIFT_STAGE` cycles after `acc`. Only if both kinds of product are built.
    operand : Out(WideMultiplier.limbs(high_width))
    amount : Out(range(max_amount + 1))
    is_saturated : Out(1)
    """

    SHIFT_STAGE = 1 + Normalizer.LATENCY
    LATENCY = SHIFT_STAGE + 2

    def __init__(self, *, acc_bits, max_amount, shift_width, float_products, exact_products):
        self.acc_bits = acc_bits
        self.max_amount = max_amount
        self.shift_width = shift_width
        self.float_products = float_products
        self.exact_products = exact_products
        members = {
            "acc":          In(signed(acc_bits)),
            "bias":         In(signed(acc_bits)),
            "shift":        In(signed(shift_width)),
            "operand":      Out(WideMultiplier.limbs(self.high_width)),
            "amount":       Out(range(max_amount + 1)),
            "is_saturated": Out(1),
        }
        if float_products and exact_products:
            members["is_exact"] = In(1)
        super().__init__(members)

    @property
    def high_width(self):
        """Width of the high limb of the operand: of 25 bits, or 32 if products may be exact."""
        return 25 + 7 * self.exact_products - WideMultiplier.LIMB

    def elaborate(self, platform):
        m = Module()
        m.submodules.normalizer = normalizer = Normalizer(width=self.acc_bits)

        # Cycle 0: accumulators wrap, and so does the sum.
        total = (self.acc + self.bias)[:self.acc_bits].as_signed()
        m.d.comb += normalizer.i.eq(registered(m, total, name="total"))

        # Cycle 7: which way to round, how far to shift.
        padding = Const(0, 32 - self.acc_bits)
        normalized = Cat(padding, normalizer.normalized).as_signed()
        rounds_up = normalized[6] & (normalized[:6].any() | normalized[7])
        both = self.float_products and self.exact_products
        is_exact = self.is_exact if both else Const(int(self.exact_products))
        rounds_up = registered(m, rounds_up & ~is_exact, name="rounds_up")
        below = Mux(is_exact, normalized[:7], 0) if self.exact_products else Const(0, 0)
        below = registered(m, below, name="below")
        normalized = registered(m, normalized[7:].as_signed(), name="normalized")
        amount = registered(m, normalizer.count + self.shift, name="amount_8")
        is_zero = registered(m, normalizer.is_zero, name="is_zero")

        # Cycle 8.
        size = WideMultiplier.LIMB - len(below)
        low = Cat(below, (normalized[:size] + rounds_up)[:size + 1])
        high = normalized[size:].as_signed()
        largest, kept = self.max_amount, amount[:len(self.amount)]
        is_large = (kept > largest) | amount[len(self.amount):].any()
        amount_9 = Mux(is_large, largest, kept)
        m.d.comb += [
            self.operand.low.eq(registered(m, low, name="low_9")),
            self.operand.high.eq(registered(m, high, name="high_9")),
            self.amount.eq(registered(m, amount_9, name="amount_9")),
            self.is_saturated.eq(registered(m, amount[-1] & ~is_zero, name="is_saturated_9")),
        ]
        return m
