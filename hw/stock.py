"""Counts what there is of something, and tells a cycle ahead whether there is some."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Outlook", "Stock"]

_NEAR = 3  # what is told apart without the count


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
        There is one less, if there was one.
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
            "o_some":    Out(1),
            "o_several": Out(1),
            "o":         Out(Outlook()),
            "o_early":   Out(Outlook()),
        })

    def elaborate(self, platform):
        m = Module()
        # Whether there is more than 0, than 1, than 2: exactly, and by little logic.
        more = [
            Signal(name=f"more_than_{n}", init=self.init > n)
            for n in range(min(self.limit, _NEAR))
        ]
        levels = [*more, self._more_than_near(m), C(0, 1)]
        some, several = levels[:2]
        now = Signal(init=self.init > 0)
        m.d.comb += [
            self.o_some.eq(some),
            self.o_several.eq(several),
            self.o.now.eq(now),
            self.o.if_kept.eq(some),
            self.o.if_taken.eq(several),
            self.o_early.now.eq(some),
            self.o_early.if_kept.eq(some | self.i_put),
            self.o_early.if_taken.eq(several | self.i_put),
        ]
        m.d.sync += now.eq(Mux(self.i_take, several, some))
        # Without a multiplexer, of which synthesis would make an enable: that is a level more.
        # Where there is none, a take changes nothing, so it need not wait for whether there is one.
        grows, stays = self.i_put & ~self.i_take, self.i_put | ~self.i_take
        m.d.sync += some.eq(several | self.i_put | (some & ~self.i_take))
        for below, level, above in zip(levels, more[1:], levels[2:], strict=False):
            m.d.sync += level.eq(above | (level & stays) | (below & grows))
        return m

    def _more_than_near(self, m):
        """Count what there was a cycle ago, and return whether there is more now than `_NEAR`.

        What is put and taken comes from afar, and moves only the few registers that are exact.
        """
        if self.limit <= _NEAR:
            return C(0, 1)
        count = Signal(range(self.limit + 1), init=self.init)
        put, taken = Signal(), Signal()
        m.d.sync += [put.eq(self.i_put), taken.eq(self.i_take & self.o_some)]
        with m.If(put ^ taken):
            m.d.sync += count.eq(Mux(put, count + 1, count - 1)[:len(count)])
        # It is compared with 3, 4 and 5, without carries.
        low, high = count[:2], count[2:].any()
        one_more, one_less = high | low.all(), count[3:].any() | (high & low.any())
        return Mux(put ^ taken, Mux(put, one_more, one_less), high)
