"""Takes the words of parameters that a host writes to the requantizers' tables."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.parameter_loader import ParameterLoader
from hw.word_memory import host_stride

__all__ = ["ParameterInput"]

_LANE = 32


class ParameterInput(wiring.Component):
    """Puts the lanes of 32 bits of a parameter word together, and writes it with the last one.

    A host writes the lanes of a word in order, the lowest one at the lowest address, and padding,
    which is dropped, behind them. It reads 0: only the requantizers read the tables.

    Latency is 0; throughput one lane per cycle.

    Parameters
    ----------
    config : GemmAcceleratorConfig
        The engine, and how many words there are.

    Members
    -------
    i_host : In(1)
        Not looked at: the tables are written while nothing runs.
    host_address : In(range(depth * stride))
    host_write : In(1)
    host_data : In(32)
    o_host_data : Out(32)
        0.
    o_write, o_write_index, o_write_word : Out(...)
        Write ports of the tables, see `ColumnLanes`.
    """

    def __init__(self, config):
        self.config = config
        engine = config.engine
        self.depth = config.parameter_words
        self.layout = config.parameter_word.layout
        self.stride = host_stride(self.layout)
        table = ParameterLoader.table_words(engine.lane_columns, config.parameter_entries)
        super().__init__({
            "i_host":        In(1),
            "host_address":  In(range(self.depth * self.stride)),
            "host_write":    In(1),
            "host_data":     In(_LANE),
            "o_host_data":   Out(_LANE),
            "o_write":       Out(engine.lanes),
            "o_write_index": Out(range(table)),
            "o_write_word":  Out(self.layout),
        })

    def elaborate(self, platform):
        m = Module()
        engine = self.config.engine
        lanes = -(-self.layout.size // _LANE)
        number, word = self.host_address[:self.stride.bit_length() - 1], self.host_data
        if lanes > 1:
            held = Signal((lanes - 1) * _LANE, reset_less=True)
            word = Cat(held, self.host_data)
            with m.If(self.host_write):
                m.d.sync += held.eq(word[_LANE:])
        place = self.host_address[self.stride.bit_length() - 1:]

        # Word n of the table of lane l has entry e, column c: n = e * C + l * columns + c.
        column_bits, lane_bits = (
            (of - 1).bit_length() for of in (engine.lane_columns, engine.lanes))
        column, lane = place[:column_bits], place[column_bits:][:lane_bits]
        entry = place[column_bits + lane_bits:]
        m.d.comb += [
            Value.cast(self.o_write_word).eq(word[:self.layout.size]),
            self.o_write_index.eq(Cat(column, entry)),
        ]
        for n in range(engine.lanes):
            m.d.comb += self.o_write[n].eq(
                self.host_write & (number == lanes - 1) & (lane == n))
        return m
