"""The link over a serial line."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.host_port import HostPort
from hw.link import Link
from hw.packet_framer import PacketFramer, check_gap
from hw.pipeline import registered
from hw.uart_receiver import UartReceiver
from hw.uart_transmitter import UartTransmitter, check_divisor
from hw.word_splitter import WordSplitter

__all__ = ["UartLink"]

_GAP_BITS = 10_000


class UartLink(wiring.Component):
    """`Link` with a serial line: bytes of eight bits, no parity, one stop bit.

    Parameters
    ----------
    divisor : int
        Clock cycles of a bit, from 4 to 65535.
    gap : int or None
        Cycles without a byte after which a packet that was begun is given up. None takes a
        thousand bytes' time: more than the pauses of a USB adapter.
    buffered : bool
        See `Link`.

    Members
    -------
    i_rx : In(1)
    o_tx : Out(1)
    host : Out(HostPort())
        To the core.
    """

    def __init__(self, *, divisor, gap=None, buffered=True):
        check_divisor(divisor)
        self.buffered = buffered
        self.divisor = divisor
        self.gap = _GAP_BITS * divisor if gap is None else gap
        check_gap(self.gap)
        super().__init__({
            "i_rx": In(1, init=1),
            "o_tx": Out(1, init=1),
            "host": Out(HostPort()),
        })

    def elaborate(self, platform):
        m = Module()
        m.submodules.receiver = receiver = UartReceiver(divisor=self.divisor)
        m.submodules.framer = framer = PacketFramer(gap=self.gap)
        m.submodules.link = link = Link(crc_width=8, buffered=self.buffered)
        m.submodules.splitter = splitter = WordSplitter()
        m.submodules.transmitter = transmitter = UartTransmitter(divisor=self.divisor)

        m.d.comb += [receiver.i_line.eq(self.i_rx), self.o_tx.eq(transmitter.o_line)]
        m.d.comb += framer.i.payload.eq(registered(m, receiver.o.payload, name="byte"))
        m.d.sync += framer.i.valid.eq(receiver.o.valid)
        if self.buffered:
            self._connect_far(m, framer.o, link.i)
        else:
            wiring.connect(m, framer.o, link.i)
        wiring.connect(m, link.o, splitter.i)
        wiring.connect(m, splitter.o, transmitter.i)
        wiring.connect(m, link.host, wiring.flipped(self.host))

        return m

    @staticmethod
    def _connect_far(m, source, sink):
        """Connect two streams by a register, which takes a word in every other cycle."""
        word = Signal(source.payload.shape(), name="far_word", reset_less=True)
        with m.If(sink.valid):
            m.d.sync += sink.valid.eq(~sink.ready)
        with m.Else():
            m.d.sync += [word.eq(source.payload), sink.valid.eq(source.valid)]
        m.d.comb += [sink.payload.eq(word), source.ready.eq(~sink.valid)]
