"""A multiplier too wide for one DSP block, from four that are not."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.multiplier import Multiplier
from hw.multiplier_kind import MultiplierKind
from hw.pipeline import registered

__all__ = ["WideMultiplier"]


class WideMultiplier(wiring.Component):
    """`product = (i_a.low + i_a.high * 2**16) * i_b` modulo `2**product_width`.

    The low limb of the first operand may be as large as 2**16, so that who adds to it need not
    bring a carry into the high one. `i_b` is cut above bit 15. Each partial product is one of
    signed operands of at most 18 bits, of a `Multiplier` each::

        product = low * low + (low * high + high * low) * 2**16 + high * high * 2**32

    No flow control, no reset. Latency is 5 cycles; throughput one product per cycle.

    Parameters
    ----------
    high_width : int
        Width of the first operand's high limb, from 2 to 18.
    b_width : int
        Width of the unsigned operand, from 17 to 33.
    product_width : int
        Low bits of the product that are wanted, from 33 to `16 + high_width + b_width`.
    kind : MultiplierKind
        What the four multipliers are built of.

    Members
    -------
    i_a : In(limbs(high_width))
        The first operand; its low limb is at most 2**16.
    i_b : In(b_width)
    product : Out(signed(product_width))
    """

    LATENCY = Multiplier.LATENCY + 2
    LIMB = 16

    def __init__(self, *, high_width, b_width, product_width, kind=MultiplierKind.PORTABLE):
        for name, value, low, high in (
            ("high_width", high_width, 2, 18),
            ("b_width", b_width, 17, 33),
            ("product_width", product_width, 33, 16 + high_width + b_width),
        ):
            if not low <= value <= high:
                raise ValueError(f"{name} must be from {low} to {high}, not {value}")
        self.high_width = high_width
        self.b_width = b_width
        self.product_width = product_width
        self.kind = kind
        super().__init__({
            "i_a":     In(self.limbs(high_width)),
            "i_b":     In(b_width),
            "product": Out(signed(product_width)),
        })

    @classmethod
    def limbs(cls, high_width):
        """Layout of the first operand."""
        return data.StructLayout({"low": cls.LIMB + 1, "high": signed(high_width)})

    def elaborate(self, platform):
        m = Module()
        limb = self.LIMB

        # Cycles 0 to 2: partial products. Only `i_a.high` has a sign.
        b_low, b_high = self.i_b[:limb], self.i_b[limb:]
        low = self._product(m, "low", self.i_a.low, b_low)
        middle_a = self._product(m, "middle_a", self.i_a.low, b_high)
        middle_b = self._product(m, "middle_b", self.i_a.high, b_low)
        high = self._product(m, "high", self.i_a.high, b_high)

        # Cycles 3 and 4: `low`, at most 2**16 * (2**16 - 1), and `high` do not overlap, so two
        # additions are enough.
        middle = registered(m, middle_a + middle_b, name="middle")
        outer = registered(m, Cat(low[:2 * limb], high).as_signed(), name="outer")
        upper = (outer[limb:].as_signed() + middle)[:self.product_width - limb]
        total = registered(m, Cat(outer[:limb], upper).as_signed(), name="product")
        m.d.comb += self.product.eq(total)
        return m

    def _product(self, m, name, a, b):
        multiplier = Multiplier(a.shape(), b.shape(), kind=self.kind, holds_b=False)
        m.submodules[name] = multiplier
        m.d.comb += [multiplier.a.eq(a), multiplier.b.eq(b)]
        return multiplier.o
