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
        cycle = Signal(range(self.divisor))
        left = Signal(range(_FRAME + 1))
        frame = Signal(_FRAME, reset_less=True)
        bit_ends = Signal()

        m.d.comb += [
            bit_ends.eq(cycle == 0),
            self.i.ready.eq((left == 0) | ((left == 1) & bit_ends)),
        ]
        m.d.sync += self.o_line.eq((left == 0) | frame[0])
        with m.If(self.i.valid & self.i.ready):
            m.d.sync += [
                frame.eq(Cat(C(0, 1), self.i.payload, C(1, 1))),
                left.eq(_FRAME),
                cycle.eq(self.divisor - 1),
            ]
        with m.Elif(left != 0):
            m.d.sync += cycle.eq(Mux(bit_ends, self.divisor - 1, cycle - 1))
            with m.If(bit_ends):
                m.d.sync += [frame.eq(frame >> 1), left.eq(left - 1)]

        return m
