"""A queue of payloads in a memory."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hw.stock import Stock

__all__ = ["StreamQueue"]


class StreamQueue(wiring.Component):
    """Passes payloads on in order, and keeps those for which the reader has no time yet.

    What waits and what room there is, are counted by a `Stock` each: whether a payload moves from
    the memory to the output is known from registers and from `o.ready`.

    Latency is `LATENCY` cycles; throughput one payload per cycle.

    Parameters
    ----------
    shape : shape-like
        Shape of the payload.
    depth : int
        Payloads that it holds besides the one at the output, a power of two.

    Members
    -------
    i : In(stream.Signature(shape))
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
        m.submodules.waiting = waiting = Stock(limit=self.depth)
        m.submodules.room = room = Stock(limit=self.depth, init=self.depth)
        put, free, moves = Signal(), Signal(), Signal()
        m.d.comb += [
            self.i.ready.eq(room.o_some),
            put.eq(self.i.valid & room.o_some),
            free.eq(~self.o.valid | self.o.ready),
            moves.eq(waiting.o_some & free),
            waiting.i_put.eq(put),
            waiting.i_take.eq(moves),
            room.i_put.eq(moves),
            room.i_take.eq(put),
        ]
        with m.If(free):
            m.d.sync += self.o.valid.eq(waiting.o_some)

        m.submodules.memory = memory = Memory(
            shape=unsigned(Shape.cast(self._shape).width), depth=self.depth, init=[])
        write, read = memory.write_port(), memory.read_port()
        m.d.sync += [
            write.addr.eq((write.addr + put)[:len(write.addr)]),
            read.addr.eq((read.addr + moves)[:len(read.addr)]),
        ]
        m.d.comb += [
            write.data.eq(Value.cast(self.i.payload)),
            write.en.eq(put),
            read.en.eq(free),  # what is there before one waits is read again
            Value.cast(self.o.payload).eq(read.data),
        ]
        return m
