"""Takes what comes out of the array, which cannot wait, to a reader that can."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.queue_counts import RETURN, add_counts
from hw.queue_memory import QueueMemory
from hw.stock import Outlook

__all__ = ["OutputBuffer"]


class OutputBuffer(wiring.Component):
    """Buffers results and lends the room for them beforehand.

    Whoever launches work that will end here takes room first, with `i_take_room`, and only while
    `o_room`. So a result always finds its place, and the reader may stall at any cycle.

    Latency is at least `LATENCY` cycles; throughput one result per cycle. `depth` results may be
    under way and buffered together: at least the cycles from `i_take_room` to `i_valid`, `LATENCY`
    and `RETURN`. `o_room` and `o.valid` are registers, `o.payload` is the OR of two of them: one
    takes what is stored, one what comes, and one of both is 0. With `at_output` it is a register.
    No path leads from `o.ready` to `o_room`.

    Parameters
    ----------
    shape : shape-like
        Shape of a result.
    depth : int
        Results that it holds, 3 or more.
    at_output : bool
        A result is in the register at the output when it is seen.

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
    o_will_have_room : Out(1)
        `o_room` in the next cycle.
    o_outlook : Out(Outlook())
        Of the room.
    o : Out(stream.Signature(shape))
        The results in order.
    """

    LATENCY = 1
    RETURN = RETURN
    """Cycles from a result's being read until its room can be taken again."""

    def __init__(self, shape, *, depth, at_output=True):
        if depth < 3:
            raise ValueError(f"depth must be 3 or more, not {depth}")
        self.depth = depth
        self.at_output = at_output
        super().__init__({
            "i_payload":   In(shape),
            "i_valid":     In(1),
            "i_take_room": In(1),
            "o_room":      Out(1, init=1),
            "o_will_have_room": Out(1),
            "o_outlook":   Out(Outlook()),
            "o":           Out(stream.Signature(shape)),
        })

    def elaborate(self, platform):
        m = Module()

        # All results that are here are counted; the oldest is at the output, the others are stored.
        present, room, taken = add_counts(m, self, most=self.depth)
        free = Signal()
        m.d.comb += [
            free.eq(self.o.ready | ~self.o.valid),
            self.o_outlook.eq(room.o),
            self.o_will_have_room.eq(
                Mux(self.i_take_room, room.o.if_taken, room.o.if_kept)),
        ]
        # All are stored, the oldest, too; behind it the next one is read.
        come = Value.cast(self.i_payload)
        m.submodules.memory = memory = QueueMemory(len(come), depth=self.depth, first=1)
        m.d.comb += [memory.i.eq(come), memory.i_put.eq(self.i_valid), memory.i_take.eq(taken)]
        if self.at_output:
            front = self._loaded(m, free, Mux(present.o_several, memory.o, come), name="front")
        else:
            # What is not chosen is 0, so that whoever reads needs no choice.
            several = present.o_several.replicate(len(come))
            front = (self._loaded(m, free, memory.o & several, name="front_stored")
                     | self._loaded(m, free, come & ~several, name="front_come"))
        m.d.comb += Value.cast(self.o.payload).eq(front)
        return m

    def _loaded(self, m, free, value, *, name):
        """Return a register that takes a value while the output is free."""
        register = Signal(value.shape(), name=name, reset_less=True)
        with m.If(free):
            m.d.sync += register.eq(value)
        return register
