"""Launches rows of activations into the array."""

from amaranth.hdl import *
from amaranth.lib import data, enum, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.accumulator_bank import AccumulateControl
from hw.pass_buffer import Pass, PassBuffer
from hw.pipeline import named, registered
from hw.stock import Outlook

__all__ = ["Launcher", "StallCause"]


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


class Launcher(wiring.Component):
    """Pairs passes with rows of activations and launches a row when all that it needs is there.

    A row needs: the array flushed since reset; for the first row of a pass, its tile of weights,
    if the pass before it drained, a free accumulator bank, and, if the pass drains, an entry of
    requantizer parameters; in a pass that drains, room for its result behind the array; and that
    the accumulators it works on are written, which takes `AccumulatorBank.RECURRENCE` cycles.
    Nothing behind the launcher ever waits.

    With two accumulator banks, passes fill one up to a pass that drains, and the next one fills the
    other. Parameters and room are then a matter of the `Drainer`: tie their inputs to 1.

    Passes wait in a `PassBuffer`. One is taken from it `PASS_LATENCY` cycles before its first
    row, or with the last row of the one before it. What a row needs is looked at a cycle ahead,
    once for the case that a row is launched now, and once for the other: so a row waits only for
    itself, and whether it is launched, which drives much, is known early. A pass that begins and
    one that goes on are told apart all along.

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
    i_tile : In(Outlook())
        Tiles of weights that wait in the array.
    i_parameters : In(Outlook())
        Entries of the requantizers' tables in which parameters wait.
    i_entry : In(range(entries))
        The first of them.
    i_room : In(Outlook())
        Room for results.
    i_bank : In(Outlook())
        Accumulator banks to fill. Tie it to 1 where there is only one.
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
    PASS_LATENCY = 2

    def __init__(self, config, *, entries, flush):
        self.config = config
        self.flush = flush
        grouped = data.ArrayLayout(config.group_layout, config.groups)
        row = data.ArrayLayout(config.activation_shape, config.rows)
        control = AccumulateControl(depth=config.depth, entries=entries, banks=config.banks)
        super().__init__({
            "i_pass":           In(stream.Signature(Pass(depth=config.depth))),
            "i_activation":     In(stream.Signature(row)),
            "i_tile":           In(Outlook()),
            "i_parameters":     In(Outlook()),
            "i_entry":          In(range(entries)),
            "i_room":           In(Outlook()),
            "i_bank":           In(Outlook()),
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
        idle = Signal()  # running, and there is no pass
        self._run(m, idle)

        # The pass, and whether its next row is its first one and its last one.
        m.submodules.passes = passes = PassBuffer(depth=self.config.depth)
        wiring.connect(m, wiring.flipped(self.i_pass), passes.i)
        following = passes.o
        current = Signal(following.payload.shape(), reset_less=True)
        has = Signal()
        first = Signal()
        last = current.left[-1]
        row = Signal(range(self.config.depth))
        # A row goes if there is one: the first of its pass, or another.
        begins = Signal()
        goes_on = Signal()
        launch = named(m, (begins | goes_on) & self.i_activation.valid, name="launch")
        ends = named(m, launch & last, name="ends")
        m.d.comb += following.ready.eq(ends | idle | ~following.valid)
        with m.If(launch):
            m.d.sync += [
                first.eq(0), current.left.eq((current.left - 1)[:len(current.left)].as_signed()),
                row.eq(Mux(last, 0, row + 1)),
            ]
        with m.If(ends | idle):
            m.d.sync += [
                current.eq(following.payload), first.eq(1),
                has.eq(following.valid), idle.eq(~following.valid),
            ]
        new_bank = Signal(init=1)
        bank = Signal(range(self.config.banks))
        with m.If(ends):
            m.d.sync += new_bank.eq(current.drain)
        if self.config.banks > 1:
            with m.If(self.o_pass_end):
                m.d.sync += bank.eq(~bank)

        # A 1 for each cycle until the sums of the pass before are written; all are before it runs.
        wait = Signal.like(current.wait, reset_less=True)
        m.d.sync += wait.eq(Mux(ends, current.wait, wait >> 1))
        m.d.sync += Cat(begins, goes_on).eq(Mux(
            launch,
            self._after_row(current, following, first, last, new_bank),
            self._after_none(current, has, first, new_bank, wait),
        ))
        swap = named(m, begins & self.i_activation.valid, name="swap")
        m.d.comb += [
            self.i_activation.ready.eq(begins | goes_on),
            self.o_swap.eq(swap),
            self.o_take_entry.eq(swap & current.drain),
            self.o_take_room.eq(launch & current.drain),
            self.o_take_bank.eq(swap & new_bank),
            self.o_pass_end.eq(ends & current.drain),
            self.o_rows_minus_1.eq(current.rows_minus_1),
        ]
        self._tell_stall(m, current, has, first, new_bank, wait)
        self._launch(m, current, launch, first, last, row, bank)
        return m

    def _run(self, m, idle):
        """Run when all is flushed, without a pass."""
        flush = Signal(range(self.flush + 1), init=self.flush)
        with m.If(~self.o_running):
            m.d.sync += [
                flush.eq(flush - 1), self.o_running.eq(flush == 0), idle.eq(flush == 0),
            ]

    def _after_row(self, current, following, first, last, new_bank):
        """Return whether a row begins a pass or goes on with one behind one launched now."""
        def after(outlook, takes):
            return Mux(takes, outlook.if_taken, outlook.if_kept)

        # Only tiles of one row are loaded so fast that one pass begins right behind another.
        renews = first if self.config.rows == 1 else C(0, 1)
        begins = last & following.valid & self._may_begin(
            following.payload,
            tile=after(self.i_tile, first),
            parameters=after(self.i_parameters, renews & current.drain),
            room=after(self.i_room, current.drain),
            bank=after(self.i_bank, renews & new_bank) | ~current.drain,
            written=~current.wait[0],
        )
        goes_on = ~last & (self.i_room.if_taken | ~current.drain)
        return Cat(begins, goes_on)

    def _after_none(self, current, has, first, new_bank, wait):
        """Return whether a row begins a pass or goes on with one if none is launched now."""
        begins = has & first & self._may_begin(
            current,
            tile=self.i_tile.if_kept,
            parameters=self.i_parameters.if_kept,
            room=self.i_room.if_kept,
            bank=self.i_bank.if_kept | ~new_bank,
            written=~wait[1],
        )
        goes_on = has & ~first & (self.i_room.if_kept | ~current.drain)
        return Cat(begins, goes_on)

    @staticmethod
    def _may_begin(step, *, tile, parameters, room, bank, written):
        """Return whether the first row of a pass has what it needs."""
        return tile & bank & ((parameters & room) | ~step.drain) & (written | step.is_set)

    def _tell_stall(self, m, current, has, first, new_bank, wait):
        """Say what holds a row up, in the order in which StallCause names it."""
        # A pass is not looked at yet in the cycle after one in which there was none.
        has &= registered(m, has, name="seen")
        written = current.is_set | ~wait[0]
        obstacles = {
            StallCause.PASS:        ~has,
            StallCause.WEIGHTS:     first & ~self.i_tile.now,
            StallCause.BANK:        first & new_bank & ~self.i_bank.now,
            StallCause.PARAMETERS:  first & current.drain & ~self.i_parameters.now,
            StallCause.RECURRENCE:  first & ~written,
            StallCause.ROOM:        current.drain & ~self.i_room.now,
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
