"""Saturation between programmable bounds."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.pipeline import registered

__all__ = ["Clip"]


class Clip(wiring.Component):
    """`o = low if i < low else high if i > high else i`.

    Which is taken when `low > high` is not defined. The comparisons are the signs of two
    differences, and the choice is made a cycle after them: a comparison and the choice in one cycle
    were the slowest path of the requantizer.

    No flow control, no reset. Latency is 2 cycles; throughput one per cycle.

    Parameters
    ----------
    in_width : int
        Width of the input, more than `width`.
    width : int
        Width of the bounds and the output, 1 or more.

    Members
    -------
    i : In(signed(in_width))
    low : In(signed(width))
    high : In(signed(width))
    o : Out(signed(width))
    under, over : Out(1)
        `i < low`, `i > high`.
    """

    LATENCY = 2

    def __init__(self, *, in_width, width):
        if width < 1:
            raise ValueError(f"width of a clip must be 1 or more, not {width}")
        if in_width <= width:
            raise ValueError(f"in_width must be more than width, {width}, not {in_width}")
        self.in_width = in_width
        self.width = width
        super().__init__({
            "i":     In(signed(in_width)),
            "low":   In(signed(width)),
            "high":  In(signed(width)),
            "o":     Out(signed(width)),
            "under": Out(1),
            "over":  Out(1),
        })

    def elaborate(self, platform):
        m = Module()

        # Cycle 0: differences.
        is_under = registered(m, (self.i - self.low)[-1], name="is_under")
        is_over = registered(m, (self.high - self.i)[-1], name="is_over")
        value = registered(m, self.i[:self.width].as_signed(), name="value")
        low = registered(m, self.low, name="low_1")
        high = registered(m, self.high, name="high_1")

        # Cycle 1: choice.
        chosen = Mux(is_under, low, Mux(is_over, high, value))
        m.d.comb += [
            self.o.eq(registered(m, chosen, name="chosen")),
            self.under.eq(registered(m, is_under, name="is_under_1")),
            self.over.eq(registered(m, is_over, name="is_over_1")),
        ]
        return m
