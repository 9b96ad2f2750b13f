"""A two-entry buffer that cuts every combinational path of a stream."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["StreamBuffer"]


class StreamBuffer(wiring.Component):
    """Passes payloads on in order, with no combinational path between its two sides.

    `i.ready` and `o.valid` are registers; `o.payload` is one of two registers, which `o.ready` does
    not enable: a wide payload costs its reader no fan-out.

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
        super().__init__({
            "i": In(stream.Signature(shape)), "o": Out(stream.Signature(shape)),
        })

    def elaborate(self, platform):
        m = Module()

        # Two entries, written and read in turn: the one to write takes what comes until it is full.
        entries = [Signal(self._shape, name=f"entry_{n}", reset_less=True) for n in range(2)]
        write, read = Signal(), Signal()
        free = Signal(init=1)
        valid = Signal()
        put, take = Signal(), Signal()
        m.d.comb += [
            self.i.ready.eq(free),
            self.o.valid.eq(valid),
            Value.cast(self.o.payload).eq(Mux(read, *map(Value.cast, reversed(entries)))),
            put.eq(self.i.valid & free),
            take.eq(self.o.ready & valid),
        ]
        for n, entry in enumerate(entries):
            with m.If(free & (write == n)):
                m.d.sync += entry.eq(self.i.payload)
        # Where both are free or full, `write` and `read` are the same entry.
        both = write == read
        m.d.sync += [
            write.eq(write ^ put),
            read.eq(read ^ take),
            valid.eq(Mux(valid, ~take | put | both, put)),
            free.eq(Mux(free, ~put | take | both, take)),
        ]
        return m
