"""Makes the engine's passes of an instruction."""

from amaranth.hdl import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.instruction import AccumulateOperation
from hw.pass_buffer import Pass

__all__ = ["PassGenerator", "PassRun"]


class PassRun(data.StructLayout):
    """The passes of an instruction.

    Parameters
    ----------
    passes : int
        As many as there can be.
    depth : int
        Rows that a pass may have.
    """

    def __init__(self, *, passes, depth):
        super().__init__({
            "tiles_minus_1":  range(max(2, passes)),  # column tiles, less one
            "passes_minus_1": range(max(2, passes)),  # passes of a column tile, less one
            "rows_minus_1":   range(depth),           # rows of a pass, less one
            "first":          AccumulateOperation,    # of the first pass of a tile
            "rest":           AccumulateOperation,    # of its later passes
            "drain":          1,                      # the last pass of a tile drains
        })


class PassGenerator(wiring.Component):
    """Puts out the passes of every column tile, in order.

    Latency from a run to its first pass is `LATENCY` cycles; throughput one pass per cycle, with no
    bubble between runs.

    Parameters
    ----------
    passes : int
        Passes that a run may have.
    depth : int
        Rows that a pass may have.

    Members
    -------
    i : In(stream.Signature(PassRun))
        What the passes are made for.
    o : Out(stream.Signature(Pass))
        The passes.
    """

    LATENCY = 1

    def __init__(self, *, passes, depth):
        self.passes = passes
        self.depth = depth
        super().__init__({
            "i": In(stream.Signature(PassRun(passes=passes, depth=depth))),
            "o": Out(stream.Signature(Pass(depth=depth))),
        })

    def elaborate(self, platform):
        m = Module()

        busy = Signal()
        run = Signal(self.i.payload.shape(), reset_less=True)
        # Tiles and passes behind this one, less two: the sign says that the next is the last one.
        bits = len(self.i.payload.tiles_minus_1)
        tiles_left, passes_left, again_left = (
            Signal(signed(bits + 1), name=name, reset_less=True)
            for name in ("tiles_left", "passes_left", "again_left"))
        first = Signal(reset_less=True)
        # Known a cycle ahead: whether this pass is the last of its tile, and this tile of the run.
        tile_ends, last_tile, one_pass = (
            Signal(name=name, reset_less=True) for name in ("tile_ends", "last_tile", "one_pass"))
        ends = Signal()
        m.d.comb += [
            ends.eq(tile_ends & last_tile),
            self.o.valid.eq(busy),
            self.o.payload.rows_minus_1.eq(run.rows_minus_1),
            self.o.payload.operation.eq(Mux(first, run.first, run.rest)),
            self.o.payload.drain.eq(run.drain & tile_ends),
            self.i.ready.eq(~busy | (self.o.ready & ends)),
        ]
        next_left = Mux(tile_ends, again_left, passes_left - 1)
        with m.If(busy & self.o.ready):
            m.d.sync += [
                first.eq(tile_ends),
                passes_left.eq(next_left[:bits + 1].as_signed()),
                tile_ends.eq(Mux(tile_ends, one_pass, passes_left[-1])),
                tiles_left.eq((tiles_left - tile_ends)[:bits + 1].as_signed()),
                last_tile.eq(last_tile | (tile_ends & tiles_left[-1])),
            ]
        loaded_left = (self.i.payload.passes_minus_1 - 2)[:bits + 1].as_signed()
        with m.If(self.i.ready):
            m.d.sync += [
                busy.eq(self.i.valid),
                run.eq(self.i.payload),
                first.eq(1),
                passes_left.eq(loaded_left),
                again_left.eq(loaded_left),
                tiles_left.eq((self.i.payload.tiles_minus_1 - 2)[:bits + 1].as_signed()),
                tile_ends.eq(self.i.payload.passes_minus_1 == 0),
                one_pass.eq(self.i.payload.passes_minus_1 == 0),
                last_tile.eq(self.i.payload.tiles_minus_1 == 0),
            ]
        return m
