"""Drains filled accumulator banks, at the pace of shared requantizers."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.accumulator_bank_pair import DrainControl
from hw.pipeline import registered
from hw.stock import Outlook, Stock

__all__ = ["Drainer"]


class Drainer(wiring.Component):
    """Lends the two accumulator banks to the launcher in turn, and drains what it has filled.

    A row is drained when its bank is written, requantizer parameters wait for its first row, there
    is room for its result, and the row before it was drained `lane_columns` cycles ago: then a
    requantizer gets one result a cycle, since results leave the columns from left to right.

    Latency from `i_filled` to `o_control` is `LATENCY` cycles; throughput one row in
    `lane_columns` cycles.

    Parameters
    ----------
    config : EngineConfig
        Sizes and formats.
    entries : int
        Entries of the requantizers' parameter tables.

    Members
    -------
    i_take_bank : In(1)
        A bank is going to be filled. Only while there is one in `o_bank`.
    o_bank : Out(Outlook())
        Of the banks to fill.
    i_pass : In(1)
        The pass that completes the bank is launched.
    i_rows_minus_1 : In(range(depth))
        Its rows, less one.
    i_filled : In(1)
        A bank, the oldest of those that are not, is written. Not before its `i_pass`.
    i_entry_loaded : In(1)
        Parameters wait in the requantizers' tables.
    i_entry : In(range(entries))
        Where they are.
    i_room : In(1)
        There is room for one more result.
    o_take_entry, o_take_room : Out(1)
        The parameters, the room are used now.
    o_control : Out(DrainControl)
        The row that is drained.
    """

    BANKS = 2
    LATENCY = 2

    def __init__(self, config, *, entries):
        self.config = config
        self.entries = entries
        super().__init__({
            "i_take_bank":    In(1),
            "o_bank":         Out(Outlook()),
            "i_pass":         In(1),
            "i_rows_minus_1": In(range(config.depth)),
            "i_filled":       In(1),
            "i_entry_loaded": In(1),
            "i_entry":        In(range(entries)),
            "i_room":         In(1),
            "o_take_entry":   Out(1),
            "o_take_room":    Out(1),
            "o_control":      Out(DrainControl(depth=config.depth, entries=entries)),
        })

    def elaborate(self, platform):
        m = Module()

        # Banks are filled and drained in turn, so one bit tells which. A bank that drains keeps its
        # number of rows until it is lent again.
        launched_bank = Signal()
        rows_minus_1 = Array(
            Signal(range(self.config.depth), name=f"rows_minus_1_{n}", reset_less=True)
            for n in range(self.BANKS)
        )
        with m.If(self.i_pass):
            m.d.sync += [
                rows_minus_1[launched_bank].eq(self.i_rows_minus_1),
                launched_bank.eq(~launched_bank),
            ]

        bank = Signal()
        row = Signal(range(self.config.depth))
        first = Signal(init=1)
        last = row == rows_minus_1[bank]
        pause = Signal(range(self.config.lane_columns))

        drained, emptied = Signal(), Signal()
        m.submodules.filled = filled = Stock(limit=self.BANKS)
        m.submodules.free = free = Stock(limit=self.BANKS, init=self.BANKS)
        ready = (pause == 0) & self.i_room & (~first | self.i_entry_loaded)
        m.d.comb += [
            drained.eq(filled.o_some & ready),
            emptied.eq(drained & last),
            filled.i_put.eq(self.i_filled),
            filled.i_take.eq(emptied),
            free.i_put.eq(emptied),
            free.i_take.eq(self.i_take_bank),
            self.o_bank.eq(free.o_early),
            self.o_take_entry.eq(drained & first),
            self.o_take_room.eq(drained),
        ]
        with m.If(drained):
            m.d.sync += [
                first.eq(last),
                row.eq(Mux(last, 0, row + 1)),
                pause.eq(self.config.lane_columns - 1),
            ]
        with m.Elif(pause != 0):
            m.d.sync += pause.eq(pause - 1)
        with m.If(emptied):
            m.d.sync += bank.eq(~bank)

        self._drain(m, drained, first, last, row, bank)
        return m

    def _drain(self, m, drained, first, last, row, bank):
        """Register what goes to the columns."""
        entry = Signal.like(self.i_entry)
        with m.If(self.o_take_entry):
            m.d.sync += entry.eq(self.i_entry)

        control = Signal(self.o_control.shape())
        m.d.comb += [
            control.valid.eq(drained),
            control.row.eq(row),
            control.bank.eq(bank),
            control.last.eq(last),
            control.entry.eq(Mux(first, self.i_entry, entry)),
            self.o_control.eq(registered(m, control, name="control")),
        ]
