"""Sends packets: header, payload, CRC."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.packet import PACKET, PACKET_WORD
from hw.packet_crc import CRC_PORT, PacketCrc

__all__ = ["PacketSender"]


class PacketSender(wiring.Component):
    """Puts out a header, as many words of a payload as its length says, and the CRC of all.

    The header must stay until it is taken, which is a cycle after the CRC is on its way.

    Latency is `LATENCY` cycles from a header to its first word, and `CRC_AFTER` from the last word
    before the CRC to it with a CRC of a word a cycle; throughput that of the CRC, and
    with `waits` a cycle more for each word.

    Parameters
    ----------
    waits : bool
        A word comes when the one before it is gone, and not while it goes: where the CRC takes some
        cycles a word, less has to be known at once.

    Members
    -------
    i : In(stream.Signature(PACKET.layout))
    i_payload : In(stream.Signature(32))
        The words of the payload.
    o : Out(stream.Signature(PACKET_WORD))
    o_reads : Out(1)
        The words of the payload are wanted, as many as the header's length says.
    crc : Out(CRC_PORT)
        To a `PacketCrc`.
    """

    LATENCY = 3

    CRC_AFTER = 1 + PacketCrc.LATENCY

    def __init__(self, *, waits=False):
        self.waits = waits
        super().__init__({
            "i":         In(stream.Signature(PACKET.layout)),
            "i_payload": In(stream.Signature(32)),
            "o":         Out(stream.Signature(PACKET_WORD)),
            "o_reads":   Out(1),
            "crc":       Out(CRC_PORT),
        })

    def elaborate(self, platform):
        m = Module()
        crc, length = self.crc, self.i.payload.length
        number = Signal(range(PACKET.words))
        is_final = Signal()  # the header's last word comes next
        left = Signal(signed(len(length) + 1), reset_less=True)  # its sign says: the last word
        has_payload = Signal(reset_less=True)
        # A word waits in a register until it is worked into the CRC and taken.
        word = Signal(PACKET_WORD, reset_less=True)
        is_first = Signal(reset_less=True)
        unworked, unsent = Signal(), Signal()
        in_header, in_payload, in_crc = Signal(), Signal(), Signal()
        # Of the three parts one comes at a time, so each is told apart from the others.
        free = Signal(init=self.waits)
        header_comes, payload_comes, crc_comes = comes = Signal(), Signal(), Signal()
        m.d.comb += [
            header_comes.eq(free & in_header),
            payload_comes.eq(free & in_payload & self.i_payload.valid),
            crc_comes.eq(free & in_crc),
            self.i_payload.ready.eq(in_payload & free),
            crc.start.eq(unworked & is_first),
            crc.valid.eq(unworked),
            crc.word.eq(word.data),
            self.o.payload.eq(word),
            self.o.valid.eq(unsent),
        ]
        m.d.sync += self.i.ready.eq(crc_comes)
        header = Array(self.i.payload.as_value().word_select(n, 32) for n in range(PACKET.words))
        source = Mux(in_header, header[number], self.i_payload.payload)
        with m.If(free):
            m.d.sync += [
                word.data.eq(Mux(in_crc, crc.crc, source)), word.last.eq(in_crc),
                is_first.eq(in_header & (number == 0)),
            ]
        works, sends = unworked & ~crc.ready, unsent & ~self.o.ready
        m.d.sync += [
            unworked.eq(header_comes | payload_comes | works),
            unsent.eq(Cat(comes).any() | sends),
        ]
        if self.waits:
            m.d.sync += free.eq(~(Cat(comes).any() | works | sends))
        else:
            m.d.comb += free.eq(~(works | sends))
        self._order(
            m, comes, number, is_final, left, has_payload, unworked,
            (in_header, in_payload, in_crc))
        return m

    def _order(self, m, comes, number, is_final, left, has_payload, unworked, parts):
        """Put out one part of the packet after the other."""
        in_header, in_payload, in_crc = parts
        header_comes, payload_comes, crc_comes = comes
        length = self.i.payload.length
        reads, works = Signal(), Signal()
        idle = Signal(init=1)  # none of all these
        m.d.sync += idle.eq(Mux(idle, ~self.i.valid, self.i.ready))
        with m.If(idle):
            m.d.sync += [
                number.eq(0), is_final.eq(0), left.eq((length - 2)[:len(left)].as_signed()),
                has_payload.eq(length != 0), reads.eq(self.i.valid),
            ]
            m.d.comb += self.o_reads.eq(self.i.valid & (length != 0))
        # The payload's first word is there behind the header.
        with m.If(reads):
            m.d.sync += [reads.eq(0), in_header.eq(1)]
        with m.If(header_comes):
            m.d.sync += [number.eq(number + 1), is_final.eq(number == PACKET.words - 2)]
            with m.If(is_final):
                m.d.sync += [
                    in_header.eq(0), in_payload.eq(has_payload), works.eq(~has_payload)]
        with m.If(payload_comes):
            m.d.sync += left.eq((left - 1)[:len(left)].as_signed())
            with m.If(left[-1]):
                m.d.sync += [in_payload.eq(0), works.eq(1)]
        with m.If(works & ~unworked):
            m.d.sync += [works.eq(0), in_crc.eq(1)]
        with m.If(crc_comes):
            m.d.sync += in_crc.eq(0)
