"""Array, accumulators and requantizers that nothing stalls: what is done in a cycle is given."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In

from hw.accumulator_bank import AccumulateControl, AccumulatorBank
from hw.array_wiring import add_array, add_banks
from hw.column_lanes import ColumnLanes
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
        rows = data.View(
            data.ArrayLayout(config.group_layout, config.groups), Value.cast(self.i_activation))
        m.submodules.weight_skew = weights = Skew(config.weight_shape, lanes=config.cols)
        m.d.comb += weights.i.eq(self.i_weight)
        sums = add_array(
            m, platform, config,
            activation=rows, first=self.i_first, weight=weights.o, load=self.i_load,
        )
        add_banks(
            m, platform, config,
            entries=self.entries, control=self.i_control, sums=sums, drained=lanes.i_drained,
        )
        for name in ("i_write", "i_write_index", "i_write_word"):
            m.d.comb += getattr(lanes, name).eq(getattr(self, name))
        m.d.comb += lanes.i_running.eq(1)
        for name in ("o_valid", "o_last", "o_data"):
            m.d.comb += getattr(self, name).eq(getattr(lanes, name))
        return m
