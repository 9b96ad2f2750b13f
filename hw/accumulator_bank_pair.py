"""Two banks of accumulators of one column: one fills while the other drains."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hw.accumulate import Accumulate
from hw.accumulator_bank import AccumulateControl
from hw.pipeline import delayed, registered

__all__ = ["AccumulatorBankPair", "DrainControl"]

_BANKS = 2


class DrainControl(data.StructLayout):
    """Which word is drained; it passes from column to column.

    Parameters
    ----------
    depth : int
        Words of a bank.
    entries : int
        Entries of the requantizers' parameter tables.
    """

    def __init__(self, *, depth, entries):
        super().__init__({
            "valid": 1,              # there is one
            "row":   range(depth),   # the word
            "bank":  range(_BANKS),  # its bank
            "last":  1,              # the last one of its bank
            "entry": range(entries), # requantizer parameters of the result
        })


class AccumulatorBankPair(wiring.Component):
    """Works partial sums into the words of one bank while words of the other are drained.

    Sums go as in `AccumulatorBank`, except that every result stays in its word, of the bank that
    the control names. `i_drain` reads a word of the other bank. Both controls go on to the column
    to the right one cycle later.

    No flow control. `i_control` comes `SUM_AFTER` cycles before its sum; a word may be used again,
    or be drained, `RECURRENCE` cycles after. A drained word is at the output `DRAIN_LATENCY` cycles
    after `i_drain`. Throughput one sum and one drained word per cycle.

    Parameters
    ----------
    config : EngineConfig
        Depth and width of the words.
    entries : int
        Entries of the requantizers' parameter tables.

    Members
    -------
    i_control, o_control : In/Out(AccumulateControl)
        What to do with the sum, and the same for the column to the right. Of its fields `drain`,
        `last` and `entry` are not used.
    i_sum : In(signed)
        Partial sum, `SUM_AFTER` cycles after its control.
    i_drain, o_drain : In/Out(DrainControl)
        Which word to drain, and the same for the column to the right. In one cycle `i_control` and
        `i_drain` must not both be valid for the same bank.
    o_valid, o_last : Out(1)
        There is a drained word; it is the last one of its bank.
    o_entry : Out(range(entries))
        Its requantizer parameters.
    o_acc : Out(signed)
        The drained word.
    """

    _WORD_AFTER = 2
    SUM_AFTER = _WORD_AFTER + Accumulate.SUM_AFTER
    RECURRENCE = _WORD_AFTER + Accumulate.LATENCY + 1
    DRAIN_LATENCY = _WORD_AFTER + 1

    def __init__(self, config, *, entries):
        self.config = config
        self.entries = entries
        control = AccumulateControl(depth=config.depth, entries=entries, banks=_BANKS)
        drain = DrainControl(depth=config.depth, entries=entries)
        super().__init__({
            "i_control": In(control),
            "i_sum":     In(config.sum_shape(config.rows)),
            "i_drain":   In(drain),
            "o_control": Out(control),
            "o_drain":   Out(drain),
            "o_valid":   Out(1),
            "o_last":    Out(1),
            "o_entry":   Out(range(entries)),
            "o_acc":     Out(signed(config.accumulator_bits)),
        })

    def elaborate(self, platform):
        m = Module()

        word = signed(self.config.accumulator_bits)
        m.submodules.step = step = Accumulate(word=word, partial=self.i_sum.shape())
        fill = registered(m, self.i_control, name="control_1")
        drain = registered(m, self.i_drain, name="drain_1")
        seen = registered(m, fill, name="control_2")
        result = delayed(m, seen, Accumulate.LATENCY, name="result")

        # Cycle 0: a bank is read for a sum or for a drain. Cycle 1: its word leaves the memory.
        # Cycle 2: its register, which a block memory has of its own.
        words = []
        for bank in range(_BANKS):
            memory = Memory(shape=word, depth=self.config.depth, init=[])
            m.submodules[f"words_{bank}"] = memory
            read, write = memory.read_port(), memory.write_port()
            is_filled = self.i_control.valid & (self.i_control.bank == bank)
            m.d.comb += [
                read.addr.eq(Mux(is_filled, self.i_control.row, self.i_drain.row)),
                write.addr.eq(result.row),
                write.data.eq(step.o),
                write.en.eq(result.valid & (result.bank == bank)),
            ]
            words.append(registered(m, read.data, name=f"word_{bank}"))
        m.d.comb += [
            step.i_operation.eq(seen.operation),
            step.i_word.eq(Mux(seen.bank, words[1], words[0])),
            step.i_sum.eq(self.i_sum),
            self.o_control.eq(fill),
            self.o_drain.eq(drain),
        ]

        chosen = registered(m, drain, name="drain_2")
        drained = registered(m, chosen, name="drain_3")
        m.d.comb += [
            self.o_acc.eq(registered(m, Mux(chosen.bank, words[1], words[0]), name="acc")),
            self.o_valid.eq(drained.valid),
            self.o_last.eq(drained.last),
            self.o_entry.eq(drained.entry),
        ]

        return m
