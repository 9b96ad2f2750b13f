"""The requantizers behind the accumulators: from drained words to rows of results."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.column_mux import ColumnMux
from hw.parameter_loader import ParameterLoader
from hw.pipeline import delayed
from hw.place import place
from hw.requantizer_lane import RequantizerLane
from hw.result_watch import ResultEvents, ResultWatch
from hw.skew import Deskew

__all__ = ["ColumnLanes", "DrainedWord"]


class DrainedWord(data.StructLayout):
    """What a column's accumulators put out.

    Parameters
    ----------
    accumulator_bits : int
    entries : int
        Entries of the requantizers' parameter tables.
    """

    def __init__(self, *, accumulator_bits, entries):
        super().__init__({
            "valid": 1,                         # there is one
            "last":  1,                         # the last row of its pass
            "entry": range(entries),            # its requantizer parameters
            "acc":   signed(accumulator_bits),  # the word
        })


class ColumnLanes(wiring.Component):
    """Requantizes what the columns drain and puts the results of a row together.

    Column c drains a row c cycles after column 0. A lane serves `config.lane_columns` neighbouring
    columns in turn, so there are to be as many cycles between rows.

    No flow control. Latency is `latency` cycles from column 0 of a row to its results. A reset
    leaves rows under way, which come out for `latency` cycles behind it; `i_running` hides them.

    Parameters
    ----------
    config : EngineConfig
        Sizes, formats and requantization schemes.
    entries : int
        Entries of the parameter tables: for each the words of the columns of a lane.

    Members
    -------
    i_drained : In(ArrayLayout(DrainedWord, cols))
        What each column drains.
    i_write : In(lanes)
    i_write_index : In(...)
    i_write_word : In(ParameterWord layout)
        Write ports of the tables, see `ParameterLoader`.
    i_running : In(1)
        A row that is complete in the next cycle counts.
    o_valid : Out(1)
        There is a row of results.
    o_last : Out(1)
        There is one, and it is the last one of its pass.
    o_data : Out(ArrayLayout(signed, cols))
        The results.
    o_events : Out(ResultEvents)
        What happened in the lanes, at most `EVENTS_AFTER` cycles after the row of results. Only
        with `config.statistics`.
    """

    EVENTS_AFTER = 3

    def __init__(self, config, *, entries):
        self.config = config
        self.entries = entries
        self._table_words = ParameterLoader.table_words(config.lane_columns, entries)
        self._lane = self._make_lane()
        drained = DrainedWord(accumulator_bits=config.accumulator_bits, entries=entries)
        members = {
            "i_drained":     In(data.ArrayLayout(drained, config.cols)),
            "i_write":       In(config.lanes),
            "i_write_index": In(range(self._table_words)),
            "i_write_word":  In(self._lane.plan.word.layout),
            "i_running":     In(1),
            "o_valid":       Out(1),
            "o_last":        Out(1),
            "o_data":        Out(data.ArrayLayout(config.output_shape, config.cols)),
        }
        if config.statistics:
            members["o_events"] = Out(ResultEvents(**self._watched))
        super().__init__(members)

    @property
    def latency(self):
        """Cycles from what column 0 drains to the row of results."""
        return self._lane_latency + self.config.cols - 1

    @property
    def _watched(self):
        """Parameters of what watches the lanes."""
        return {"lanes": self.config.lanes, "accumulator_bits": self.config.accumulator_bits}

    @property
    def _lane_latency(self):
        """Cycles from what a column drains to its result."""
        share = self.config.lane_columns
        return self._lane.latency + (ColumnMux.latency_of(share) if share > 1 else 0)

    def elaborate(self, platform):
        m = Module()
        config = self.config

        m.submodules.deskew = deskew = Deskew(
            config.output_shape, lanes=config.cols, share=config.lane_columns
        )
        watch = None
        if config.statistics:
            m.submodules.watch = watch = ResultWatch(**self._watched)
            m.d.comb += self.o_events.eq(watch.o)
        for n in range(config.lanes):
            lane = place(
                m, platform, f"lane_{n}",
                self._make_lane if n else lambda: self._lane, module="lane",
            )
            first = n * config.lane_columns
            self._feed(m, platform, lane, n, self.i_drained[first:first + config.lane_columns])
            m.d.comb += [
                lane.write_en.eq(self.i_write[n]),
                lane.write_index.eq(self.i_write_index),
                lane.write_word.eq(self.i_write_word),
                deskew.i[n].eq(lane.o_value),
            ]
            if watch is not None:
                m.d.comb += [
                    watch.i[n].acc_valid.eq(lane.i_valid),
                    watch.i[n].acc.eq(lane.i_acc),
                    watch.i[n].valid.eq(lane.o_valid),
                    watch.i[n].under.eq(lane.o_under),
                    watch.i[n].over.eq(lane.o_over),
                    watch.i[n].tied.eq(lane.o_tied),
                ]

        # The last column completes a row.
        end = self.i_drained[config.cols - 1]
        done = delayed(m, Cat(end.valid, end.last), self._lane_latency - 1, name="done")
        m.d.sync += [
            self.o_valid.eq(done[0] & self.i_running),
            self.o_last.eq(done.all() & self.i_running),
        ]
        m.d.comb += self.o_data.eq(deskew.o)

        return m

    def _feed(self, m, platform, lane, n, drained):
        """Connect the columns of a lane to its input."""
        share = self.config.lane_columns
        if share == 1:
            m.d.comb += [
                lane.i_valid.eq(drained[0].valid),
                lane.i_index.eq(drained[0].entry),
                lane.i_acc.eq(drained[0].acc),
            ]
            return
        bits = len(lane.i_index) + len(lane.i_acc)
        mux = place(
            m, platform, f"mux_{n}",
            lambda: ColumnMux(width=bits, columns=share), module="column_mux",
        )
        for c in range(share):
            index = Cat(Const(c, range(share)), drained[c].entry)
            m.d.comb += [
                mux.i[c].eq(Cat(index, drained[c].acc)),
                mux.i_valid[c].eq(drained[c].valid),
            ]
        m.d.comb += [
            Cat(lane.i_index, lane.i_acc).eq(mux.o),
            lane.i_valid.eq(mux.o_valid),
        ]

    def _make_lane(self):
        return RequantizerLane(
            schemes=self.config.schemes,
            entries=self._table_words,
            out_format=self.config.output,
            acc_bits=self.config.accumulator_bits,
            multiplier_kind=self.config.multiplier.for_wide,
        )
