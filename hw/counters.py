"""The counters of an accelerator."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.launcher import StallCause
from hw.maximum import Maximum
from hw.pipeline import delayed, registered

__all__ = ["Counters"]

_BITS = 32
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
    o : Out(StructLayout)
        The counters, by the names of `register_map.COUNTERS`.
    """

    LATENCY = 4
    NAMES = (
        "cycles", "passes", *_STALLS, "stalls_activations", "stalls_outputs", "saturated_low",
        "saturated_high", "ties", "largest",
    )

    def __init__(self, events):
        super().__init__({
            "i_events":  In(events),
            "i_running": In(1),
            "i_waiting": In(1),
            "i_clear":   In(1),
            "o":         Out(data.StructLayout(dict.fromkeys(self.NAMES, _BITS))),
        })

    def elaborate(self, platform):
        m = Module()
        events = registered(m, self.i_events, name="events")
        # The engine tells of a cycle without a row in the cycle after it.
        waiting = delayed(m, self.i_waiting, 2, name="waiting")
        without = events.stall == StallCause.ACTIVATIONS
        increments = {
            "cycles":             self.i_running,
            "passes":             events.started,
            "stalls_activations": without & ~waiting,
            "stalls_outputs":     without & waiting,
            "saturated_low":      events.results.under,
            "saturated_high":     events.results.over,
            "ties":               events.results.tied,
        }
        for name, causes in _STALLS.items():
            increments[name] = Cat(events.stall == cause for cause in causes).any()
        for name, increment in increments.items():
            counter = self.o[name]
            with m.If(self.i_clear):
                m.d.sync += counter.eq(0)
            with m.Else():
                m.d.sync += counter.eq((counter + increment)[:_BITS])

        self._keep_largest(m, events.results.peak)
        return m

    def _keep_largest(self, m, peak):
        """Compare every peak with the largest one so far, a half at a time."""
        m.submodules.maximum = maximum = Maximum(width=len(peak.as_value()))
        cleared = registered(m, self.i_clear, name="cleared")
        # The low half comes a cycle later, and is cleared a cycle later.
        m.d.comb += [
            maximum.a.high.eq(Mux(self.i_clear, 0, peak.high)),
            maximum.b.high.eq(Mux(self.i_clear, 0, maximum.o.high)),
            maximum.a.low.eq(Mux(cleared, 0, peak.low)),
            maximum.b.low.eq(Mux(cleared, 0, maximum.o.low)),
        ]
        sign, magnitude = maximum.o.low[0], Cat(maximum.o.low[1:], maximum.o.high)
        m.d.sync += self.o.largest.eq(magnitude + sign)
