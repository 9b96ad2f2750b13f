"""Requantizer parameters of several output channels, read field by field."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hw.pipeline import delayed

__all__ = ["ParameterTable"]


class ParameterTable(wiring.Component):
    """A small memory of parameter words, in which every field has its own time.

    An `index` asks for an entry. Each field of it comes out when the pipeline needs it: field f is
    valid `1 + stages[f]` cycles after the index. So a field is stored once and never carried along.

    A word that is written in one cycle can be asked for from the next. It must not be written while
    an index of the same entry is on its way, for `1 + max(stages.values())` cycles.

    Throughput is one index and one write per cycle; no flow control, no reset.

    Parameters
    ----------
    layout : data.StructLayout
        Layout of a word.
    stages : Mapping of str to int
        Cycles by which each wanted field is late. Fields that are not named are not stored.
    entries : int
        How many words, from 1 to 512.

    Members
    -------
    write_en : In(1)
    write_index : In(range(entries))
    write_word : In(layout)
    index : In(range(entries))
    fields : Out(...)
        One output for each field, under the field's name.
    """

    def __init__(self, layout, *, stages, entries):
        if not 1 <= entries <= 512:
            raise ValueError(f"entries must be from 1 to 512, not {entries}")
        self.layout = layout
        self.stages = dict(stages)
        self.entries = entries
        members = {
            "write_en":    In(1),
            "write_index": In(range(entries)),
            "write_word":  In(layout),
            "index":       In(range(entries)),
        }
        members |= {name: Out(layout[name].shape) for name in self.stages}
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        index, cycle = self.index, 0
        for name, stage in sorted(self.stages.items(), key=lambda item: item[1]):
            index, cycle = delayed(m, index, stage - cycle, name=f"index_{name}"), stage
            memory = Memory(shape=Shape.cast(self.layout[name].shape), depth=self.entries, init=[])
            m.submodules[name] = memory
            write, read = memory.write_port(), memory.read_port(domain="sync")
            m.d.comb += [
                write.en.eq(self.write_en),
                write.addr.eq(self.write_index),
                write.data.eq(Value.cast(self.write_word[name])),
                read.addr.eq(index),
                Value.cast(getattr(self, name)).eq(read.data),
            ]
        return m
