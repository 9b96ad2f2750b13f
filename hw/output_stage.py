"""The end of a requantizer: carry, zero point and clip."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.clip import Clip
from hw.pipeline import delayed, named, registered

__all__ = ["OutputStage"]


class OutputStage(wiring.Component):
    """`value = clip(floor + carry + zero_point, low, high)`, exact before the clip.

    Where `is_saturated`, `floor` counts as a number beyond both bounds, with the sign it has.

    No flow control, no reset. Latency is 3 cycles; throughput one value per cycle.

    Parameters
    ----------
    width : int
        Width of the output, 1 or more. `floor` has two bits more.

    Members
    -------
    floor : In(signed(width + 2))
    carry : In(1)
    is_saturated : In(1)
    is_tie : In(1)
        `floor + carry` was rounded from half way.
    zero_point : In(signed(width))
    low, high : In(signed(width))
        Taken `CLIP_STAGE` cycles after `floor`.
    value : Out(signed(width))
    under, over : Out(1)
        The clip changed the value, from below `low`, from above `high`.
    tied : Out(1)
        It did not, and `is_tie`.
    """

    CLIP_STAGE = 1
    LATENCY = CLIP_STAGE + Clip.LATENCY

    def __init__(self, *, width):
        self.width = width
        super().__init__({
            "floor":        In(signed(width + 2)),
            "carry":        In(1),
            "is_saturated": In(1),
            "is_tie":       In(1),
            "zero_point":   In(signed(width)),
            "low":          In(signed(width)),
            "high":         In(signed(width)),
            "value":        Out(signed(width)),
            "under":        Out(1),
            "over":         Out(1),
            "tied":         Out(1),
        })

    def elaborate(self, platform):
        m = Module()
        m.submodules.clip = clip = Clip(in_width=self.width + 4, width=self.width)

        # One adder: the carry enters it as the sum of two more bits at its low end.
        floor, zero_point = (
            Cat(self.carry, term).as_signed() for term in (self.floor, self.zero_point))
        total = named(m, (floor + zero_point)[1:].as_signed(), name="sum")

        # The sum has a bit to spare; one more, and the two leading bits alone put it past a bound.
        negative = self.floor[-1]
        leading = Mux(self.is_saturated, Cat(~negative, negative), total[-1].replicate(2))
        total = Cat(total[:-1], leading).as_signed()
        is_tie = delayed(m, self.is_tie, self.LATENCY, name="is_tie")
        m.d.comb += [
            clip.i.eq(registered(m, total, name="total")),
            clip.low.eq(self.low),
            clip.high.eq(self.high),
            self.value.eq(clip.o),
            self.under.eq(clip.under),
            self.over.eq(clip.over),
            self.tied.eq(is_tie & ~clip.under & ~clip.over),
        ]
        return m
