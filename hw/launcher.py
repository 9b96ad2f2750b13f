"""Launches rows of activations into the array."""

from amaranth.hdl import *
from amaranth.lib import data, enum, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.accumulator_bank import AccumulateControl, AccumulatorBank
from hw.instruction import AccumulateOperation
from hw.pipeline import registered

__all__ = ["Launcher", "Pass", "StallCause"]


class StallCause(enum.Enum, shape=3):
    """Why no row is launched; the first that holds."""

    NONE = 0
    """A row is launched."""
    PASS = 1
    """There is no pass, or the array is not flushed."""
    WEIGHTS = 2
    """The pass has no weights yet."""
    BANK = 3
    """Both accumulator banks are still filled."""
    PARAMETERS = 4
    """The results will have no requantizer parameters yet."""
    RECURRENCE = 5
    """The accumulators are not written yet."""
    ROOM = 6
    """There is no room for the result."""
    ACTIVATIONS = 7
    """There are no activations."""


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


class Launcher(wiring.Component):
    """Pairs passes with rows of activations and launches a row when all that it needs is there.

    A row needs: the array flushed since reset; for the first row of a pass, its tile of weights,
    if the pass before it drained, a free accumulator bank, and, if the pass drains, an entry of
    requantizer parameters; in a pass that drains, room for its result behind the array; and that
    the accumulators it works on are written, which takes `AccumulatorBank.RECURRENCE` cycles.
    Nothing behind the launcher ever waits.

    With two accumulator banks, passes fill one up to a pass that drains, and the next one fills the
    other. Parameters and room are then a matter of the `Drainer`: tie their inputs to 1.

    A pass is taken `PASS_LATENCY` cycles before its first row, or with the last row of the one
    before it. What it needs is looked at a cycle ahead, so that a row waits only for itself and for
    room: `launch` drives much, and would be late otherwise.

    Latency is `LATENCY` cycles; throughput one row per cycle, with no bubble between passes.

    Parameters
    ----------
    config : EngineConfig
        Sizes and formats.
    entries : int
        Entries of the requantizers' parameter tables.
    flush : int
        Cycles after reset until nothing launched before it is left in the array.

    Members
    -------
    i_pass : In(stream.Signature(Pass))
        What to do with the rows that follow.
    i_activation : In(stream.Signature(ArrayLayout(signed, rows)))
        Rows of activations.
    i_weights_loaded : In(1)
        A tile of weights waits in the array.
    i_entry_loaded : In(1)
        Parameters wait in the requantizers' tables.
    i_entry : In(range(entries))
        Where they are.
    i_room : In(1)
        There is room for one more result.
    i_bank_free : In(1)
        There is an accumulator bank to fill. Tie it to 1 where there is only one.
    i_weights_will_be_loaded, i_entry_will_be_loaded, i_bank_will_be_free : In(1)
        What these inputs are in the next cycle.
    o_swap, o_take_entry, o_take_room, o_take_bank : Out(1)
        The tile, the parameters, the room, the bank are used now.
    o_pass_end : Out(1)
        The last row of a pass that drains is launched now: it is row `o_rows_minus_1`.
    o_rows_minus_1 : Out(range(depth))
        Rows of the pass, less one.
    o_stall : Out(StallCause)
        Why no row was launched a cycle ago.
    o_running : Out(1)
        The array is flushed.
    o_activation : Out(ArrayLayout(ArrayLayout(signed, group), groups))
        A row of activations.
    o_first : Out(1)
        It is the first one of a pass.
    o_control : Out(AccumulateControl)
        What is done with its sums.
    """

    LATENCY = 1
    PASS_LATENCY = 1

    def __init__(self, config, *, entries, flush):
        self.config = config
        self.flush = flush
        grouped = data.ArrayLayout(config.group_layout, config.groups)
        row = data.ArrayLayout(config.activation_shape, config.rows)
        control = AccumulateControl(depth=config.depth, entries=entries, banks=config.banks)
        super().__init__({
            "i_pass":           In(stream.Signature(Pass(depth=config.depth))),
            "i_activation":     In(stream.Signature(row)),
            "i_weights_loaded": In(1),
            "i_entry_loaded":   In(1),
            "i_entry":          In(range(entries)),
            "i_room":           In(1),
            "i_bank_free":      In(1),
            "i_weights_will_be_loaded": In(1),
            "i_entry_will_be_loaded":   In(1),
            "i_bank_will_be_free":      In(1),
            "o_swap":           Out(1),
            "o_take_entry":     Out(1),
            "o_take_room":      Out(1),
            "o_take_bank":      Out(1),
            "o_pass_end":       Out(1),
            "o_rows_minus_1":   Out(range(config.depth)),
            "o_stall":          Out(StallCause),
            "o_running":        Out(1),
            "o_activation":     Out(grouped),
            "o_first":          Out(1),
            "o_control":        Out(control),
        })

    def elaborate(self, platform):
        m = Module()

        flush = Signal(range(self.flush + 1), init=self.flush)
        with m.If(~self.o_running):
            m.d.sync += [flush.eq(flush - 1), self.o_running.eq(flush == 0)]

        # The pass, and whether its next row is its first one and its last one.
        current = Signal(self.i_pass.payload.shape(), reset_less=True)
        has, first = Signal(), Signal()
        left = Signal(signed(len(current.rows_minus_1) + 1), reset_less=True)
        last = left[-1]
        row = Signal(range(self.config.depth))
        launch, ends, goes = Signal(), Signal(), Signal()
        following = self.i_pass.payload
        m.d.comb += [
            ends.eq(launch & last),
            self.i_pass.ready.eq(ends | ~has),
        ]
        with m.If(launch):
            m.d.sync += [
                first.eq(0), left.eq((left - 1)[:len(left)].as_signed()),
                row.eq(Mux(last, 0, row + 1)),
            ]
        with m.If(self.i_pass.ready):
            m.d.sync += [
                current.eq(following), has.eq(self.i_pass.valid), first.eq(1),
                left.eq((following.rows_minus_1 - 1)[:len(left)].as_signed()),
            ]
        new_bank = Signal(init=1)
        bank = Signal(range(self.config.banks))
        with m.If(ends):
            m.d.sync += new_bank.eq(current.drain)
        if self.config.banks > 1:
            with m.If(self.o_pass_end):
                m.d.sync += bank.eq(~bank)

        wait, will_be_written = self._wait(m, current, ends)
        m.d.sync += goes.eq(self._will_go(
            following, current, has, first & ~launch, Mux(ends, current.drain, new_bank),
            will_be_written))
        m.d.comb += [
            launch.eq(goes & self.i_activation.valid & (self.i_room | ~current.drain)),
            self.i_activation.ready.eq(goes & (self.i_room | ~current.drain)),
            self.o_swap.eq(launch & first),
            self.o_take_entry.eq(launch & first & current.drain),
            self.o_take_room.eq(launch & current.drain),
            self.o_take_bank.eq(launch & first & new_bank),
            self.o_pass_end.eq(ends & current.drain),
            self.o_rows_minus_1.eq(current.rows_minus_1),
        ]
        self._tell_stall(m, current, has, first, new_bank, wait)
        self._launch(m, current, launch, first, last, row, bank)
        return m

    def _wait(self, m, current, ends):
        """Count how long the first row of a pass must wait for the sums of the pass before it.

        Return the count, which is 0 when they are written, and whether it is 0 in the next cycle.
        """
        longest = AccumulatorBank.RECURRENCE - 1
        wait = Signal(range(longest + 1))
        short = current.rows_minus_1 < longest
        with m.If(ends):
            idle = Mux(short, longest - current.rows_minus_1, 0)
            m.d.sync += wait.eq(idle[:len(wait)])
        with m.Elif(wait != 0):
            m.d.sync += wait.eq(wait - 1)
        return wait, Mux(ends, ~short, wait <= 1)

    def _will_go(self, following, current, has, still_first, new_bank, will_be_written):
        """Return whether the next row, in the next cycle, needs nothing but itself and room."""
        def may_begin(step):
            return (
                self.i_weights_will_be_loaded
                & (self.i_bank_will_be_free | ~new_bank)
                & (self.i_entry_will_be_loaded | ~step.drain)
                & (will_be_written | (step.operation == AccumulateOperation.SET))
            )
        return self.o_running & Mux(
            self.i_pass.ready,
            self.i_pass.valid & may_begin(following),
            has & (may_begin(current) | ~still_first),
        )

    def _tell_stall(self, m, current, has, first, new_bank, wait):
        """Say what holds a row up, in the order in which StallCause names it."""
        written = (current.operation == AccumulateOperation.SET) | (wait == 0)
        obstacles = {
            StallCause.PASS:        ~self.o_running | ~has,
            StallCause.WEIGHTS:     first & ~self.i_weights_loaded,
            StallCause.BANK:        first & new_bank & ~self.i_bank_free,
            StallCause.PARAMETERS:  first & current.drain & ~self.i_entry_loaded,
            StallCause.RECURRENCE:  first & ~written,
            StallCause.ROOM:        current.drain & ~self.i_room,
            StallCause.ACTIVATIONS: ~self.i_activation.valid,
        }
        m.d.comb += self.o_stall.eq(StallCause.NONE)
        for cause, holds in reversed(obstacles.items()):
            held = registered(m, holds, name=f"held_{cause.name.lower()}")
            with m.If(held):
                m.d.comb += self.o_stall.eq(cause)

    def _launch(self, m, current, launch, first, last, row, bank):
        """Register what goes to the array: the row, and what travels with it."""
        entry = Signal.like(self.i_entry)
        with m.If(self.o_take_entry):
            m.d.sync += entry.eq(self.i_entry)

        control = Signal(self.o_control.shape())
        m.d.comb += [
            control.valid.eq(launch),
            control.row.eq(row),
            control.bank.eq(bank),
            control.operation.eq(current.operation),
            control.drain.eq(current.drain),
            control.last.eq(last),
            control.entry.eq(Mux(first, self.i_entry, entry)),
            self.o_control.eq(registered(m, control, name="control")),
            self.o_first.eq(registered(m, self.o_swap, name="first_right")),
            self.o_activation.eq(registered(m, self.i_activation.payload, name="activation")),
        ]
