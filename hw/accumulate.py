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
        asks_max = self.i_operation == AccumulateOperation.MAX
        is_max = registered(m, asks_max, name="is_max")
        is_other = registered(m, ~asks_max, name="is_other")

        # Cycle 1: the sum goes into adders alone; the comparison is the sign of a difference. What
        # is not the operation's result is cleared by its registers' resets.
        total, partial, kept = (
            Signal(shape, name=name, reset_less=True) for name, shape in (
                ("total", base.shape()), ("partial", self.i_sum.shape()), ("kept", base.shape())))
        is_below = registered(m, (base - self.i_sum)[-1], name="is_below")
        with m.If(is_max):
            m.d.sync += total.eq(0)
        with m.Else():
            m.d.sync += total.eq((base + self.i_sum)[:len(base)].as_signed())
        with m.If(is_other):
            m.d.sync += [partial.eq(0), kept.eq(0)]
        with m.Else():
            m.d.sync += [partial.eq(self.i_sum), kept.eq(base)]
        m.d.comb += self.o.eq(total | Mux(is_below, partial, kept))

        return m
