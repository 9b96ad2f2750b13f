"""A one-entry buffer for a stream that is slow."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["StreamSlot"]


class StreamSlot(wiring.Component):
    """Passes payloads on in order, with no combinational path between its two sides.

    It takes a payload only when it holds none, so it has half the flip-flops of a `StreamBuffer`.

    Latency is `LATENCY` cycles; throughput one payload in two cycles.

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
        super().__init__({
            "i": In(stream.Signature(shape)), "o": Out(stream.Signature(shape)),
        })

    def elaborate(self, platform):
        m = Module()
        entry = Signal(self._shape, reset_less=True)
        m.d.comb += [self.i.ready.eq(~self.o.valid), self.o.payload.eq(entry)]
        with m.If(self.i.ready):
            m.d.sync += [entry.eq(self.i.payload), self.o.valid.eq(self.i.valid)]
        with m.Elif(self.o.ready):
            m.d.sync += self.o.valid.eq(0)
        return m
