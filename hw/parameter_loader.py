"""Feeds the requantizers' parameter tables, some entries ahead of the results."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.pipeline import registered
from hw.stock import Outlook, Stock

__all__ = ["ParameterLoader"]


class ParameterLoader(wiring.Component):
    """Writes parameter words into the tables of all lanes: `cols` beats fill one entry.

    A lane's table holds the words of each of its `cols // lanes` neighbouring columns: that of its
    column j and entry e is at `Cat(j, e)`.

    Entries are a ring: filled in order, taken in order by passes that drain, and freed in order
    when the last result of such a pass has left the requantizers.

    Latency from a beat to a table's write port is `LATENCY` cycles; throughput one word per cycle
    while an entry is free.

    Parameters
    ----------
    word : shape-like
        Shape of a parameter word.
    cols : int
        Columns.
    lanes : int
        Lanes, each with a table; a divisor of `cols`.
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
    o_outlook : Out(Outlook())
        Of such entries.
    o_entry : Out(range(entries))
        The oldest such entry.
    o_write : Out(lanes)
        The table that is written, one-hot; 0 while there is none.
    o_write_index : Out(index_bits)
        Where it is written.
    o_write_word : Out(word)
        The word that is written.
    """

    LATENCY = 1

    LOADED_AFTER = 1 + Stock.OUTLOOK_LATENCY
    """Cycles from the last beat of an entry until it can be taken."""

    FREED_AFTER = 2
    """Cycles from an entry's being freed until it can be filled again."""

    def __init__(self, word, *, cols, lanes, entries):
        if entries < 2 or entries & (entries - 1):
            raise ValueError(f"entries must be a power of two from 2 on, not {entries}")
        if cols % lanes:
            raise ValueError(f"cols must be a multiple of the {lanes} lanes, not {cols}")
        self.cols = cols
        self.lanes = lanes
        self.entries = entries
        super().__init__({
            "i":             In(stream.Signature(word)),
            "i_take":        In(1),
            "i_free":        In(1),
            "o_loaded":      Out(1),
            "o_outlook":     Out(Outlook()),
            "o_entry":       Out(range(entries)),
            "o_write":       Out(lanes),
            "o_write_index": Out(self.table_words(cols // lanes, entries).bit_length() - 1),
            "o_write_word":  Out(word),
        })

    @staticmethod
    def table_words(columns, entries):
        """Words of the table of a lane with so many columns."""
        return entries << (columns - 1).bit_length()

    def elaborate(self, platform):
        m = Module()

        filled, taken = (
            Signal(range(self.entries), name=name) for name in ("filled", "taken"))
        m.submodules.loaded = loaded = Stock(limit=self.entries)
        m.submodules.free = free = Stock(limit=self.entries, init=self.entries)

        lane = Signal(self.lanes, init=1)
        column = Signal(range(self.cols // self.lanes))
        last_column = column == self.cols // self.lanes - 1
        take, fill = Signal(), Signal()
        fresh, freed = Signal(), Signal()
        m.d.comb += [
            self.i.ready.eq(free.o_some),
            take.eq(self.i.ready & self.i.valid),
            fill.eq(take & last_column & lane[-1]),
            loaded.i_put.eq(fresh),
            loaded.i_take.eq(self.i_take),
            free.i_put.eq(freed),
            free.i_take.eq(fill),
            self.o_entry.eq(taken),
            self.o_loaded.eq(loaded.o.now),
            self.o_outlook.eq(loaded.o),
        ]
        # Words, results and whoever takes an entry are far from each other: what one tells the
        # other is a register, and counts a cycle later.
        m.d.sync += [fresh.eq(fill), freed.eq(self.i_free)]
        with m.If(take):
            m.d.sync += column.eq(Mux(last_column, 0, column + 1))
        with m.If(take & last_column):
            m.d.sync += lane.eq(lane.rotate_left(1))
        with m.If(fill):
            m.d.sync += filled.eq((filled + 1)[:len(filled)])
        with m.If(self.i_take):
            m.d.sync += taken.eq((taken + 1)[:len(taken)])

        m.d.sync += self.o_write.eq(Mux(take, lane, 0))
        m.d.comb += [
            self.o_write_index.eq(registered(m, Cat(column, filled), name="index")),
            self.o_write_word.eq(registered(m, self.i.payload, name="word")),
        ]

        return m
