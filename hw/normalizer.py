"""Shifts a number left until its leading bit is significant, and counts how far."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.pipeline import named, registered

__all__ = ["Normalizer"]


class Normalizer(wiring.Component):
    """Moves the leading significant bit of a two's complement number next to the sign bit.

    `normalized = i << count`, where `count` is the number of bits below the sign bit that are
    equal to it without a break: 0 to `width - 1`. So `-2**(width-1) <= normalized < -2**(width-2)`
    or `2**(width-2) <= normalized < 2**(width-1)`, except that 0 stays 0.

    No flow control, no reset. Latency is 6 cycles; throughput one number per cycle.

    Parameters
    ----------
    width : int
        Width of the number, from 10 to 32.

    Members
    -------
    i : In(signed(width))
    normalized : Out(signed(width))
    count : Out(range(width))
        Not defined for 0.
    is_zero : Out(1)
        The number is 0.
    """

    LATENCY = 6

    def __init__(self, *, width):
        if not 10 <= width <= 32:
            raise ValueError(f"width of a normalizer must be from 10 to 32, not {width}")
        self.width = width
        super().__init__({
            "i":          In(signed(width)),
            "normalized": Out(signed(width)),
            "count":      Out(range(width)),
            "is_zero":    Out(1),
        })

    def elaborate(self, platform):
        m = Module()

        # Cycle 0: where does a bit differ from the one above it? Four bits a group, from the top.
        # Below the last bit stand ones, so that the search always ends.
        differs = named(m, self.i[1:] ^ self.i[:-1], name="differs")
        padded = Cat(Const(-1, -len(differs) % 4 + 4), differs)
        groups = [padded[top - 4:top] for top in range(len(padded), 3, -4)][:(self.width + 3) // 4]
        some = [named(m, group.any(), name=f"some_{n}") for n, group in enumerate(groups)]
        is_far = registered(m, ~Cat(some[:4]).any(), name="is_far")
        # There is one in the last group at the latest, so that is not looked at.
        some = [registered(m, bit, name=f"some_{n}_1") for n, bit in enumerate(some[:-1])]
        value = registered(m, self.i, name="value_1")

        # Cycles 1 to 3: shift by 16, 8 and 4, one a cycle, which takes half the LUTs of two.
        # Meanwhile, the first group with such a bit. Its number is the coarse part of the count.
        first = Signal(3, init=len(some))
        for n in reversed(range(len(some))):
            with m.If(some[n]):
                m.d.comb += first.eq(n)
        coarse = registered(m, first, name="coarse_2")
        value = registered(m, self._shifted(value, is_far, 16), name="value_2")
        value = registered(m, self._shifted(value, coarse[1], 8), name="value_3")
        coarse = registered(m, coarse, name="coarse_3")
        moved, still = value[-9:-4], value[-5:]
        place = Mux(coarse[0], self._leading_zeros(moved), self._leading_zeros(still))
        place = registered(m, place, name="place_4")
        value = registered(m, self._shifted(value, coarse[0], 4), name="value_4")
        coarse = registered(m, coarse, name="coarse_4")

        # Cycles 4 and 5: shift by 2 and 1.
        count = registered(m, Cat(place, coarse), name="count_5")
        value = registered(m, self._shifted(value, place[1], 2), name="value_5")
        value = registered(m, self._shifted(value, count[0], 1), name="value_6")
        m.d.comb += [
            self.normalized.eq(value),
            self.count.eq(registered(m, count, name="count_6")[:len(self.count)]),
            # Of any other number the two leading bits differ.
            self.is_zero.eq(~value[-1] & ~value[-2]),
        ]
        return m

    @staticmethod
    def _leading_zeros(bits):
        """How many of the bits below the first one are equal to it without a break, up to 3."""
        differs = bits[1:] ^ bits[:-1]
        return Mux(differs[3], C(0, 2), Mux(differs[2], C(1, 2), Mux(differs[1], C(2, 2), C(3, 2))))

    @staticmethod
    def _shifted(value, is_far, distance):
        """What is shifted out are copies of the sign, which stays."""
        moved = (value << distance)[:len(value)].as_signed()
        return Cat(Mux(is_far, moved, value)[:-1], value[-1]).as_signed()
