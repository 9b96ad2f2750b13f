"""A two-entry buffer that cuts every combinational path of a stream."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["StreamBuffer"]


class StreamBuffer(wiring.Component):
    """Passes payloads on in order, with no combinational path between its two sides.

    `i.ready`, `o.valid` and `o.payload` are registers.

    Latency is 1 cycle; throughput one payload per cycle under any pattern of stalls.

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

        # `front` is what the reader sees; `spare` takes the payload that arrives while it stalls.
        front = Signal(self._shape, reset_less=True)
        front_valid = Signal()
        spare = Signal(self._shape, reset_less=True)
        spare_free = Signal(init=1)

        m.d.comb += [
            self.i.ready.eq(spare_free),
            self.o.valid.eq(front_valid),
            self.o.payload.eq(front),
        ]
        with m.If(spare_free):
            m.d.sync += spare.eq(self.i.payload)
        with m.If(self.o.ready | ~front_valid):
            m.d.sync += [
                front.eq(Mux(spare_free, self.i.payload, spare)),
                front_valid.eq(self.i.valid | ~spare_free),
                spare_free.eq(1),
            ]
        with m.Elif(self.i.valid):
            m.d.sync += spare_free.eq(0)

        return m
