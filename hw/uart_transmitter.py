"""Sends bytes over a serial line."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["UartTransmitter", "check_divisor"]

_FRAME = 10


def check_divisor(divisor):
    """Raise TypeError or ValueError unless a bit can have so many cycles."""
    if not isinstance(divisor, int) or isinstance(divisor, bool):
        raise TypeError(f"divisor must be an integer, not {divisor!r}")
    if not 4 <= divisor <= 65535:
        raise ValueError(f"divisor must be from 4 to 65535 cycles, not {divisor}")


class UartTransmitter(wiring.Component):
    """Sends bytes: a start bit, eight data bits from the lowest on, a stop bit and no parity.

    Throughput is one byte in the time of ten bits.

    Parameters
    ----------
    divisor : int
        Clock cycles of a bit, from 4 to 65535.

    Members
    -------
    i : In(stream.Signature(8))
    o_line : Out(1)
        A register; high while nothing is sent.
    """

    def __init__(self, *, divisor):
        check_divisor(divisor)
        self.divisor = divisor
        super().__init__({
            "i":      In(stream.Signature(8)),
            "o_line": Out(1, init=1),
        })

    def elaborate(self, platform):
        m = Module()
        # Between bytes the line is high since ones follow the stop bit.
        frame = Signal(_FRAME, init=(1 << _FRAME) - 1)
        cycle = Signal(range(self.divisor))
        left = Signal(range(_FRAME + 1))
        # Registers say what `cycle` and `left` are: nothing waits for a comparison.
        bit_ends, is_last, ready = Signal(), Signal(), Signal(init=1)
        m.d.comb += self.i.ready.eq(ready)
        m.d.sync += [
            self.o_line.eq(frame[0]),
            bit_ends.eq(cycle == 1),
            is_last.eq(left == 1),
        ]
        with m.If(self.i.valid & ready):
            m.d.sync += [
                frame.eq(Cat(C(0, 1), self.i.payload, C(1, 1))),
                left.eq(_FRAME), cycle.eq(self.divisor - 1), bit_ends.eq(0), ready.eq(0),
            ]
        with m.Else():
            m.d.sync += cycle.eq(Mux(bit_ends, self.divisor - 1, cycle - 1))
            with m.If(bit_ends):
                m.d.sync += [frame.eq(Cat(frame[1:], C(1, 1))), left.eq(left - 1)]
            with m.If(is_last & (cycle == 1)):
                m.d.sync += ready.eq(1)

        return m
