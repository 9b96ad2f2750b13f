"""Words to bytes."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.packet import PACKET_WORD

__all__ = ["WordSplitter"]


class WordSplitter(wiring.Component):
    """Puts out the four bytes of each word, the lowest first.

    Latency is 0 cycles; throughput four bytes in five cycles: a word is given back in one of its
    own, by a register.

    Members
    -------
    i : In(stream.Signature(PACKET_WORD))
    o : Out(stream.Signature(8))
    """

    def __init__(self):
        super().__init__({
            "i": In(stream.Signature(PACKET_WORD)),
            "o": Out(stream.Signature(8)),
        })

    def elaborate(self, platform):
        m = Module()
        byte = Signal(2)
        done = Signal()
        bytes_ = Array(self.i.payload.data.word_select(number, 8) for number in range(4))
        m.d.comb += [
            self.o.valid.eq(self.i.valid & ~done),
            self.o.payload.eq(bytes_[byte]),
            self.i.ready.eq(done),
        ]
        m.d.sync += done.eq(self.o.valid & self.o.ready & (byte == 3))
        with m.If(self.o.valid & self.o.ready):
            m.d.sync += byte.eq(byte + 1)
        return m
