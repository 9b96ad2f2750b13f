"""Takes words from a memory, which cannot wait, to a reader that can."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.queue_counts import RETURN, add_counts
from hw.queue_memory import QueueMemory

__all__ = ["WordQueue"]


class WordQueue(wiring.Component):
    """Queues wide words that come at times which are known, and lends the room for them beforehand.

    Whoever reads a word from its memory takes room first, as with an `OutputBuffer`. Here nothing
    has the word's width but a `QueueMemory`: no wide register is to be enabled.

    Latency is at least `LATENCY` cycles; throughput one word per cycle. `o_room` and `o.valid` are
    registers, and no path leads from `o.ready` to `o_room`.

    Parameters
    ----------
    shape : shape-like
        Shape of a word.
    depth : int
        One more than the words that it holds, a power of two from 4 on.

    Members
    -------
    i_payload : In(shape)
        A word.
    i_valid : In(1)
        There is one.
    i_take_room : In(1)
        Room for one word is taken. Only with `o_room`.
    o_room : Out(1)
        There is room for one more.
    o : Out(stream.Signature(shape))
        The words in order.
    """

    LATENCY = 1
    RETURN = RETURN
    """Cycles from a word's being read until its room can be taken again."""

    def __init__(self, shape, *, depth):
        if depth < 4 or depth & (depth - 1):
            raise ValueError(f"depth must be a power of two from 4 on, not {depth}")
        self.depth = depth
        super().__init__({
            "i_payload":   In(shape),
            "i_valid":     In(1),
            "i_take_room": In(1),
            "o_room":      Out(1, init=1),
            "o":           Out(stream.Signature(shape)),
        })

    def elaborate(self, platform):
        m = Module()
        _, _, taken = add_counts(m, self, most=self.depth - 1)
        # What is not valid is written over: one word more than there is room for.
        word = Value.cast(self.i_payload)
        m.submodules.memory = memory = QueueMemory(len(word), depth=self.depth)
        m.d.comb += [
            memory.i.eq(word),
            memory.i_put.eq(self.i_valid),
            memory.i_take.eq(taken),
            Value.cast(self.o.payload).eq(memory.o),
        ]
        return m
