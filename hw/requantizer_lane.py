"""A requantizer with a table of parameters: one lane of an engine."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from golden.formats import INT8
from hw.multiplier_kind import MultiplierKind
from hw.parameter_table import ParameterTable
from hw.pipeline import delayed
from hw.requantizer import Requantizer
from hw.requantizer_plan import RequantizerPlan

__all__ = ["RequantizerLane"]


class RequantizerLane(wiring.Component):
    """`o_value = requantize(i_acc)` with the parameters of table entry `i_index`.

    No backpressure: the reader is always ready. Latency is `latency` cycles, one more than the
    `Requantizer`'s; throughput one accumulator per cycle. Only the chain of valid bits has a reset;
    the table keeps its words through one.

    A word that is written in one cycle serves accumulators from the next one on. An entry must not
    be written while an accumulator that uses it is in the lane.

    Parameters
    ----------
    schemes : iterable of Scheme
        Schemes to build: FLOAT32, FIXED, SHIFT.
    entries : int
        Words in the table, from 1 to 512.
    out_format : IntegerFormat
        Format of the output: signed, from 2 to 16 bits.
    acc_bits : int
        Width of the accumulator, from 16 to 32.
    multiplier_kind : MultiplierKind
        What its multiplier is built of.

    Members
    -------
    write_en : In(1)
    write_index : In(range(entries))
    write_word : In(ParameterWord layout)
        See `ParameterWord.encode`.
    i_valid : In(1)
    i_index : In(range(entries))
    i_acc : In(signed(acc_bits))
    o_valid : Out(1)
    o_value : Out(signed(out_format.bits))
    o_under, o_over, o_tied : Out(1)
        See `Requantizer`.
    """

    TABLE_LATENCY = 1

    def __init__(
        self, *, schemes, entries=8, out_format=INT8, acc_bits=32,
        multiplier_kind=MultiplierKind.PORTABLE,
    ):
        if not 1 <= entries <= 512:
            raise ValueError(f"entries must be from 1 to 512, not {entries}")
        self.plan = RequantizerPlan(schemes=schemes, out_format=out_format, acc_bits=acc_bits)
        self.schemes = self.plan.schemes
        self.entries = entries
        self.out_format = out_format
        self.acc_bits = acc_bits
        self.multiplier_kind = multiplier_kind
        super().__init__({
            "write_en":    In(1),
            "write_index": In(range(entries)),
            "write_word":  In(self.plan.word.layout),
            "i_valid":     In(1),
            "i_index":     In(range(entries)),
            "i_acc":       In(signed(acc_bits)),
            "o_valid":     Out(1),
            "o_value":     Out(signed(out_format.bits)),
            "o_under":     Out(1),
            "o_over":      Out(1),
            "o_tied":      Out(1),
        })

    @property
    def latency(self):
        """Cycles from `i_acc` to `o_value`."""
        return self.TABLE_LATENCY + self.plan.latency

    def elaborate(self, platform):
        m = Module()
        m.submodules.table = table = ParameterTable(
            self.plan.word.layout, stages=self.plan.stages, entries=self.entries)
        m.submodules.requantizer = requantizer = Requantizer(
            schemes=self.schemes, out_format=self.out_format, acc_bits=self.acc_bits,
            multiplier_kind=self.multiplier_kind,
        )

        m.d.comb += [
            table.write_en.eq(self.write_en),
            table.write_index.eq(self.write_index),
            table.write_word.eq(self.write_word),
            table.index.eq(self.i_index),
            requantizer.acc.eq(delayed(m, self.i_acc, self.TABLE_LATENCY, name="acc")),
            self.o_value.eq(requantizer.value),
            self.o_under.eq(requantizer.under),
            self.o_over.eq(requantizer.over),
            self.o_tied.eq(requantizer.tied),
        ]
        for name in requantizer.stages:
            m.d.comb += getattr(requantizer, name).eq(getattr(table, name))

        valid = Signal(self.latency)
        m.d.sync += valid.eq(Cat(self.i_valid, valid))
        m.d.comb += self.o_valid.eq(valid[-1])
        return m
