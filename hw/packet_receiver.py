"""Takes packets in and lets through those that are whole."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.packet import MAGIC, MAX_WORDS, PACKET, PACKET_WORD
from hw.packet_crc import CRC_PORT

__all__ = ["PacketReceiver"]


class PacketReceiver(wiring.Component):
    """Puts a packet's payload into a buffer and its header out, if its CRC is right.

    A packet is dropped without a word if it does not begin with the magic, is a reply, is longer
    than a packet may be, does not end where its length says, or has a wrong CRC. What follows is
    dropped as well, up to the word that is marked as the last one.

    The header stays at `o` until it is taken, and nothing is read meanwhile.

    Latency is 1 cycle from the last word to the header; throughput that of the CRC.

    Members
    -------
    i : In(stream.Signature(PACKET_WORD))
    o : Out(stream.Signature(PACKET.layout))
        Headers of whole packets.
    o_write_en : Out(1)
    o_write_address : Out(range(MAX_WORDS))
    o_write_data : Out(32)
        The buffer's write port.
    crc : Out(CRC_PORT)
        To a `PacketCrc`.
    """

    LATENCY = 1

    def __init__(self):
        super().__init__({
            "i":               In(stream.Signature(PACKET_WORD)),
            "o":               Out(stream.Signature(PACKET.layout)),
            "o_write_en":      Out(1),
            "o_write_address": Out(range(MAX_WORDS)),
            "o_write_data":    Out(32),
            "crc":             Out(CRC_PORT),
        })

    def elaborate(self, platform):
        m = Module()
        crc, word, last = self.crc, self.i.payload.data, self.i.payload.last
        header = Signal(PACKET.layout, reset_less=True)
        index = Signal(range(max(PACKET.words, MAX_WORDS)))
        taken, worked = Signal(), Signal()
        m.d.comb += [
            taken.eq(self.i.valid & self.i.ready),
            self.o.payload.eq(header),
            self.o_write_address.eq(index),
            self.o_write_data.eq(word),
            crc.word.eq(word),
            crc.take.eq(taken & worked),
        ]

        with m.FSM() as fsm:
            m.d.comb += [
                # The CRC's own word is compared, and not worked in.
                worked.eq(~fsm.ongoing("HOLD") & ~fsm.ongoing("CRC")),
                self.i.ready.eq(fsm.ongoing("CRC") | (worked & crc.ready)),
                crc.valid.eq(worked & self.i.valid),
                self.o.valid.eq(fsm.ongoing("HOLD")),
                self.o_write_en.eq(taken & fsm.ongoing("PAYLOAD")),
                crc.start.eq(fsm.ongoing("HEADER") & (index == 0)),
            ]
            with m.State("HEADER"), m.If(taken):
                self._header(m, header, index)
            with m.State("PAYLOAD"), m.If(taken):
                m.d.sync += index.eq(index + 1)
                with m.If(last):
                    m.next = "HEADER"
                # No index reaches a length that is too large: the end of the packet drops it.
                with m.Elif(index == header.length - 1):
                    m.next = "CRC"
            with m.State("CRC"), m.If(taken):
                m.next = "SKIP"
                with m.If(last):
                    m.next = "HEADER"
                    with m.If(word == crc.crc):
                        m.next = "HOLD"
            with m.State("SKIP"), m.If(taken & last):
                m.next = "HEADER"
            with m.State("HOLD"), m.If(self.o.ready):
                m.next = "HEADER"
        with m.If(taken & last):
            m.d.sync += index.eq(0)

        return m

    def _header(self, m, header, index):
        """Take a word of the header, and see how it goes on."""
        word = self.i.payload.data
        # The last word of the header, where the length stands, has only just come.
        length = PACKET.layout(Cat(header.as_value()[:-32], word)).length

        m.d.sync += [
            header.as_value().word_select(index[:2], 32).eq(word),
            index.eq(index + 1),
        ]
        with m.If(self.i.payload.last):
            m.next = "HEADER"
        with m.Elif((index == 0) & (word != MAGIC)):
            m.next = "SKIP"
        with m.Elif(index == PACKET.words - 1):
            m.d.sync += index.eq(0)
            with m.If(header.reply):
                m.next = "SKIP"
            with m.Elif(length == 0):
                m.next = "CRC"
            with m.Else():
                m.next = "PAYLOAD"
