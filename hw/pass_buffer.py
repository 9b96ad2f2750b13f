"""Keeps the next passes, with what a launcher must know of them."""

from amaranth.hdl import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.accumulator_bank import AccumulatorBank
from hw.instruction import AccumulateOperation
from hw.stream_buffer import StreamBuffer

__all__ = ["Pass", "PassBuffer", "PreparedPass"]

_LONGEST_WAIT = AccumulatorBank.RECURRENCE - 1


class Pass(data.StructLayout):
    """A pass: rows of activations that stream through one tile of weights.

    Parameters
    ----------
    depth : int
        Rows that a pass may have.
    """

    def __init__(self, *, depth):
        super().__init__({
            "rows_minus_1": range(depth),         # rows of activations, less one
            "operation":    AccumulateOperation,  # what is done with the accumulators
            "drain":        1,                    # requantize the results and put them out
        })


class PreparedPass(data.StructLayout):
    """A pass, and what follows from it.

    Parameters
    ----------
    depth : int
        Rows that a pass may have.
    """

    def __init__(self, *, depth):
        fields = {name: field.shape for name, field in Pass(depth=depth)}
        bits = Shape.cast(fields["rows_minus_1"]).width
        super().__init__({
            **fields,
            "is_set": 1,                         # the operation is SET
            "left":   signed(bits + 1),          # rows, less two
            "wait":   _LONGEST_WAIT,             # a 1 for each cycle from its end to its last sums
        })


class PassBuffer(wiring.Component):
    """Passes passes on in order, with no combinational path between its two sides.

    It is a `StreamBuffer` at its output, behind what prepares a pass: there is nothing between a
    pass and whoever decides by it.

    Latency is `LATENCY` cycles; throughput one pass per cycle.

    Parameters
    ----------
    depth : int
        Rows that a pass may have.

    Members
    -------
    i : In(stream.Signature(Pass))
    o : Out(stream.Signature(PreparedPass))
    """

    LATENCY = StreamBuffer.LATENCY

    def __init__(self, *, depth):
        self.depth = depth
        super().__init__({
            "i": In(stream.Signature(Pass(depth=depth))),
            "o": Out(stream.Signature(PreparedPass(depth=depth))),
        })

    def elaborate(self, platform):
        m = Module()
        shape = PreparedPass(depth=self.depth)
        m.submodules.buffer = buffer = StreamBuffer(shape, at_output=True, eager=True)
        m.d.comb += [
            buffer.i.payload.eq(self._prepare(m)),
            buffer.i.valid.eq(self.i.valid),
            self.i.ready.eq(buffer.i.ready),
        ]
        wiring.connect(m, buffer.o, wiring.flipped(self.o))
        return m

    def _prepare(self, m):
        """Return the pass that comes, with what follows from it."""
        run = self.i.payload
        rows_minus_1 = run.rows_minus_1
        prepared = Signal(PreparedPass(depth=self.depth))
        m.d.comb += [
            prepared.rows_minus_1.eq(rows_minus_1),
            prepared.operation.eq(run.operation),
            prepared.drain.eq(run.drain),
            prepared.is_set.eq(run.operation == AccumulateOperation.SET),
            prepared.left.eq((rows_minus_1 - 1)[:len(prepared.left)].as_signed()),
            prepared.wait.eq(Cat(rows_minus_1 < longer for longer in range(_LONGEST_WAIT, 0, -1))),
        ]
        return prepared
