"""Feeds weight tiles to the array, one ahead of the activations."""

from amaranth.hdl import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.stock import Outlook

__all__ = ["WeightLoader"]


class WeightLoader(wiring.Component):
    """Loads a tile of `rows` beats into the array's shadow weights as soon as they are free.

    They are free from the cycle after `i_swap` on, which says that the first activations for the
    loaded tile are being launched. The first beat of the next tile waits for that in a register,
    so tiles follow each other every `rows` cycles, and the stream does not wait for the launcher.

    Latency from a beat to the array is `LATENCY` cycles if the weights are free, as long as that of
    `Launcher`: a tile is complete in the array before the activations launched with its swap get
    there.

    Parameters
    ----------
    config : EngineConfig
        Sizes and formats.

    Members
    -------
    i : In(stream.Signature(ArrayLayout(signed, cols)))
        Rows of a tile, row 0 first.
    i_swap : In(1)
        The loaded tile is used from now on. Only while `o_loaded`.
    o_loaded : Out(1)
        A tile is loaded, its last row perhaps now, and not yet used.
    o_outlook : Out(Outlook())
        Whether a tile is loaded and not yet used.
    o_weight : Out(ArrayLayout(signed, cols))
        A row of weights.
    o_load : Out(groups)
        The group of the row, one-hot; 0 while there is none.
    """

    LATENCY = 1

    AHEAD = 1
    """Rows of the next tile that are taken before the weights are free."""

    def __init__(self, config):
        self.config = config
        row = data.ArrayLayout(config.weight_shape, config.cols)
        super().__init__({
            "i":        In(stream.Signature(row)),
            "i_swap":   In(1),
            "o_loaded": Out(1),
            "o_outlook": Out(Outlook()),
            "o_weight": Out(row),
            "o_load":   Out(config.groups),
        })

    def elaborate(self, platform):
        m = Module()
        config = self.config

        # The weights are free for the row in the register, if there is one; it may be a last one.
        free, has, ends = Signal(init=1), Signal(), Signal()
        group_of_row = Signal(config.groups)
        weight = Signal(self.o_weight.shape(), reset_less=True)
        m.d.comb += [
            self.o_weight.eq(weight),
            self.i.ready.eq(free | ~has),
            self.o_loaded.eq(~free | ends),
            self.o_load.eq(group_of_row & free.replicate(config.groups)),
        ]
        m.d.sync += free.eq(self.i_swap | (free & ~ends))

        # The row to come.
        row = Signal(range(config.rows))
        last = Signal(init=config.rows == 1)
        with m.If(self.i.ready & self.i.valid):
            m.d.sync += [
                row.eq(Mux(last, 0, row + 1)),
                last.eq(row == (config.rows - 2) % config.rows),
            ]
        with m.If(self.i.ready):
            m.d.sync += [
                has.eq(self.i.valid), ends.eq(self.i.valid & last), weight.eq(self.i.payload),
            ]
            for g in range(config.groups):
                m.d.sync += group_of_row[g].eq(self.i.valid & (row // config.group == g))

        # Only a tile of one row can be loaded in the very cycle after a swap.
        of_one_row = config.rows == 1
        m.d.comb += [
            self.o_outlook.now.eq(self.o_loaded),
            self.o_outlook.if_kept.eq(self.o_loaded | (self.i.valid & last)),
            self.o_outlook.if_taken.eq(Mux(self.i.ready, self.i.valid, has) if of_one_row else 0),
        ]

        return m
