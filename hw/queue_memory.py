"""The words of a queue, in memories of look-up tables."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

__all__ = ["QueueMemory"]


class QueueMemory(wiring.Component):
    """Keeps the words of a queue, whose owner counts them.

    It is written in every cycle, and what is not put is written over: only the place waits for who
    puts. Each `SLICE` bits have places of their own, so that a wide word may lie in many spots.

    No flow control. A word can be read from the cycle after it is put on; throughput one word per
    cycle.

    Parameters
    ----------
    width : int
        Bits of a word.
    depth : int
        Words that it holds, with the one that is just written.
    first : int
        How many words go before the first one that is read.

    Members
    -------
    i : In(width)
        A word.
    i_put : In(1)
        It is put, and the next one goes to the next place.
    i_take : In(1)
        The next word is read from the next cycle on.
    o : Out(width)
        The word that is read.
    """

    SLICE = 32

    def __init__(self, width, *, depth, first=0):
        self.width = width
        self.depth = depth
        self.first = first
        super().__init__({
            "i":      In(width),
            "i_put":  In(1),
            "i_take": In(1),
            "o":      Out(width),
        })

    def elaborate(self, platform):
        m = Module()
        for low in range(0, self.width, self.SLICE):
            m.d.comb += self.o[low:][:self.SLICE].eq(self._slice(m, low))
        return m

    def _slice(self, m, low):
        """Add the memory of the slice from a bit on, and return what is read of it."""
        bits = self.i[low:][:self.SLICE]
        memory = Memory(shape=unsigned(len(bits)), depth=self.depth, init=[])
        m.submodules[f"slice_{low // self.SLICE}"] = memory
        write, read = memory.write_port(), memory.read_port(domain="comb")
        for port, moves, first, name in (
            (write, self.i_put, 0, "write"), (read, self.i_take, self.first, "read"),
        ):
            # Synthesis would have one for all slices.
            place = Signal(
                range(self.depth), name=f"{name}_place_{low // self.SLICE}", init=first,
                attrs={"keep": 1})
            following = (place + 1)[:len(place)]
            if self.depth < 1 << len(place):
                following = Mux(place == self.depth - 1, 0, following)
            with m.If(moves):
                m.d.sync += place.eq(following)
            m.d.comb += port.addr.eq(place)
        m.d.comb += [write.en.eq(1), write.data.eq(bits)]
        return read.data
