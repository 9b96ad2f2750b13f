"""A light that says that a clock runs."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

__all__ = ["Heartbeat"]


class Heartbeat(wiring.Component):
    """Switches a light on and off for the same time each; off in reset.

    Parameters
    ----------
    period : int
        Cycles from one time that it goes on to the next, at least; rounded up to a power of two.

    Members
    -------
    o : Out(1)
    """

    def __init__(self, *, period):
        self.period = 1 << (period - 1).bit_length()
        super().__init__({"o": Out(1)})

    def elaborate(self, platform):
        m = Module()
        count = Signal(range(self.period))
        m.d.sync += count.eq(count + 1)
        m.d.comb += self.o.eq(count[-1])
        return m
