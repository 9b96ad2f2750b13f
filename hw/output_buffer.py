"""Takes what comes out of the array, which cannot wait, to a reader that can."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.fifo import SyncFIFOBuffered
from amaranth.lib.wiring import In, Out

__all__ = ["OutputBuffer"]


class OutputBuffer(wiring.Component):
    """Buffers results and lends the room for them beforehand.

    Whoever launches work that will end here takes room first, with `i_take_room`, and only while
    `o_room`. So a result always finds its place, and the reader may stall at any cycle.

    Latency is at least `LATENCY` cycles; throughput one result per cycle. `depth` results may be
    under way and buffered together: at least the cycles from `i_take_room` to `i_valid` and back.

    Parameters
    ----------
    shape : shape-like
        Shape of a result.
    depth : int
        Results that it holds, 3 or more: its FIFO takes no two results in a row with less.

    Members
    -------
    i_payload : In(shape)
        A result.
    i_valid : In(1)
        There is one.
    i_take_room : In(1)
        Room for one result is taken.
    o_room : Out(1)
        There is room for one more.
    o : Out(stream.Signature(shape))
        The results in order.
    """

    LATENCY = 2

    def __init__(self, shape, *, depth):
        if depth < 3:
            raise ValueError(f"depth must be 3 or more, not {depth}")
        self.depth = depth
        super().__init__({
            "i_payload":   In(shape),
            "i_valid":     In(1),
            "i_take_room": In(1),
            "o_room":      Out(1),
            "o":           Out(stream.Signature(shape)),
        })

    def elaborate(self, platform):
        m = Module()

        width = len(Value.cast(self.i_payload))
        m.submodules.fifo = fifo = SyncFIFOBuffered(width=width, depth=self.depth)
        given_back = Signal()
        m.d.comb += [
            fifo.w_data.eq(self.i_payload),
            fifo.w_en.eq(self.i_valid),
            Value.cast(self.o.payload).eq(fifo.r_data),
            self.o.valid.eq(fifo.r_rdy),
            fifo.r_en.eq(self.o.ready),
            given_back.eq(self.o.valid & self.o.ready),
        ]

        room = Signal(range(self.depth + 1), init=self.depth)
        m.d.comb += self.o_room.eq(room != 0)
        with m.If(self.i_take_room & ~given_back):
            m.d.sync += room.eq(room - 1)
        with m.Elif(given_back & ~self.i_take_room):
            m.d.sync += room.eq(room + 1)

        return m
