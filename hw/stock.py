"""Counts what there is of something, and tells a cycle ahead whether there is some."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Outlook", "Stock"]


class Outlook(data.StructLayout):
    """Whether there is something to take, now and in the next cycle.

    Both cases of the next cycle are known without whether something is taken now. So whoever takes
    can decide a cycle ahead what it does, and chooses between them last.
    """

    def __init__(self):
        super().__init__({
            "now":      1,  # there is some
            "if_kept":  1,  # there is some in the next cycle, if nothing is taken now
            "if_taken": 1,  # there is some in the next cycle, although something is taken now
        })


class Stock(wiring.Component):
    """Counts up with `i_put` and down with `i_take`.

    Outputs but `o_early` are registers: whoever takes waits neither for the count nor for what is
    just put.

    Latency is 1 cycle from `i_put` to `o_some` and `o_early.now`, `OUTLOOK_LATENCY` to `o.now`.

    Parameters
    ----------
    limit : int
        The most there is, 1 or more.
    init : int
        What there is at first, from 0 to `limit`.

    Members
    -------
    i_put : In(1)
        There is one more. Not beyond `limit`.
    i_take : In(1)
        There is one less. Only with `o_some`.
    o_some, o_several : Out(1)
        There is one, there are two or more.
    o : Out(Outlook())
        For whoever takes one only with `o.now`.
    o_early : Out(Outlook())
        The same a cycle earlier, which waits for `i_put`: for whoever takes one with `o_some`.
    """

    OUTLOOK_LATENCY = 2

    def __init__(self, *, limit, init=0):
        if limit < 1:
            raise ValueError(f"limit of a stock must be 1 or more, not {limit}")
        if not 0 <= init <= limit:
            raise ValueError(f"init of a stock must be from 0 to {limit}, not {init}")
        self.limit = limit
        self.init = init
        super().__init__({
            "i_put":     In(1),
            "i_take":    In(1),
            "o_some":    Out(1, init=init > 0),
            "o_several": Out(1, init=init > 1),
            "o":         Out(Outlook()),
            "o_early":   Out(Outlook()),
        })

    def elaborate(self, platform):
        m = Module()
        count = Signal(range(self.limit + 1), init=self.init)
        now = Signal(init=self.init > 0)
        m.d.comb += [
            self.o.now.eq(now),
            self.o.if_kept.eq(self.o_some),
            self.o.if_taken.eq(self.o_several),
            self.o_early.now.eq(self.o_some),
            self.o_early.if_kept.eq(self.o_some | self.i_put),
            self.o_early.if_taken.eq(self.o_several | self.i_put),
        ]
        m.d.sync += [
            now.eq(Mux(self.i_take, self.o_several, self.o_some)),
            self.o_some.eq(self.i_put | Mux(self.i_take, self.o_several, self.o_some)),
        ]
        # What is put is mostly known earlier than what is taken.
        with m.If(self.i_put ^ self.i_take):
            m.d.sync += [
                count.eq(Mux(self.i_put, count + 1, count - 1)[:len(count)]),
                self.o_several.eq(Mux(self.i_put, self.o_some, self.o_several & (count != 2))),
            ]
        return m
