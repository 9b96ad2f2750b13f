"""A one-entry buffer: half of a `StreamBuffer` where `ready` need not be a register."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["StreamRegister"]


class StreamRegister(wiring.Component):
    """Passes payloads on in order; holds one.

    `o.valid` and `o.payload` are registers; `i.ready` depends on `o.ready` in the same cycle.

    Latency is `LATENCY` cycles; throughput one payload per cycle under any pattern of stalls.

    Parameters
    ----------
    shape : shape-like
        Shape of the payload.

    Members
    -------
    i : In(stream.Signature(shape))
    o : Out(stream.Signature(shape))
    """

    LATENCY = 1

    def __init__(self, shape):
        self._shape = shape
        super().__init__({"i": In(stream.Signature(shape)), "o": Out(stream.Signature(shape))})

    def elaborate(self, platform):
        m = Module()
        held = Signal(self._shape, reset_less=True)
        held_valid = Signal()
        m.d.comb += [
            self.i.ready.eq(self.o.ready | ~held_valid),
            self.o.valid.eq(held_valid),
            self.o.payload.eq(held),
        ]
        with m.If(self.i.ready):
            m.d.sync += [held_valid.eq(self.i.valid), held.eq(self.i.payload)]
        return m
