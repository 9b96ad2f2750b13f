"""Triangles of delay lines: what a systolic array needs before and behind it."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.pipeline import delayed

__all__ = ["Deskew", "Skew"]


class _Triangle(wiring.Component):
    """Lanes that are each delayed by their own number of cycles (`delays`)."""

    def __init__(self, shape, *, lanes):
        if lanes < 1:
            raise ValueError(f"lanes must be 1 or more, not {lanes}")
        self.lanes = lanes
        layout = data.ArrayLayout(shape, lanes)
        super().__init__({"i": In(layout), "o": Out(layout)})

    def elaborate(self, platform):
        m = Module()
        for lane, cycles in enumerate(self.delays):
            m.d.comb += self.o[lane].eq(delayed(m, self.i[lane], cycles, name=f"lane{lane}"))
        return m


class Skew(_Triangle):
    """Turns a beat of aligned lanes into a diagonal: `o[n](t) = i[n](t - n)`.

    ::

        i[0] ───────────▶ o[0]
        i[1] ───[]──────▶ o[1]
        i[2] ───[]──[]──▶ o[2]

    Latency is n cycles for lane n; throughput one beat per cycle; no flow control, no reset.

    Parameters
    ----------
    shape : shape-like
        Shape of one lane.
    lanes : int
        How many lanes, 1 or more.

    Members
    -------
    i : In(ArrayLayout(shape, lanes))
    o : Out(ArrayLayout(shape, lanes))
    """

    @property
    def delays(self):
        """Cycles by which each lane is delayed."""
        return list(range(self.lanes))


class Deskew(_Triangle):
    """Turns a diagonal back into a beat of aligned lanes: `o[n](t) = i[n](t - (lanes - 1 - n))`.

    Undoes `Skew`: both in a row delay every lane by `lanes - 1` cycles.

    Latency is `lanes - 1 - n` cycles for lane n; throughput one beat per cycle; no flow control,
    no reset.

    Parameters
    ----------
    shape : shape-like
        Shape of one lane.
    lanes : int
        How many lanes, 1 or more.

    Members
    -------
    i : In(ArrayLayout(shape, lanes))
    o : Out(ArrayLayout(shape, lanes))
    """

    @property
    def delays(self):
        """Cycles by which each lane is delayed."""
        return list(reversed(range(self.lanes)))
