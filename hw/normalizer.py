"""Shifts a number left until its leading bit is significant, and counts how far."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.pipeline import delayed, named, registered

__all__ = ["Normalizer"]


class Normalizer(wiring.Component):
    """Moves the leading significant bit of a two's complement number next to the sign bit.

    `normalized = i << count`, where `count` is the number of bits below the sign bit that are
    equal to it without a break: 0 to `width - 1`. So `-2**(width-1) <= normalized < -2**(width-2)`
    or `2**(width-2) <= normalized < 2**(width-1)`, except that 0 stays 0.

    No flow control, no reset. Latency is 5 cycles; throughput one number per cycle.

    Parameters
    ----------
    width : int
        Width of the number, from 4 to 32.

    Members
    -------
    i : In(signed(width))
    normalized : Out(signed(width))
    count : Out(range(width))
    is_zero : Out(1)
        The number is 0.
    """

    LATENCY = 5

    def __init__(self, *, width):
        if not 4 <= width <= 32:
            raise ValueError(f"width of a normalizer must be from 4 to 32, not {width}")
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
        some = [registered(m, group.any(), name=f"some_{n}") for n, group in enumerate(groups)]
        places = [registered(m, self._leading_zeros(group), name=f"place_{n}")
                  for n, group in enumerate(groups)]
        value = delayed(m, self.i, 2, name="value")

        # Cycle 1: the first group with such a bit. Its number is the coarse part of the count.
        first = Signal(3)
        for n in reversed(range(len(groups))):
            with m.If(some[n]):
                m.d.comb += first.eq(n)
        coarse = registered(m, first, name="coarse")
        places = [registered(m, place, name=f"place_{n}_2") for n, place in enumerate(places)]

        # Cycles 2 to 4: the place within the group; shift by 16 and 8, by 4 and 2, by 1.
        count = registered(m, Cat(Array(places)[coarse], coarse), name="count_3")
        value = registered(m, self._shifted(value, Cat(C(0, 3), coarse[1:])), name="value_3")
        value = registered(m, self._shifted(value, Cat(C(0, 1), count[1:3])), name="value_4")
        count = registered(m, count, name="count_4")
        value = registered(m, self._shifted(value, count[0]), name="value_5")
        m.d.comb += [
            self.normalized.eq(value),
            self.count.eq(registered(m, count, name="count_5")[:len(self.count)]),
            # Of any other number the two leading bits differ.
            self.is_zero.eq(~value[-1] & ~value[-2]),
        ]
        return m

    @staticmethod
    def _leading_zeros(group):
        """Leading zeros of four bits of which one at least is set."""
        return Mux(group[3], C(0, 2), Mux(group[2], C(1, 2), Mux(group[1], C(2, 2), C(3, 2))))

    def _shifted(self, value, distance):
        """`value` shifted left and kept to its width."""
        return (value << distance)[:self.width].as_signed()
