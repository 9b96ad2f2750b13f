"""Brings what several columns put out, one at a time, onto one way."""

from functools import reduce
from operator import or_

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.pipeline import registered

__all__ = ["ColumnMux"]

_FAN_IN = 4


class ColumnMux(wiring.Component):
    """`o = i[c]` for the one column c that is valid; a tree, four columns a level.

    In a cycle at most one column may be valid. While none is, `o` is 0.

    No flow control, no reset. Latency is `latency` cycles; throughput one per cycle.

    Parameters
    ----------
    width : int
        Bits of a column's output.
    columns : int
        How many columns, 2 or more.

    Members
    -------
    i : In(ArrayLayout(width, columns))
    i_valid : In(columns)
    o : Out(width)
    o_valid : Out(1)
    """

    def __init__(self, *, width, columns):
        if columns < 2:
            raise ValueError(f"columns must be 2 or more, not {columns}")
        self.columns = columns
        super().__init__({
            "i":       In(data.ArrayLayout(width, columns)),
            "i_valid": In(columns),
            "o":       Out(width),
            "o_valid": Out(1),
        })

    @staticmethod
    def latency_of(columns):
        """Cycles from `i` to `o`."""
        levels, reach = 1, _FAN_IN
        while reach < columns:
            levels, reach = levels + 1, reach * _FAN_IN
        return levels

    @property
    def latency(self):
        """Cycles from `i` to `o`."""
        return self.latency_of(self.columns)

    def elaborate(self, platform):
        m = Module()

        # A column that is not valid is 0 on the way, so that a level is an OR.
        values = [
            Cat(Mux(valid, value, 0), valid)
            for value, valid in zip(self.i, self.i_valid, strict=True)
        ]
        for level in range(self.latency):
            values = [
                registered(m, reduce(or_, values[n:n + _FAN_IN]), name=f"level_{level}_{n}")
                for n in range(0, len(values), _FAN_IN)
            ]
        m.d.comb += Cat(self.o, self.o_valid).eq(values[0])

        return m
