"""The arithmetic of an accumulator."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.instruction import AccumulateOperation
from hw.pipeline import registered

__all__ = ["Accumulate"]


class Accumulate(wiring.Component):
    """Works a partial sum into a word, as `AccumulateOperation` says; all but MAX wrap.

    The comparison of a maximum is done beside the addition, and chooses a cycle later, behind it.

    No flow control, no reset. Latency from `i_word` is `LATENCY` cycles; throughput one per cycle.

    Parameters
    ----------
    word : Shape
        Shape of a word, signed, more than 8 bits.
    partial : Shape
        Shape of a partial sum, signed, at most as wide.

    Members
    -------
    i_operation : In(AccumulateOperation)
    i_word : In(word)
        The word as it was.
    i_sum : In(partial)
        Partial sum, `SUM_AFTER` cycles after its word and operation.
    o : Out(word)
        The word as it becomes.
    """

    SUM_AFTER = 1
    LATENCY = SUM_AFTER + 1

    def __init__(self, *, word, partial):
        super().__init__({
            "i_operation": In(AccumulateOperation),
            "i_word":      In(word),
            "i_sum":       In(partial),
            "o":           Out(word),
        })

    def elaborate(self, platform):
        m = Module()

        # Cycle 0: what the sum is added to, or compared with.
        operand = Signal.like(self.i_word)
        with m.Switch(self.i_operation):
            with m.Case(AccumulateOperation.SET):
                m.d.comb += operand.eq(0)
            with m.Case(AccumulateOperation.SHIFT_ADD):
                m.d.comb += operand.eq(Cat(Const(0, 8), self.i_word[:-8]).as_signed())
            with m.Default():
                m.d.comb += operand.eq(self.i_word)
        base = registered(m, operand, name="base")
        is_max = registered(m, self.i_operation == AccumulateOperation.MAX, name="is_max")

        # Cycle 1: a maximum that is the word already comes out of the adder. The comparison is the
        # sign of a difference, with nothing behind its carries.
        total = (base + Mux(is_max, 0, self.i_sum))[:len(base)].as_signed()
        total = registered(m, total, name="total")
        is_below = registered(m, (base - self.i_sum)[-1], name="is_below")
        was_max = registered(m, is_max, name="was_max")
        partial = registered(m, self.i_sum, name="partial")
        m.d.comb += self.o.eq(Mux(was_max & is_below, partial, total))

        return m
