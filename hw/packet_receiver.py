"""Takes packets in and lets through those that are whole."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.packet import MAGIC, MAX_WORDS, PACKET, PACKET_WORD
from hw.packet_crc import CRC_PORT, RESIDUE, PacketCrc
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

    LATENCY = 2 + PacketCrc.LATENCY

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
        is_second, is_final = Signal(), Signal()  # of the header's words
        # Of the words before the CRC, less one: its sign says that the next one is the CRC.
        left = Signal(signed(len(header.length) + 1), reset_less=True)
        is_bad = self._is_bad(m, header)
        taken = Signal()
        listens = Signal(init=1)  # in "HEADER", "BODY" and "SKIP"
        holds = Signal()          # in "HOLD"
        m.d.comb += [
            taken.eq(self.i.valid & self.i.ready),
            self.i.ready.eq(listens & crc.ready),
            self.o.payload.eq(header),
            self.o_write_address.eq(index),
            self.o_write_data.eq(word),
            crc.word.eq(word),
            crc.valid.eq(listens & self.i.valid),
            crc.take.eq(taken),
        ]

        with m.FSM() as fsm:
            in_body = fsm.ongoing("BODY")
            m.d.comb += [
                self.o.valid.eq(holds),
                self.o_write_en.eq(taken & in_body & ~left[-1]),
                crc.start.eq(fsm.ongoing("HEADER") & (index == 0)),
            ]
            with m.State("HEADER"):
                self._header(m, header, is_magic, index, (is_second, is_final), left, taken)
            with m.State("BODY"), m.If(taken):
                m.d.sync += [index.eq(index + 1), left.eq((left - 1)[:len(left)].as_signed())]
                with m.If(last):
                    m.next = "HEADER"
                    with m.If(left[-1]):
                        m.d.sync += listens.eq(0)
                        m.next = "WORK"
                with m.Elif(left[-1]):
                    m.next = "SKIP"
            with m.State("WORK"):
                m.next = "SETTLE"
            with m.State("SETTLE"):
                m.next = "CHECK"
            with m.State("CHECK"):
                m.d.sync += holds.eq(~is_bad)
                m.next = "HOLD"
                with m.If(is_bad):
                    m.d.sync += listens.eq(1)
                    m.next = "HEADER"
            with m.State("SKIP"), m.If(taken & last):
                m.next = "HEADER"
            with m.State("HOLD"), m.If(self.o.ready):
                m.d.sync += [listens.eq(1), holds.eq(0)]
                m.next = "HEADER"
        with m.If(taken & last):
            m.d.sync += [index.eq(0), is_second.eq(0), is_final.eq(0)]

        return m

    def _is_bad(self, m, header):
        """Return whether a packet is too long or changed, two cycles after its last word."""
        too_long = registered(m, header.length > MAX_WORDS, name="too_long")
        # The CRC of all, its own word as well, is the same for every packet.
        differs = registered(m, Cat(
            self.crc.crc.word_select(n, 8) != (RESIDUE >> 8 * n) & 0xFF for n in range(4)
        ), name="differs")
        return differs.any() | too_long

    def _header(self, m, header, is_magic, index, places, left, taken):
        """Look at a word of the header until it is taken, and see how it goes on."""
        word = self.i.payload.data
        is_second, is_final = places
        # The last word of the header, where the length stands, has only just come.
        length = PACKET.layout(Cat(header.as_value()[:-32], word)).length
        m.d.sync += [
            header.as_value().word_select(index[:2], 32).eq(word),
            left.eq((length - 1)[:len(left)].as_signed()),
        ]
        with m.If(taken):
            m.d.sync += [
                index.eq(index + 1), is_magic.eq(word == MAGIC),
                is_second.eq(index == 0), is_final.eq(index == PACKET.words - 2),
            ]
            with m.If(self.i.payload.last):
                m.next = "HEADER"
            # The magic is looked at with the word behind it.
            with m.Elif(is_second & ~is_magic):
                m.next = "SKIP"
            with m.Elif(is_final):
                m.d.sync += index.eq(0)
                m.next = "BODY"
                with m.If(header.reply):
                    m.next = "SKIP"
