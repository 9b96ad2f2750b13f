"""A queue of payloads in a memory."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hw.stock import Stock

__all__ = ["StreamQueue"]


class StreamQueue(wiring.Component):
    """Passes payloads on in order, and keeps those for which the reader has no time yet.

    All of them are counted together, wherever they are, so that `o.ready` and registers alone say
    what moves. Whoever sends takes care that there is room, and `i.ready` is always 1.

    Latency is `LATENCY` cycles; throughput one payload per cycle.

    Parameters
    ----------
    shape : shape-like
        Shape of the payload.
    depth : int
        One more than the payloads that it holds, a power of two.

    Members
    -------
    i : In(stream.Signature(shape))
        Payloads, of which fewer than `depth` are not taken yet.
    o : Out(stream.Signature(shape))
    """

    LATENCY = 2

    def __init__(self, shape, *, depth):
        if depth < 2 or depth & (depth - 1):
            raise ValueError(f"depth must be a power of two from 2 on, not {depth}")
        self._shape = shape
        self.depth = depth
        super().__init__({
            "i": In(stream.Signature(shape)), "o": Out(stream.Signature(shape)),
        })

    def elaborate(self, platform):
        m = Module()
        # A payload counts when it can be read.
        m.submodules.present = present = Stock(limit=self.depth)
        put, free, moves = Signal(), Signal(), Signal()
        m.d.sync += put.eq(self.i.valid)
        m.d.comb += [
            self.i.ready.eq(1),
            self.o.valid.eq(present.o_some),
            present.i_put.eq(put),
            present.i_take.eq(self.o.valid & self.o.ready),
            free.eq(~self.o.valid | self.o.ready),
            moves.eq(free & (put | present.o_several)),
        ]

        m.submodules.memory = memory = Memory(
            shape=unsigned(Shape.cast(self._shape).width), depth=self.depth, init=[])
        write, read = memory.write_port(), memory.read_port()
        for port, counts in ((write, self.i.valid), (read, moves)):
            with m.If(counts):
                m.d.sync += port.addr.eq((port.addr + 1)[:len(port.addr)])
        m.d.comb += [
            write.data.eq(Value.cast(self.i.payload)),
            write.en.eq(1),  # what is not valid is written over
            read.en.eq(free),
            Value.cast(self.o.payload).eq(read.data),
        ]
        return m
