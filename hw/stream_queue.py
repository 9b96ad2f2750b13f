"""A queue of payloads in a memory."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hw.pipeline import registered
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
        One more than the payloads that it holds, a power of two. All that are under way are held.

    Members
    -------
    i : In(stream.Signature(shape))
        Payloads, of which fewer than `depth` are not taken yet.
    o : Out(stream.Signature(shape))
    """

    LATENCY = 3

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
        # Who sends may be far away. A payload counts when it can be read.
        m.submodules.present = present = Stock(limit=self.depth)
        comes, put, free, moves = Signal(), Signal(), Signal(), Signal()
        payload = registered(m, Value.cast(self.i.payload), name="payload")
        m.d.sync += [comes.eq(self.i.valid), put.eq(comes)]
        m.d.comb += [
            self.i.ready.eq(1),
            self.o.valid.eq(present.o_some),
            present.i_put.eq(put),
            present.i_take.eq(self.o.ready),
            free.eq(~self.o.valid | self.o.ready),
            moves.eq(free & (put | present.o_several)),
        ]

        m.submodules.memory = memory = Memory(
            shape=unsigned(Shape.cast(self._shape).width), depth=self.depth, init=[])
        write, read = memory.write_port(), memory.read_port()
        for port, counts in ((write, comes), (read, moves)):
            with m.If(counts):
                m.d.sync += port.addr.eq((port.addr + 1)[:len(port.addr)])
        m.d.comb += [
            write.data.eq(payload),
            write.en.eq(1),  # what is not valid is written over
            read.en.eq(free),
            Value.cast(self.o.payload).eq(read.data),
        ]
        return m
