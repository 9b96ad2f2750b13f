"""The counters of an accelerator."""

from functools import reduce
from operator import or_

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hw.launcher import StallCause
from hw.maximum import Maximum
from hw.pipeline import delayed, registered
from hw.register_map import COUNTERS

__all__ = ["Counters"]

_BITS = 32
_TOGETHER = 4  # counters among which a cycle chooses
_STALLS = {
    "stalls_weights":    (StallCause.WEIGHTS,),
    "stalls_parameters": (StallCause.PARAMETERS,),
    "stalls_room":       (StallCause.ROOM, StallCause.BANK),
    "stalls_recurrence": (StallCause.RECURRENCE,),
}


class Counters(wiring.Component):
    """Counts what happens in a run: 32 bits each, wrapping.

    A cycle without activations counts as `stalls_outputs` while the activation reader waits for
    earlier outputs, and else as `stalls_activations`. Cycles without a pass are not stalls.

    The counters stand in a memory and come by in turn, one a cycle. What a counter has counted
    since its last turn, which is little, is in a few bits of its own and is added then.

    Latency from an event to its counter is at most `LATENCY` cycles; throughput one of each per
    cycle.

    Parameters
    ----------
    events : EngineEvents
        Layout of what an engine tells.

    Members
    -------
    i_events : In(EngineEvents)
        What happened in the engine.
    i_running : In(1)
        There is a cycle to count.
    i_waiting : In(1)
        The activation reader waits for earlier outputs.
    i_clear : In(1)
        All counters become 0, whatever happens.
    o_index : Out(range(len(NAMES)))
        The counter that comes by.
    o : Out(32)
        The counter that came by `LATE` cycles before, with all events up to then.
    """

    LATENCY = 5
    LATE = 3
    """Cycles from a counter's turn until it comes out."""

    NAMES = COUNTERS
    """In the order of their registers; the last one is `largest`."""

    def __init__(self, events):
        super().__init__({
            "i_events":  In(events),
            "i_running": In(1),
            "i_waiting": In(1),
            "i_clear":   In(1),
            "o_index":   Out(range(len(self.NAMES))),
            "o":         Out(_BITS),
        })

    def elaborate(self, platform):
        m = Module()
        # A reset clears as well, from here: no counter waits for one that is far away.
        clear = Signal(init=1)
        m.d.sync += clear.eq(self.i_clear)
        events = registered(m, self.i_events, name="events")
        # The engine tells of a cycle without a row in the cycle after it.
        waiting = delayed(m, self.i_waiting, 2, name="waiting")
        without = events.stall == StallCause.ACTIVATIONS
        stalls = {
            "stalls_activations": without & ~waiting,
            "stalls_outputs":     without & waiting,
        }
        for name, causes in _STALLS.items():
            stalls[name] = Cat(events.stall == cause for cause in causes).any()
        increments = {
            "cycles":         registered(m, self.i_running, name="running"),
            "passes":         events.started,
            "saturated_low":  events.results.under,
            "saturated_high": events.results.over,
            "ties":           events.results.tied,
        } | {name: registered(m, stall, name=f"one_{name}") for name, stall in stalls.items()}

        last = len(self.NAMES) - 1
        turn = Signal(len(self.NAMES), init=1)
        with m.If(clear | turn[last]):
            m.d.sync += [self.o_index.eq(0), turn.eq(1)]
        with m.Else():
            m.d.sync += [self.o_index.eq(self.o_index + 1), turn.eq(turn << 1)]
        counted = self._count(m, clear, increments, turn)
        largest = self._largest(m, clear, events.results.peak)
        m.d.comb += self.o.eq(self._total(m, clear, counted, largest))
        return m

    def _count(self, m, clear, increments, turn):
        """Count between turns, and return what a counter had counted at its turn 2 cycles ago."""
        recent = []
        for name, one in increments.items():
            most = len(self.NAMES) * ((1 << len(one)) - 1)
            count = Signal(range(most + 1), name=name, reset_less=True)
            its_turn = turn[self.NAMES.index(name)]
            with m.If(clear):
                m.d.sync += count.eq(0)
            with m.Elif(its_turn):
                m.d.sync += count.eq(one)
            with m.Else():
                m.d.sync += count.eq((count + one)[:len(count)])
            recent.append(Mux(its_turn, count, 0))
        some = [
            registered(m, reduce(or_, recent[n:n + _TOGETHER]), name=f"counted_{n}")
            for n in range(0, len(recent), _TOGETHER)
        ]
        return registered(m, reduce(or_, some), name="counted")

    def _total(self, m, clear, counted, largest):
        """Return the counter whose turn was `LATE` cycles ago, having put it back."""
        last = len(self.NAMES) - 1
        m.submodules.totals = totals = Memory(shape=_BITS, depth=last, init=[])
        write, read = totals.write_port(), totals.read_port()

        # In the first round every counter begins with 0, whatever the memory holds.
        first = Signal(init=1)
        with m.If(clear):
            m.d.sync += first.eq(1)
        with m.Elif(self.o_index == last):
            m.d.sync += first.eq(0)

        # The last one is no sum and not in the memory: nothing is added to it.
        is_largest = registered(m, self.o_index == last, name="is_largest")
        before = Mux(registered(m, first | clear, name="was_first"), 0, read.data)
        before = registered(m, Mux(is_largest, largest, before), name="before")
        total = registered(m, (before + counted)[:_BITS], name="total")
        m.d.comb += [
            read.addr.eq(self.o_index),
            write.addr.eq(delayed(m, self.o_index, self.LATE, name="index")),
            write.data.eq(total),
            write.en.eq(delayed(m, ~is_largest, self.LATE - 1, name="is_sum")),
        ]
        return total

    def _largest(self, m, clear, peak):
        """Compare every peak with the largest one so far, a half at a time, and return that."""
        m.submodules.maximum = maximum = Maximum(width=len(peak.as_value()))
        m.d.comb += [
            maximum.a.eq(peak),
            maximum.b.eq(maximum.o),
            maximum.clear.eq(registered(m, clear, name="clears")),
        ]
        sign, magnitude = maximum.o.low[0], Cat(maximum.o.low[1:], maximum.o.high)
        return registered(m, magnitude + sign, name="largest")
