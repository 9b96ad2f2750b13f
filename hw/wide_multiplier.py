"""A multiplier too wide for one DSP block, from four that are not."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.pipeline import delayed, registered

__all__ = ["WideMultiplier"]


class WideMultiplier(wiring.Component):
    """`product = a * b` modulo `2**product_width`, `a` signed and `b` unsigned.

    Both operands are cut above bit 17, so that each partial product is one of signed 18-bit
    operands, with registers before it and two behind it::

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

    Members
    -------
    a : In(signed(a_width))
    b : In(b_width)
    product : Out(signed(product_width))
    """

    LATENCY = 5
    LIMB = 17

    def __init__(self, *, a_width, b_width, product_width):
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
        super().__init__({
            "a":       In(signed(a_width)),
            "b":       In(b_width),
            "product": Out(signed(product_width)),
        })

    def elaborate(self, platform):
        m = Module()
        limb = self.LIMB

        # Cycle 0: operands. Only the high limb of `a` has a sign.
        a_low = registered(m, self.a[:limb], name="a_low")
        a_high = registered(m, self.a[limb:].as_signed(), name="a_high")
        b_low = registered(m, self.b[:limb], name="b_low")
        b_high = registered(m, self.b[limb:], name="b_high")

        # Cycles 1 and 2: partial products, and the register behind each.
        low = delayed(m, a_low * b_low, 2, name="low")
        middle_a = delayed(m, a_low * b_high, 2, name="middle_a")
        middle_b = delayed(m, a_high * b_low, 2, name="middle_b")
        high = delayed(m, a_high * b_high, 2, name="high")

        # Cycles 3 and 4: `low` and `high` do not overlap, so two additions are enough.
        middle = registered(m, middle_a + middle_b, name="middle")
        outer = registered(m, Cat(low, high).as_signed(), name="outer")
        upper = (outer[limb:].as_signed() + middle)[:self.product_width - limb]
        total = registered(m, Cat(outer[:limb], upper).as_signed(), name="product")
        m.d.comb += self.product.eq(total)
        return m
