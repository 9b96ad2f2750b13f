"""Receives bytes from a serial line."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.cdc import FFSynchronizer
from amaranth.lib.wiring import In, Out

from hw.packet import BYTES
from hw.uart_transmitter import check_divisor

__all__ = ["UartReceiver"]


class UartReceiver(wiring.Component):
    """Puts out the bytes of a serial line.

    A byte has a start bit, eight data bits from the lowest on, a stop bit and no parity. A bit is
    sampled in its middle, so the sender's clock may differ by up to 4 % at 16 cycles a bit. A byte
    without a stop bit is dropped, and the next one begins when the line was high again.

    Parameters
    ----------
    divisor : int
        Clock cycles of a bit, from 4 to 65535.

    Members
    -------
    i_line : In(1)
        Asynchronous; high while nothing is sent.
    o : Out(BYTES)
    """

    def __init__(self, *, divisor):
        check_divisor(divisor)
        self.divisor = divisor
        super().__init__({
            "i_line": In(1, init=1),
            "o":      Out(BYTES),
        })

    def elaborate(self, platform):
        m = Module()
        line = Signal(init=1)
        # One stage stands at the pin, one on the way, and one here.
        m.submodules.synchronizer = FFSynchronizer(self.i_line, line, init=1, stages=3)

        cycle = Signal(range(self.divisor))
        bit = Signal(range(8))
        byte = Signal(8, reset_less=True)
        sample = Signal()
        m.d.comb += self.o.payload.eq(byte)
        m.d.sync += [
            cycle.eq(Mux(sample, self.divisor - 1, cycle - 1)),
            sample.eq(cycle == 1),
        ]

        with m.FSM():
            with m.State("IDLE"), m.If(~line):
                m.d.sync += [cycle.eq(self.divisor // 2 - 1), sample.eq(0)]
                m.next = "START"
            with m.State("START"), m.If(sample):
                m.d.sync += bit.eq(0)
                m.next = "DATA"
                with m.If(line):
                    m.next = "IDLE"
            with m.State("DATA"), m.If(sample):
                m.d.sync += [byte.eq(Cat(byte[1:], line)), bit.eq(bit + 1)]
                with m.If(bit == 7):
                    m.next = "STOP"
            with m.State("STOP"), m.If(sample):
                m.d.comb += self.o.valid.eq(line)
                m.next = "RELEASE"
                with m.If(line):
                    m.next = "IDLE"
            with m.State("RELEASE"), m.If(line):
                m.next = "IDLE"

        return m
