"""Feeds weight tiles to the array, one ahead of the activations."""

from amaranth.hdl import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.pipeline import delayed, registered
from hw.skew import Skew
from hw.stock import Outlook

__all__ = ["WeightLoader"]


class WeightLoader(wiring.Component):
    """Loads a tile of `rows` beats into the array's shadow weights as soon as they are free.

    They are free from the cycle after `i_swap` on, which says that the first activations for the
    loaded tile are being launched. The first beat of the next tile waits for that in a register,
    so tiles follow each other every `rows` cycles, and the stream does not wait for the launcher.

    A column takes weights a cycle after the one on its left. So those of each further `SPAN`
    columns wait in a register that is filled a cycle later, and what fills it is a register near
    by: a row is as wide as the array.

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
        Rows of weights as a diagonal: column c of a row is here c cycles after its `o_load`.
    o_load : Out(groups)
        The group of the row that is in column 0, one-hot; 0 while there is none.
    """

    LATENCY = 1

    AHEAD = 1
    """Rows of the next tile that are taken before the weights are free."""

    SPAN = 4
    """Columns whose weights are taken in the same cycle."""

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
        of_one_row = config.rows == 1

        # The row to come.
        row = Signal(range(config.rows))
        last = Signal(init=of_one_row)
        group = Signal(config.groups, init=1)
        take = Signal()
        with m.If(take):
            m.d.sync += [
                row.eq(Mux(last, 0, row + 1)),
                last.eq(row == (config.rows - 2) % config.rows),
            ]
        with m.If(take & (row % config.group == config.group - 1)):
            m.d.sync += group.eq(group.rotate_left(1))

        # The weights are free for the row in the register, if there is one. Only a first row waits
        # there, which is the last one, too, of a tile of one row.
        free, moves, ends = Signal(init=1), Signal(init=1), Signal()
        will_be_free = self.i_swap | (free & ~ends)
        m.d.sync += [
            free.eq(will_be_free),
            moves.eq(will_be_free | (moves & ~self.i.valid)),
            ends.eq(Mux(moves, self.i.valid & last, of_one_row)),
        ]
        # A row that is not in the first group finds the weights free.
        first_group = Mux(moves, self.i.valid & group[0], 1) & will_be_free
        load = Cat(first_group, take.replicate(config.groups - 1) & group[1:])
        m.d.comb += [
            self.i.ready.eq(moves),
            take.eq(moves & self.i.valid),
            self.o_load.eq(registered(m, load, name="load")),
            self.o_loaded.eq(~free | ends),
        ]
        self._take(m, moves)

        # Only a tile of one row can be loaded in the very cycle after a swap.
        m.d.comb += [
            self.o_outlook.now.eq(self.o_loaded),
            self.o_outlook.if_kept.eq(self.o_loaded | (self.i.valid & last)),
            self.o_outlook.if_taken.eq((self.i.valid | ~moves) if of_one_row else 0),
        ]
        return m

    def _take(self, m, moves):
        """Add the registers of a row, each span's a cycle after the one on its left."""
        config = self.config
        bits = config.weight.bits
        late = [c // self.SPAN for c in range(config.cols)]
        m.submodules.skew = skew = Skew(
            config.weight_shape, lanes=config.cols,
            delays=[c - late[c] for c in range(config.cols)],
        )
        for span, first in enumerate(range(0, config.cols, self.SPAN)):
            beat = Value.cast(self.i.payload)[first * bits:][:self.SPAN * bits]
            beat = delayed(m, beat, span, name=f"beat_{span}")
            weight = Signal(len(beat), name=f"weight_{span}", reset_less=True)
            with m.If(moves):
                m.d.sync += weight.eq(beat)
            m.d.comb += Value.cast(skew.i)[first * bits:][:self.SPAN * bits].eq(weight)
            moves = registered(m, moves, name=f"moves_{span}")
        m.d.comb += self.o_weight.eq(skew.o)
