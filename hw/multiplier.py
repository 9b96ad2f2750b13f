"""A pipelined multiplier, of the language, of a vendor's primitive, or of look-up tables."""

from contextlib import nullcontext

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.multiplier_ecp5 import add_mult18
from hw.multiplier_ecp5_lut import add_carry_product
from hw.multiplier_ice40 import add_mac16
from hw.multiplier_kind import MultiplierKind
from hw.multiplier_lut import add_lut_product
from hw.pipeline import registered

__all__ = ["Multiplier", "product_shape"]


def product_shape(a, b):
    """Return the shape of a product, as wide as both operands together."""
    return Shape(a.width + b.width, a.signed or b.signed)


class Multiplier(wiring.Component):
    """`o = a * b`, or, if it `holds_b`, `a` times the last `b` that `take_b` took.

    `take_b` makes `b` the operand for the `a` of this very cycle and all later ones.

    No flow control, no reset. Latency is `LATENCY` cycles: the registers of the operands, of the
    product, and one behind it, which gives the product time for its way through the fabric, or
    stands inside where it is made of tables. Throughput one product per cycle.

    Parameters
    ----------
    a_shape, b_shape : Shape
        Of the operands; at most `kind.max_bits` bits, a sign included.
    kind : MultiplierKind
        What it is built of.
    holds_b : bool
        Whether `b` is taken when told, and not in every cycle.

    Members
    -------
    a : In(a_shape)
    b : In(b_shape)
    take_b : In(1)
        Only if it `holds_b`.
    o : Out(signed or unsigned, as wide as both operands together)
    """

    LATENCY = 3

    def __init__(self, a_shape, b_shape, *, kind=MultiplierKind.PORTABLE, holds_b=True):
        self.kind = kind
        self.holds_b = holds_b
        self.a_shape = Shape.cast(a_shape)
        self.b_shape = Shape.cast(b_shape)
        kind.check_operand("a", self.a_shape)
        kind.check_operand("b", self.b_shape)
        self.o_shape = product_shape(self.a_shape, self.b_shape)
        members = {"a": In(self.a_shape), "b": In(self.b_shape), "o": Out(self.o_shape)}
        if holds_b:
            members["take_b"] = In(1)
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        kind = self.kind
        if kind in (MultiplierKind.PORTABLE, MultiplierKind.XC7):
            product = registered(m, self._portable(m), name="o_reg")
        elif kind is MultiplierKind.ECP5:
            product = add_mult18(m, self.a, self.b, self._take_b, o_shape=self.o_shape)
            product = registered(m, product, name="o_reg")
        elif kind is MultiplierKind.ICE40:
            product, = add_mac16(m, [self.a], [self.b], self._take_b)
        else:
            add = add_lut_product if kind is MultiplierKind.LUT else add_carry_product
            product = add(m, _with_sign(self.a), _with_sign(self.b), self._take_b)
        m.d.comb += self.o.eq(product[:len(self.o)].as_signed())
        return m

    @property
    def _take_b(self):
        return self.take_b if self.holds_b else C(1, 1)

    def _portable(self, m):
        a = registered(m, self.a, name="a_reg")
        b = Signal(self.b_shape, reset_less=True, name="b_reg")
        with m.If(self.take_b) if self.holds_b else nullcontext():
            m.d.sync += b.eq(self.b)
        return registered(m, a * b, name="product")


def _with_sign(value):
    """Return a signed value."""
    return value if value.shape().signed else Cat(value, C(0, 1)).as_signed()
