"""Feeds weight tiles to the array, one ahead of the activations."""

from amaranth.hdl import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.pipeline import registered
from hw.stock import Outlook

__all__ = ["WeightLoader"]


class WeightLoader(wiring.Component):
    """Loads a tile of `rows` beats into the array's shadow weights as soon as they are free.

    They are free from `i_swap` on, which says that the first activations for the loaded tile are
    being launched. The first beat of the next tile may be taken in that very cycle, so tiles follow
    each other every `rows` cycles.

    Latency from a beat to the array is `LATENCY` cycles, as long as that of `Launcher`: a tile is
    complete in the array before the activations launched with its swap get there.

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
        A tile is loaded and not yet used.
    o_outlook : Out(Outlook())
        Whether a tile is loaded and not yet used.
    o_weight : Out(ArrayLayout(signed, cols))
        A row of weights.
    o_load : Out(groups)
        The group of the row, one-hot; 0 while there is none.
    """

    LATENCY = 1

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

        row = Signal(range(config.rows))
        last = Signal(init=config.rows == 1)
        take = Signal()
        m.d.comb += [
            self.i.ready.eq(~self.o_loaded | self.i_swap),
            take.eq(self.i.ready & self.i.valid),
        ]
        with m.If(take):
            m.d.sync += [
                row.eq(Mux(last, 0, row + 1)),
                last.eq(row == (config.rows - 2) % config.rows),
            ]
        completes = self.i.valid & last
        m.d.comb += [
            self.o_outlook.now.eq(self.o_loaded),
            self.o_outlook.if_kept.eq(self.o_loaded | completes),
            self.o_outlook.if_taken.eq(completes),
        ]
        m.d.sync += self.o_loaded.eq(
            Mux(self.i_swap, self.o_outlook.if_taken, self.o_outlook.if_kept))

        group = Signal(range(config.groups))
        m.d.comb += group.eq(row // config.group)
        for g in range(config.groups):
            m.d.sync += self.o_load[g].eq(take & (group == g))
        m.d.comb += self.o_weight.eq(registered(m, self.i.payload, name="weight"))

        return m
