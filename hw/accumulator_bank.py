"""The accumulators of one column."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hw.accumulate import Accumulate
from hw.instruction import AccumulateOperation
from hw.pipeline import registered

__all__ = ["AccumulateControl", "AccumulatorBank"]


class AccumulateControl(data.StructLayout):
    """What is done with one partial sum; it passes from column to column.

    Parameters
    ----------
    depth : int
        Words of a bank.
    entries : int
        Entries of the requantizers' parameter tables.
    banks : int
        Banks of a column, 1 or 2.
    """

    def __init__(self, *, depth, entries, banks=1):
        super().__init__({
            "valid":     1,                    # there is a sum
            "row":       range(depth),         # its word
            "bank":      range(banks),         # the bank with its word
            "operation": AccumulateOperation,  # what is done with both
            "drain":     1,                    # the result goes out instead of into the word
            "last":      1,                    # last row of a pass that drains
            "entry":     range(entries),       # requantizer parameters of the result
        })


class AccumulatorBank(wiring.Component):
    """Works partial sums into words, as `AccumulateOperation` says; all but MAX wrap.

    The result of a pass that drains goes to `o_acc` and leaves the word as it was. Control goes on
    to the column to the right one cycle later.

    No flow control. Control comes `SUM_AFTER` cycles before its sum; the result is at the output
    `OUTPUT_AFTER` cycles after the sum. Throughput one sum per cycle; a word may be used again
    `RECURRENCE` cycles later.

    Parameters
    ----------
    config : EngineConfig
        Depth and width of the words.
    entries : int
        Entries of the requantizers' parameter tables.

    Members
    -------
    i_control, o_control : In/Out(AccumulateControl)
        What to do with the sum, and the same for the column to the right.
    i_sum : In(signed)
        Partial sum, `SUM_AFTER` cycles after its control.
    o_valid, o_last : Out(1)
        There is a result; it is the last row of its pass.
    o_entry : Out(range(entries))
        Requantizer parameters of the result.
    o_acc : Out(signed)
        The result.
    """

    SUM_AFTER = 2 + Accumulate.SUM_AFTER
    OUTPUT_AFTER = 1
    RECURRENCE = SUM_AFTER + OUTPUT_AFTER + 1

    def __init__(self, config, *, entries):
        self.config = config
        self.entries = entries
        control = AccumulateControl(depth=config.depth, entries=entries)
        super().__init__({
            "i_control": In(control),
            "i_sum":     In(config.sum_shape(config.rows)),
            "o_control": Out(control),
            "o_valid":   Out(1),
            "o_last":    Out(1),
            "o_entry":   Out(range(entries)),
            "o_acc":     Out(signed(config.accumulator_bits)),
        })

    def elaborate(self, platform):
        m = Module()

        word = signed(self.config.accumulator_bits)
        m.submodules.words = words = Memory(shape=word, depth=self.config.depth, init=[])
        m.submodules.step = step = Accumulate(word=word, partial=self.i_sum.shape())
        read = words.read_port()
        write = words.write_port()

        # Cycle 0: read. Cycle 1: the word leaves the memory. Cycle 2: its register, which a block
        # memory has of its own. Cycle 3: it meets the sum.
        control = [self.i_control]
        for cycle in range(self.SUM_AFTER + self.OUTPUT_AFTER):
            control.append(registered(m, control[-1], name=f"control_{cycle + 1}"))
        m.d.comb += [
            read.addr.eq(self.i_control.row),
            self.o_control.eq(control[1]),
            step.i_operation.eq(control[2].operation),
            step.i_word.eq(registered(m, read.data, name="word")),
            step.i_sum.eq(self.i_sum),
        ]

        # Cycle 4: the result.
        result = control[-1]
        m.d.comb += [
            write.addr.eq(result.row),
            write.data.eq(step.o),
            write.en.eq(result.valid & ~result.drain),
            self.o_valid.eq(result.valid & result.drain),
            self.o_last.eq(result.last),
            self.o_entry.eq(result.entry),
            self.o_acc.eq(step.o),
        ]

        return m
