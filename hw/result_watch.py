"""Watches what goes through the requantizers, for counters."""

from amaranth.hdl import *
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.maximum import HighFirst, Maximum
from hw.pipeline import registered
from hw.place import place

__all__ = ["ResultEvents", "ResultWatch", "WatchedLane"]


class ResultEvents(data.StructLayout):
    """What happened in a cycle.

    Parameters
    ----------
    lanes : int
    accumulator_bits : int
    """

    def __init__(self, *, lanes, accumulator_bits):
        super().__init__({
            "under": range(lanes + 1),             # results that the clip raised
            "over":  range(lanes + 1),             # results that the clip lowered
            "tied":  range(lanes + 1),             # other results that were rounded from half way
            "peak":  HighFirst(accumulator_bits),  # the largest accumulator
        })


class WatchedLane(data.StructLayout):
    """What is seen of a lane.

    Parameters
    ----------
    accumulator_bits : int
    """

    def __init__(self, *, accumulator_bits):
        super().__init__({
            "acc_valid": 1,                         # an accumulator goes in
            "acc":       signed(accumulator_bits),  # that one
            "valid":     1,                         # a result comes out
            "under":     1,                         # the clip raised it
            "over":      1,                         # the clip lowered it
            "tied":      1,                         # neither, and it was rounded from half way
        })


class ResultWatch(wiring.Component):
    """Adds up over the lanes, from the left to the right, what happens in them.

    Each lane adds its own to what comes from the left and hands it on a cycle later. The largest
    accumulator is found in pairs. So what comes out in a cycle did not happen in the same one, but
    everything comes out once.

    `peak` is the largest of some accumulators as a number that grows with the magnitude: its lowest
    bit is the sign, and the bits above it are those of the accumulator, inverted if it is negative.
    The magnitude is the sum of both parts.

    No flow control, no reset. Latency is at most `latency` cycles; throughput one accumulator and
    one result of each lane per cycle.

    Parameters
    ----------
    lanes : int
        How many lanes.
    accumulator_bits : int
        Width of the accumulators.

    Members
    -------
    i : In(ArrayLayout(WatchedLane, lanes))
    o : Out(ResultEvents)
    """

    def __init__(self, *, lanes, accumulator_bits):
        self.lanes = lanes
        self.accumulator_bits = accumulator_bits
        lane = WatchedLane(accumulator_bits=accumulator_bits)
        super().__init__({
            "i": In(data.ArrayLayout(lane, lanes)),
            "o": Out(ResultEvents(lanes=lanes, accumulator_bits=accumulator_bits)),
        })

    @property
    def latency(self):
        """Cycles after which everything has come out: one a lane, or two a pair; and in front."""
        pairs = (self.lanes - 1).bit_length()
        return max(1 + self.lanes, 2 + 2 * pairs)

    def elaborate(self, platform):
        m = Module()

        sums = dict.fromkeys(("under", "over", "tied"), Const(0, 0))
        numbers = []
        for n in range(self.lanes):
            lane = registered(m, self.i[n], name=f"lane_{n}")
            for name, left in sums.items():
                total = left + (lane[name] & lane.valid)
                total = total[:(n + 1).bit_length()]
                sums[name] = registered(m, total, name=f"{name}_{n}")
            numbers.append(self._number(m, self.i[n], n))

        m.d.comb += [getattr(self.o, name).eq(total) for name, total in sums.items()]
        m.d.comb += self.o.peak.eq(self._largest(m, platform, numbers))
        return m

    def _largest(self, m, platform, numbers):
        """Return the largest of some numbers, each pair of which is far apart."""
        if len(numbers) == 1:
            return numbers[0]
        larger = []
        for n, pair in enumerate(zip(numbers[::2], numbers[1::2], strict=False)):
            name = f"largest_of_{len(numbers)}_{n}"
            maximum = place(
                m, platform, name, lambda: Maximum(width=self.accumulator_bits), module="maximum")
            for side, number in zip("ab", pair, strict=True):
                number = registered(m, number.as_value(), name=f"{name}_{side}")
                m.d.comb += getattr(maximum, side).eq(number)
            larger.append(maximum.o)
        return self._largest(m, platform, larger + numbers[2 * len(larger):])

    def _number(self, m, lane, n):
        """The accumulator a cycle ago as a number that grows with its magnitude, or 0 if none."""
        negative = lane.acc[-1]
        whole = Cat(negative, lane.acc[:-1] ^ negative.replicate(len(lane.acc) - 1))
        whole = registered(m, Mux(lane.acc_valid, whole, 0), name=f"whole_{n}")
        number = Signal(HighFirst(self.accumulator_bits), name=f"number_{n}")
        half = len(number.low)
        m.d.comb += [
            number.high.eq(whole[half:]),
            number.low.eq(registered(m, whole[:half], name=f"low_{n}")),
        ]
        return number
