"""Array, accumulators and requantizers that nothing stalls: what is done in a cycle is given."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In

from hw.accumulator_bank import AccumulateControl, AccumulatorBank
from hw.column_lanes import ColumnLanes
from hw.pipeline import delayed
from hw.place import place
from hw.skew import Skew
from hw.systolic_array import SystolicArray

__all__ = ["StepEngine"]


class StepEngine(wiring.Component):
    """Computes `requantize(A · W)` as `GemmEngine` does, for a caller that knows when.

    Every column has one bank of accumulators and a requantizer serves `config.lane_columns` of
    them in turn, so rows that drain come that many cycles apart. A tile of weights is loaded in R
    cycles, the first of them not before that in which the tile before it begins; it may begin in
    the cycle after the last. A row's accumulators can be used again
    `AccumulatorBank.RECURRENCE` cycles later.

    No flow control. Latency from a row of activations to its results is `latency` cycles;
    throughput one row per cycle. Only what is valid has a reset.

    Parameters
    ----------
    config : EngineConfig
        Sizes, formats and requantization schemes.
    entries : int
        Entries of the parameter tables: tiles of output channels.

    Members
    -------
    i_activation : In(ArrayLayout(signed, rows))
        A row of activations.
    i_first : In(1)
        It is the first one of the tile that was loaded last.
    i_control : In(AccumulateControl)
        What is done with its sums.
    i_weight : In(ArrayLayout(signed, cols))
        A row of a tile of weights.
    i_load : In(groups)
        Its group, one-hot; 0 while there is none.
    i_write, i_write_index, i_write_word : In(...)
        Write ports of the parameter tables, see `ColumnLanes`.
    o_valid : Out(1)
        There is a row of results.
    o_last : Out(1)
        It has `i_control.last`.
    o_data : Out(ArrayLayout(signed, cols))
        The results.
    """

    def __init__(self, config, *, entries):
        self.config = config
        self.entries = entries
        self._lanes = ColumnLanes(config, entries=entries)
        members = self._lanes.signature.members
        super().__init__({
            "i_activation":  In(data.ArrayLayout(config.activation_shape, config.rows)),
            "i_first":       In(1),
            "i_control":     In(AccumulateControl(depth=config.depth, entries=entries)),
            "i_weight":      In(data.ArrayLayout(config.weight_shape, config.cols)),
            "i_load":        In(config.groups),
            **{name: members[name] for name in ("i_write", "i_write_index", "i_write_word")},
            **{name: members[name] for name in ("o_valid", "o_last", "o_data")},
        })

    @property
    def latency(self):
        """Cycles from a row of activations to its results."""
        array = SystolicArray.latency_of(self.config)
        return array + AccumulatorBank.OUTPUT_AFTER + self._lanes.latency

    def elaborate(self, platform):
        m = Module()
        config = self.config
        m.submodules.lanes = lanes = self._lanes
        array = place(m, platform, "array", lambda: SystolicArray(config), module="array")

        step = data.StructLayout({"activation": config.group_layout, "swap": 1})
        delays = [config.group_delay(g) for g in range(config.groups)]
        m.submodules.activation_skew = activations = Skew(
            step, lanes=config.groups, delays=delays)
        m.submodules.weight_skew = weights = Skew(config.weight_shape, lanes=config.cols)
        rows = Value.cast(self.i_activation)
        group_bits = config.group_layout.size
        for g in range(config.groups):
            m.d.comb += [
                Value.cast(activations.i[g].activation).eq(rows.word_select(g, group_bits)),
                activations.i[g].swap.eq(self.i_first),
                array.i_activation[g].eq(activations.o[g].activation),
                array.i_swap[g].eq(activations.o[g].swap),
            ]
        m.d.comb += [
            weights.i.eq(self.i_weight),
            array.i_weight.eq(weights.o),
            array.i_load.eq(self.i_load),
        ]
        self._accumulate(m, platform, array.o_sum)
        for name in ("i_write", "i_write_index", "i_write_word"):
            m.d.comb += getattr(lanes, name).eq(getattr(self, name))
        for name in ("o_valid", "o_last", "o_data"):
            m.d.comb += getattr(self, name).eq(getattr(lanes, name))
        return m

    def _accumulate(self, m, platform, sums):
        """Add the columns' accumulators between the sums and the lanes."""
        ahead = SystolicArray.latency_of(self.config) - AccumulatorBank.SUM_AFTER
        control = delayed(m, self.i_control, ahead, name="control")
        for c in range(self.config.cols):
            bank = place(
                m, platform, f"bank_{c}",
                lambda: AccumulatorBank(self.config, entries=self.entries), module="bank",
            )
            word = self._lanes.i_drained[c]
            m.d.comb += [
                bank.i_control.eq(control),
                bank.i_sum.eq(sums[c]),
                word.valid.eq(bank.o_valid),
                word.last.eq(bank.o_last),
                word.entry.eq(bank.o_entry),
                word.acc.eq(bank.o_acc),
            ]
            control = bank.o_control
