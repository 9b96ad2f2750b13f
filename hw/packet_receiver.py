"""Takes packets in and lets through those that are whole."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.packet import MAGIC, MAX_WORDS, PACKET, PACKET_WORD
from hw.packet_crc import CRC_PORT, PacketCrc
from hw.pipeline import registered

__all__ = ["PacketReceiver"]


class PacketReceiver(wiring.Component):
    """Puts a packet's payload into a buffer and its header out, if its CRC is right.

    A packet is dropped without a word if it does not begin with the magic, is a reply, is longer
    than a packet may be, does not end where its length says, or has a wrong CRC. What follows is
    dropped as well, up to the word that is marked as the last one.

    The header stays at `o` until it is taken, and nothing is read meanwhile.

    Latency is `LATENCY` cycles from the last word to the header; throughput that of the CRC.

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

    LATENCY = 1 + PacketCrc.LATENCY

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
        is_magic = Signal(reset_less=True)
        index = Signal(range(max(PACKET.words, MAX_WORDS)))
        left = Signal(signed(len(header.length) + 1), reset_less=True)
        claimed = Signal.like(word, reset_less=True)
        differs = registered(m, Cat(
            claimed.word_select(n, 8) != crc.crc.word_select(n, 8) for n in range(4)
        ), name="differs")
        too_long = header.length > MAX_WORDS
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
                worked.eq(
                    fsm.ongoing("HEADER") | fsm.ongoing("PAYLOAD") | fsm.ongoing("SKIP")),
                self.i.ready.eq(fsm.ongoing("CRC") | (worked & crc.ready)),
                crc.valid.eq(worked & self.i.valid),
                self.o.valid.eq(fsm.ongoing("HOLD")),
                self.o_write_en.eq(taken & fsm.ongoing("PAYLOAD")),
                crc.start.eq(fsm.ongoing("HEADER") & (index == 0)),
            ]
            with m.State("HEADER"), m.If(taken):
                m.d.sync += is_magic.eq(word == MAGIC)
                self._header(m, header, is_magic, index, left)
            with m.State("PAYLOAD"), m.If(taken):
                m.d.sync += [index.eq(index + 1), left.eq((left - 1)[:len(left)].as_signed())]
                with m.If(last):
                    m.next = "HEADER"
                # A packet that is too long is dropped at its end.
                with m.Elif(left[-1] & ~too_long):
                    m.next = "CRC"
            with m.State("CRC"), m.If(taken):
                m.d.sync += claimed.eq(word)
                m.next = "SKIP"
                with m.If(last):
                    m.next = "SETTLE"
            with m.State("SETTLE"):
                m.next = "CHECK"
            with m.State("CHECK"):
                m.next = "HOLD"
                with m.If(differs.any()):
                    m.next = "HEADER"
            with m.State("SKIP"), m.If(taken & last):
                m.next = "HEADER"
            with m.State("HOLD"), m.If(self.o.ready):
                m.next = "HEADER"
        with m.If(taken & last):
            m.d.sync += index.eq(0)

        return m

    def _header(self, m, header, is_magic, index, left):
        """Take a word of the header, and see how it goes on."""
        word = self.i.payload.data
        # The last word of the header, where the length stands, has only just come.
        length = PACKET.layout(Cat(header.as_value()[:-32], word)).length

        m.d.sync += [
            header.as_value().word_select(index[:2], 32).eq(word),
            index.eq(index + 1),
            # Of the words of the payload, less two: its sign says that the next one is the last.
            left.eq((length - 2)[:len(left)].as_signed()),
        ]
        with m.If(self.i.payload.last):
            m.next = "HEADER"
        # The magic is looked at with the word behind it.
        with m.Elif((index == 1) & ~is_magic):
            m.next = "SKIP"
        with m.Elif(index == PACKET.words - 1):
            m.d.sync += index.eq(0)
            with m.If(header.reply):
                m.next = "SKIP"
            with m.Elif(length == 0):
                m.next = "CRC"
            with m.Else():
                m.next = "PAYLOAD"
