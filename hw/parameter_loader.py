"""Feeds the requantizers' parameter tables, some entries ahead of the results."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.pipeline import registered

__all__ = ["ParameterLoader"]


class ParameterLoader(wiring.Component):
    """Writes parameter words into the tables of all columns: `cols` beats fill one entry.

    Entries are a ring: filled in order, taken in order by passes that drain, and freed in order
    when the last result of such a pass has left the requantizers.

    Latency from a beat to a table's write port is `LATENCY` cycles; throughput one word per cycle
    while an entry is free.

    Parameters
    ----------
    word : shape-like
        Shape of a parameter word.
    cols : int
        Columns, each with a table.
    entries : int
        Entries of a table, a power of two.

    Members
    -------
    i : In(stream.Signature(word))
        Parameter words, column 0 first.
    i_take : In(1)
        The oldest loaded entry is used from now on. Only while `o_loaded`.
    i_free : In(1)
        The oldest entry taken is not used any more.
    o_loaded : Out(1)
        An entry is loaded and not yet taken.
    o_entry : Out(range(entries))
        The oldest such entry.
    o_write : Out(cols)
        The table that is written, one-hot; 0 while there is none.
    o_write_entry : Out(range(entries))
        The entry that is written.
    o_write_word : Out(word)
        The word that is written.
    """

    LATENCY = 1

    def __init__(self, word, *, cols, entries):
        if entries < 2 or entries & (entries - 1):
            raise ValueError(f"entries must be a power of two from 2 on, not {entries}")
        self.cols = cols
        self.entries = entries
        super().__init__({
            "i":             In(stream.Signature(word)),
            "i_take":        In(1),
            "i_free":        In(1),
            "o_loaded":      Out(1),
            "o_entry":       Out(range(entries)),
            "o_write":       Out(cols),
            "o_write_entry": Out(range(entries)),
            "o_write_word":  Out(word),
        })

    def elaborate(self, platform):
        m = Module()

        # Pointers with a lap bit: filled - taken entries are loaded, filled - freed are in use.
        pointer = range(2 * self.entries)
        filled, taken, freed = (Signal(pointer, name=name) for name in ("filled", "taken", "freed"))
        lap = len(filled) - 1
        full = (filled[:lap] == freed[:lap]) & (filled[lap] != freed[lap])

        column = Signal(self.cols, init=1)
        take = Signal()
        m.d.comb += [
            self.i.ready.eq(~full),
            take.eq(self.i.ready & self.i.valid),
            self.o_loaded.eq(filled != taken),
            self.o_entry.eq(taken[:lap]),
        ]
        with m.If(take):
            m.d.sync += column.eq(column.rotate_left(1))
        with m.If(take & column[-1]):
            m.d.sync += filled.eq((filled + 1)[:len(filled)])
        with m.If(self.i_take):
            m.d.sync += taken.eq((taken + 1)[:len(taken)])
        with m.If(self.i_free):
            m.d.sync += freed.eq((freed + 1)[:len(freed)])

        m.d.sync += self.o_write.eq(Mux(take, column, 0))
        m.d.comb += [
            self.o_write_entry.eq(registered(m, filled[:lap], name="entry")),
            self.o_write_word.eq(registered(m, self.i.payload, name="word")),
        ]

        return m
