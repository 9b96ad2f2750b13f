"""The accumulators of one column."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

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
    """

    def __init__(self, *, depth, entries):
        super().__init__({
            "valid":     1,                    # there is a sum
            "row":       range(depth),         # its word
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

    SUM_AFTER = 2
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
        read = words.read_port()
        write = words.write_port()

        # Cycle 0: read. Cycle 1: the word leaves the memory. Cycle 2: it meets the sum.
        control = [self.i_control]
        for cycle in range(self.SUM_AFTER + self.OUTPUT_AFTER):
            control.append(registered(m, control[-1], name=f"control_{cycle + 1}"))
        m.d.comb += [
            read.addr.eq(self.i_control.row),
            self.o_control.eq(control[1]),
        ]
        base = registered(m, self._operand(m, control[1].operation, read.data), name="base")
        total, is_sum, partial = self._combine(m, control[2].operation, base)

        # Cycle 3: the result. Of a maximum, the comparison is known a cycle before the choice.
        result = control[-1]
        chosen = Signal(word)
        m.d.comb += [
            chosen.eq(Mux(is_sum, partial, total)),
            write.addr.eq(result.row),
            write.data.eq(chosen),
            write.en.eq(result.valid & ~result.drain),
            self.o_valid.eq(result.valid & result.drain),
            self.o_last.eq(result.last),
            self.o_entry.eq(result.entry),
            self.o_acc.eq(chosen),
        ]

        return m

    def _operand(self, m, operation, word):
        """What the sum is added to, or compared with."""
        operand = Signal(word.shape())
        with m.Switch(operation):
            with m.Case(AccumulateOperation.SET):
                m.d.comb += operand.eq(0)
            with m.Case(AccumulateOperation.SHIFT_ADD):
                m.d.comb += operand.eq(Cat(Const(0, 8), word[:-8]).as_signed())
            with m.Default():
                m.d.comb += operand.eq(word)
        return operand

    def _combine(self, m, operation, base):
        """Add the sum, or keep `base` if the operation is MAX; tell whether that sum is larger."""
        is_max = operation == AccumulateOperation.MAX
        total = (base + Mux(is_max, 0, self.i_sum))[:len(base)].as_signed()
        is_sum = is_max & (base < self.i_sum)
        return (
            registered(m, total, name="total"),
            registered(m, is_sum, name="is_sum"),
            registered(m, self.i_sum, name="partial"),
        )
