"""Two multipliers that take an operand together."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.multiplier import Multiplier, product_shape
from hw.multiplier_ice40 import add_mac16
from hw.multiplier_kind import MultiplierKind

__all__ = ["MultiplierPair"]


class MultiplierPair(wiring.Component):
    """`o[n] = a[n] * b[n]` for two n, each as by a `Multiplier`, with one `take_b` for both.

    An SB_MAC16 of the iCE40 is two multipliers of 8 bits with one enable.

    No flow control, no reset. Latency is `Multiplier.LATENCY` cycles; throughput two products per
    cycle.

    Parameters
    ----------
    a_shape, b_shape, kind
        See `Multiplier`.

    Members
    -------
    a : In(ArrayLayout(a_shape, 2))
    b : In(ArrayLayout(b_shape, 2))
    take_b : In(1)
    o : Out(ArrayLayout(signed or unsigned, 2))
    """

    def __init__(self, a_shape, b_shape, *, kind=MultiplierKind.PORTABLE):
        self.kind = kind
        self.a_shape = Shape.cast(a_shape)
        self.b_shape = Shape.cast(b_shape)
        kind.check_operand("a", self.a_shape)
        kind.check_operand("b", self.b_shape)
        super().__init__({
            "a":      In(data.ArrayLayout(self.a_shape, 2)),
            "b":      In(data.ArrayLayout(self.b_shape, 2)),
            "take_b": In(1),
            "o":      Out(data.ArrayLayout(product_shape(self.a_shape, self.b_shape), 2)),
        })

    def elaborate(self, platform):
        m = Module()
        if self.kind is MultiplierKind.ICE40:
            a, b = ([operand[n] for n in range(2)] for operand in (self.a, self.b))
            products = add_mac16(m, a, b, self.take_b)
            m.d.comb += [self.o[n].eq(product[:self.o[n].shape().width])
                         for n, product in enumerate(products)]
            return m
        for n in range(2):
            multiplier = Multiplier(self.a_shape, self.b_shape, kind=self.kind)
            m.submodules[f"multiplier{n}"] = multiplier
            m.d.comb += [
                multiplier.a.eq(self.a[n]),
                multiplier.b.eq(self.b[n]),
                multiplier.take_b.eq(self.take_b),
                self.o[n].eq(multiplier.o),
            ]
        return m
