"""The larger of two numbers, in two steps."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.pipeline import named, registered

__all__ = ["HighFirst", "Maximum"]


class HighFirst(data.StructLayout):
    """An unsigned number whose low half comes a cycle after its high half.

    Parameters
    ----------
    width : int
        Bits of the number, 2 or more.
    """

    def __init__(self, width):
        super().__init__({"low": width // 2, "high": width - width // 2})


class Maximum(wiring.Component):
    """`o = max(a, b)`, or 0 with `clear`; unsigned, a half a cycle, the high one first.

    A carry chain is half as long as the numbers, and `o` of one cycle may be an input of the next.

    No flow control, no reset. Latency is `LATENCY` cycles; throughput one pair per cycle.

    Parameters
    ----------
    width : int
        Bits of the numbers, 2 or more.

    Members
    -------
    a, b : In(HighFirst)
    clear : In(1)
        With the high halves.
    o : Out(HighFirst)
    """

    LATENCY = 1

    def __init__(self, *, width):
        number = HighFirst(width)
        super().__init__({
            "a": In(number), "b": In(number), "clear": In(1), "o": Out(number),
        })

    def elaborate(self, platform):
        m = Module()
        a, b = self.a, self.b

        # A comparison is the sign of a difference. That of the low halves has one bit more, which
        # says how the high ones compared.
        is_above = named(m, (b.high - a.high)[-1], name="is_above")
        was_above = registered(m, is_above, name="was_above")
        was_below = registered(m, (a.high - b.high)[-1], name="was_below")
        low_a, low_b = Cat(a.low, was_above), Cat(b.low, was_below)
        takes_low = named(m, (low_b - low_a)[-1], name="takes_low")
        clears_low = registered(m, self.clear, name="clears_low")
        m.d.comb += [
            self.o.high.eq(registered(
                m, Mux(self.clear, 0, Mux(is_above, a.high, b.high)), name="high")),
            self.o.low.eq(registered(
                m, Mux(clears_low, 0, Mux(takes_low, a.low, b.low)), name="low")),
        ]

        return m
