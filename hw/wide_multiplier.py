"""A multiplier too wide for one DSP block, from four that are not."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.multiplier import Multiplier
from hw.multiplier_kind import MultiplierKind
from hw.pipeline import registered

__all__ = ["WideMultiplier"]


class WideMultiplier(wiring.Component):
    """`product = i_a * i_b` modulo `2**product_width`, `i_a` signed and `i_b` unsigned.

    Both operands are cut above bit 17, so that each partial product is one of signed 18-bit
    operands, of a `Multiplier` each::

        product = low * low + (low * high + high * low) * 2**17 + high * high * 2**34

    No flow control, no reset. Latency is 5 cycles; throughput one product per cycle.

    Parameters
    ----------
    a_width : int
        Width of the signed operand, from 19 to 35.
    b_width : int
        Width of the unsigned operand, from 18 to 34.
    product_width : int
        Low bits of the product that are wanted, from 35 to `a_width + b_width`.
    kind : MultiplierKind
        What the four multipliers are built of.

    Members
    -------
    i_a : In(signed(a_width))
    i_b : In(b_width)
    product : Out(signed(product_width))
    """

    LATENCY = Multiplier.LATENCY + 2
    LIMB = 17

    def __init__(self, *, a_width, b_width, product_width, kind=MultiplierKind.PORTABLE):
        for name, value, low, high in (
            ("a_width", a_width, 19, 35),
            ("b_width", b_width, 18, 34),
            ("product_width", product_width, 35, a_width + b_width),
        ):
            if not low <= value <= high:
                raise ValueError(f"{name} must be from {low} to {high}, not {value}")
        self.a_width = a_width
        self.b_width = b_width
        self.product_width = product_width
        self.kind = kind
        super().__init__({
            "i_a":     In(signed(a_width)),
            "i_b":     In(b_width),
            "product": Out(signed(product_width)),
        })

    def elaborate(self, platform):
        m = Module()
        limb = self.LIMB

        # Cycles 0 to 2: partial products. Only the high limb of `a` has a sign.
        a_low, a_high = self.i_a[:limb], self.i_a[limb:].as_signed()
        b_low, b_high = self.i_b[:limb], self.i_b[limb:]
        low = self._product(m, "low", a_low, b_low)
        middle_a = self._product(m, "middle_a", a_low, b_high)
        middle_b = self._product(m, "middle_b", a_high, b_low)
        high = self._product(m, "high", a_high, b_high)

        # Cycles 3 and 4: `low` and `high` do not overlap, so two additions are enough.
        middle = registered(m, middle_a + middle_b, name="middle")
        outer = registered(m, Cat(low, high).as_signed(), name="outer")
        upper = (outer[limb:].as_signed() + middle)[:self.product_width - limb]
        total = registered(m, Cat(outer[:limb], upper).as_signed(), name="product")
        m.d.comb += self.product.eq(total)
        return m

    def _product(self, m, name, a, b):
        multiplier = Multiplier(a.shape(), b.shape(), kind=self.kind, holds_b=False)
        m.submodules[name] = multiplier
        m.d.comb += [multiplier.a.eq(a), multiplier.b.eq(b)]
        return multiplier.o
