"""Two products of 8 bits, of neighbouring columns, in one DSP48E1."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.multiplier import Multiplier
from hw.multiplier_kind import MultiplierKind
from hw.pipeline import registered

__all__ = ["ColumnPairMultiplier"]

_SHIFT = 16
_REGISTERS = {
    "AREG": 1, "ACASCREG": 1, "BREG": 2, "BCASCREG": 2, "DREG": 1, "MREG": 1,
    "ADREG": 0, "CREG": 0, "PREG": 0, "ALUMODEREG": 0, "CARRYINREG": 0, "CARRYINSELREG": 0,
    "INMODEREG": 0, "OPMODEREG": 0,
}
_CONSTANT = {
    "ALUMODE":    Const(0, 4),
    "INMODE":     Const(0b00100, 5),  # D + A2, times B2
    "OPMODE":     Const(0b0000101, 7),  # the product
    "CARRYINSEL": Const(0, 3),
    "CARRYIN":    Const(0, 1),
    "C":          Const(0, 48),
    # What comes from the block below, and is not used.
    "ACIN":        Const(0, 30),
    "BCIN":        Const(0, 18),
    "PCIN":        Const(0, 48),
    "CARRYCASCIN": Const(0, 1),
    "MULTSIGNIN":  Const(0, 1),
}
_ENABLES = {
    **dict.fromkeys(("CEB1", "CEB2", "CED", "CEM"), 1),
    **dict.fromkeys(("CEA1", "CEAD", "CEALUMODE", "CEC"), 0),
    **dict.fromkeys(("CECARRYIN", "CECTRL", "CEINMODE", "CEP"), 0),
}
_RESETS = (
    "RSTA", "RSTALLCARRYIN", "RSTALUMODE", "RSTB", "RSTC", "RSTCTRL", "RSTD", "RSTINMODE", "RSTM",
    "RSTP",
)


class ColumnPairMultiplier(wiring.Component):
    """`o = a * b` and, a cycle later, `o_right = a * b_right`: what two `Multiplier` compute.

    The one is that of a column of an array, the other that of the column to the right of it, where
    the same `a` and the same `take_b` come a cycle later: `b_right` is taken then, too.

    One multiplier of 25 by 18 bits makes both: (b_right * 2**16 + b) * a. A product of 8 bits by 8
    is at most 2**14, so the lower 16 bits are `o`; if that is negative, the upper ones are 1 less
    than `o_right`. The adder in front of the multiplier puts the operands together when both are
    there, two cycles after `a`. That leaves no cycle for a register behind the product of `o`;
    `o_right` has one, behind its correction.

    No flow control, no reset. Latency is `Multiplier.LATENCY` cycles to `o` and one more to
    `o_right`; throughput two products per cycle.

    Parameters
    ----------
    a_shape, b_shape : Shape
        Of the operands: signed, at most `MultiplierKind.XC7.max_bits` bits.

    Members
    -------
    a : In(a_shape)
    b, b_right : In(b_shape)
    take_b : In(1)
        `b` is taken now, `b_right` in the next cycle.
    o, o_right : Out(signed, as wide as both operands together)
    """

    LATENCY = Multiplier.LATENCY

    def __init__(self, a_shape, b_shape):
        self.a_shape = Shape.cast(a_shape)
        self.b_shape = Shape.cast(b_shape)
        for name, shape in (("a", self.a_shape), ("b", self.b_shape)):
            most = MultiplierKind.XC7.max_bits
            if not shape.signed or shape.width > most:
                raise ValueError(f"{name} must be signed, of at most {most} bits, not {shape!r}")
        product = signed(self.a_shape.width + self.b_shape.width)
        super().__init__({
            "a":       In(self.a_shape),
            "b":       In(self.b_shape),
            "b_right": In(self.b_shape),
            "take_b":  In(1),
            "o":       Out(product),
            "o_right": Out(product),
        })

    def elaborate(self, platform):
        m = Module()
        take_right = registered(m, self.take_b, name="take_right")
        held = Signal(self.b_shape, reset_less=True, name="b_reg")
        with m.If(self.take_b):
            m.d.sync += held.eq(self.b)

        low, high, factor = Signal(signed(25)), Signal(signed(30)), Signal(signed(18))
        m.d.comb += [
            low.eq(held),
            high.eq(Cat(Const(0, _SHIFT), self.b_right).as_signed()),
            factor.eq(self.a),
        ]
        product = Signal(48)
        m.submodules.primitive = Instance(
            "DSP48E1",
            p_USE_DPORT="TRUE", p_USE_MULT="MULTIPLY",
            **{f"p_{name}": stages for name, stages in _REGISTERS.items()},
            **{f"i_{name}": value for name, value in (_CONSTANT | _ENABLES).items()},
            **{f"i_{name}": 0 for name in _RESETS},
            i_CLK=ClockSignal(), i_CEA2=take_right, i_A=high, i_B=factor, i_D=low, o_P=product,
        )
        lower, upper = product[:_SHIFT].as_signed(), product[_SHIFT:2 * _SHIFT].as_signed()
        right = (upper + lower[-1])[:_SHIFT].as_signed()
        m.d.comb += [
            self.o.eq(lower[:len(self.o)].as_signed()),
            self.o_right.eq(registered(m, right, name="right")[:len(self.o)].as_signed()),
        ]
        return m
