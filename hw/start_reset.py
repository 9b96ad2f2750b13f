"""The reset at power-up."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

__all__ = ["StartReset"]


class StartReset(wiring.Component):
    """Holds a reset until the clock has been right for a while.

    The reset begins with the registers' initial values, which an FPGA loads, so the clock need not
    run for it. It ends `LATENCY` cycles after `i_locked` came, and comes back within three when
    `i_locked` goes while the clock runs.

    Members
    -------
    i_locked : In(1)
        Asynchronous.
    o_reset : Out(1)
        From a register.
    """

    CYCLES = 15
    LATENCY = CYCLES + 3

    def __init__(self):
        super().__init__({"i_locked": In(1), "o_reset": Out(1, init=1)})

    def elaborate(self, platform):
        m = Module()
        locked = Signal()
        m.submodules.synchronizer = FFSynchronizer(self.i_locked, locked, init=0)
        waited = Signal(range(self.CYCLES + 1), reset_less=True)
        reset = Signal(init=1, reset_less=True)
        m.d.comb += self.o_reset.eq(reset)
        m.d.sync += reset.eq(~locked | (waited != self.CYCLES))
        with m.If(~locked):
            m.d.sync += waited.eq(0)
        with m.Elif(waited != self.CYCLES):
            m.d.sync += waited.eq(waited + 1)
        return m
