"""Triangles of delay lines: what a systolic array needs before and behind it."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.pipeline import delayed

__all__ = ["Deskew", "Skew"]


class Skew(wiring.Component):
    """Turns a beat of aligned lanes into a diagonal: `o[n](t) = i[n](t - delays[n])`.

    ::

        i[0] ───────────▶ o[0]
        i[1] ───[]──────▶ o[1]
        i[2] ───[]──[]──▶ o[2]

    Latency is `delays[n]` cycles for lane n; throughput one beat per cycle; no flow control, no
    reset.

    Parameters
    ----------
    shape : shape-like
        Shape of one lane.
    lanes : int
        How many lanes, 1 or more.
    delays : sequence of int or None
        Of each lane. None is n cycles for lane n.

    Members
    -------
    i : In(ArrayLayout(shape, lanes))
    o : Out(ArrayLayout(shape, lanes))
    """

    def __init__(self, shape, *, lanes, delays=None):
        if lanes < 1:
            raise ValueError(f"lanes must be 1 or more, not {lanes}")
        self.lanes = lanes
        self.delays = tuple(range(lanes) if delays is None else delays)
        if len(self.delays) != lanes or min(self.delays) < 0:
            raise ValueError(f"delays must be {lanes} numbers from 0, not {self.delays}")
        layout = data.ArrayLayout(shape, lanes)
        super().__init__({"i": In(layout), "o": Out(layout)})

    def elaborate(self, platform):
        m = Module()
        for lane in range(self.lanes):
            delay = self.delays[lane]
            m.d.comb += self.o[lane].eq(delayed(m, self.i[lane], delay, name=f"lane{lane}"))
        return m


class Deskew(wiring.Component):
    """Turns a diagonal back into a beat of aligned lanes: `o[n](t) = i[n](t - (lanes - 1 - n))`.

    Undoes `Skew`: both in a row delay every lane by `lanes - 1` cycles. With `share`, so many
    neighbouring lanes come in turn on one input: `o[n](t) = i[n // share](t - (lanes - 1 - n))`.

    Latency is `lanes - 1 - n` cycles for lane n; throughput one beat in `share` cycles; no flow
    control, no reset.

    Parameters
    ----------
    shape : shape-like
        Shape of one lane.
    lanes : int
        How many lanes, 1 or more.
    share : int
        Lanes of one input, a divisor of `lanes`.

    Members
    -------
    i : In(ArrayLayout(shape, lanes // share))
    o : Out(ArrayLayout(shape, lanes))
    """

    def __init__(self, shape, *, lanes, share=1):
        if lanes < 1 or share < 1 or lanes % share:
            raise ValueError(f"lanes must be a multiple of share, {share}, not {lanes}")
        self.lanes = lanes
        self.share = share
        super().__init__({
            "i": In(data.ArrayLayout(shape, lanes // share)),
            "o": Out(data.ArrayLayout(shape, lanes)),
        })

    def elaborate(self, platform):
        m = Module()
        for source in range(self.lanes // self.share):
            # The last lane of an input waits least, and the others go on from there.
            first = source * self.share
            last = first + self.share - 1
            value = delayed(m, self.i[source], self.lanes - 1 - last, name=f"lane{last}")
            m.d.comb += self.o[last].eq(value)
            for lane in reversed(range(first, last)):
                value = delayed(m, value, 1, name=f"lane{lane}")
                m.d.comb += self.o[lane].eq(value)
        return m
