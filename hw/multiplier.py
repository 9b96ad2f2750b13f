"""A pipelined multiplier, of the language or of a vendor's primitive."""

from contextlib import nullcontext

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.multiplier_kind import MultiplierKind
from hw.pipeline import registered

__all__ = ["Multiplier"]


class Multiplier(wiring.Component):
    """`o = a * b`, or, if it `holds_b`, `a` times the last `b` that `take_b` took.

    `take_b` makes `b` the operand for the `a` of this very cycle and all later ones.

    No flow control, no reset. Latency is `LATENCY` cycles: the registers of the operands, of the
    product, and one behind it, which gives the product time for its way through the fabric.
    Throughput one product per cycle.

    Parameters
    ----------
    a_shape, b_shape : Shape
        Of the operands; at most `MAX_BITS` bits, a sign included, for a vendor's primitive.
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
    MAX_BITS = 18

    def __init__(self, a_shape, b_shape, *, kind=MultiplierKind.PORTABLE, holds_b=True):
        self.kind = kind
        self.holds_b = holds_b
        self.a_shape = Shape.cast(a_shape)
        self.b_shape = Shape.cast(b_shape)
        for name, shape in (("a", self.a_shape), ("b", self.b_shape)):
            bits = shape.width + (not shape.signed)
            if kind is MultiplierKind.ECP5 and bits > self.MAX_BITS:
                raise ValueError(
                    f"{name} must have at most {self.MAX_BITS} bits with its sign, not {bits}"
                )
        is_signed = self.a_shape.signed or self.b_shape.signed
        self.o_shape = Shape(self.a_shape.width + self.b_shape.width, is_signed)
        members = {"a": In(self.a_shape), "b": In(self.b_shape), "o": Out(self.o_shape)}
        if holds_b:
            members["take_b"] = In(1)
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        product = self._ecp5(m) if self.kind is MultiplierKind.ECP5 else self._portable(m)
        m.d.comb += self.o.eq(registered(m, product, name="o_reg"))
        return m

    def _portable(self, m):
        a = registered(m, self.a, name="a_reg")
        b = Signal(self.b_shape, reset_less=True, name="b_reg")
        with m.If(self.take_b) if self.holds_b else nullcontext():
            m.d.sync += b.eq(self.b)
        return registered(m, a * b, name="product")

    def _ecp5(self, m):
        """Left-justified: the unused low bits are constant, and no sign is repeated by routing.

        Clocks, enables and resets that no register uses stay open: nextpnr would route a constant
        to each of them, around the block where there is least room, and may never end.
        """
        product = Signal(2 * self.MAX_BITS)
        take_b = self.take_b if self.holds_b else 1
        ports = {"i_CLK0": ClockSignal(), "i_CE0": 1, "i_CE1": take_b, "i_RST0": 0}
        for operand, value, shape in (("A", self.a, self.a_shape), ("B", self.b, self.b_shape)):
            # An unsigned operand is a signed one with a zero in front.
            bits = Cat(value, 0) if not shape.signed else Value.cast(value)
            bits = Cat(Const(0, self.MAX_BITS - len(bits)), bits)
            ports |= {f"i_{operand}{n}": bits[n] for n in range(self.MAX_BITS)}
            ports |= {f"i_SIGNED{operand}": 1, f"i_SOURCE{operand}": 0}
        ports |= {f"o_P{n}": product[n] for n in range(2 * self.MAX_BITS)}
        parameters = {
            "p_REG_INPUTA_CLK": "CLK0", "p_REG_INPUTA_CE": "CE0",
            "p_REG_INPUTB_CLK": "CLK0", "p_REG_INPUTB_CE": "CE1",
            "p_REG_OUTPUT_CLK": "CLK0", "p_REG_OUTPUT_CE": "CE0",
            "p_GSR": "DISABLED",
        }
        m.submodules.primitive = Instance("MULT18X18D", **parameters, **ports)
        extra = (not self.a_shape.signed) + (not self.b_shape.signed)
        start = 2 * self.MAX_BITS - self.o_shape.width - extra
        bits = product[start:start + self.o_shape.width]
        return bits.as_signed() if self.o_shape.signed else bits
