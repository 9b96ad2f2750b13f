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
        # A register for each state; it listens in the first three.
        in_header, in_body, in_skip = Signal(init=1), Signal(), Signal()
        works, settles, checks, holds = (
            Signal(name=name) for name in ("works", "settles", "checks", "holds"))
        listens = Signal(init=1)
        taken = Signal()
        m.d.comb += [
            taken.eq(self.i.valid & listens & crc.ready),
            self.i.ready.eq(listens & crc.ready),
            self.o.payload.eq(header),
            self.o.valid.eq(holds),
            self.o_write_en.eq(taken & in_body & ~left[-1]),
            self.o_write_address.eq(index),
            self.o_write_data.eq(word),
            crc.word.eq(word),
            crc.start.eq(in_header & (index == 0)),
            crc.valid.eq(listens & self.i.valid),
        ]

        # The magic is looked at with the word behind it.
        drops = ~last & (
            (in_header & ((is_second & ~is_magic) | (is_final & header.reply)))
            | (in_body & left[-1]))
        enters = ~last & in_header & is_final & ~header.reply
        completes = taken & last & in_body & left[-1]
        is_bad = self._is_bad(m, header)
        again = (checks & is_bad) | (holds & self.o.ready)
        m.d.sync += [
            in_header.eq(
                again | (taken & last & ~(in_body & left[-1]))
                | (in_header & ~(taken & (drops | enters)))),
            in_body.eq((taken & enters) | (in_body & ~(taken & (last | left[-1])))),
            in_skip.eq((taken & drops) | (in_skip & ~(taken & last))),
            listens.eq(again | (listens & ~completes)),
            Cat(works, settles, checks).eq(Cat(completes, works, settles)),
            holds.eq((checks & ~is_bad) | (holds & ~self.o.ready)),
        ]
        self._look(m, header, index, is_magic, (is_second, is_final), left, in_header, taken)
        return m

    def _is_bad(self, m, header):
        """Return whether a packet is too long or changed, two cycles after its last word."""
        too_long = registered(m, header.length > MAX_WORDS, name="too_long")
        # The CRC of all, its own word as well, is the same for every packet.
        differs = registered(m, Cat(
            self.crc.crc.word_select(n, 8) != (RESIDUE >> 8 * n) & 0xFF for n in range(4)
        ), name="differs")
        return differs.any() | too_long

    def _look(self, m, header, index, is_magic, places, left, in_header, taken):
        """Keep what a header says, and count the words."""
        word, last = self.i.payload.data, self.i.payload.last
        is_second, is_final = places
        with m.If(taken):
            m.d.sync += [
                index.eq(Mux(last | (in_header & is_final), 0, index + 1)[:len(index)]),
                is_magic.eq(word == MAGIC),
                is_second.eq(~last & in_header & (index == 0)),
                is_final.eq(~last & in_header & (index == PACKET.words - 2)),
            ]
        # The last word of the header, where the length stands, has only just come.
        length = PACKET.layout(Cat(header.as_value()[:-32], word)).length
        with m.If(in_header):
            m.d.sync += [
                header.as_value().word_select(index[:2], 32).eq(word),
                left.eq((length - 1)[:len(left)].as_signed()),
            ]
        with m.Elif(taken):
            m.d.sync += left.eq((left - 1)[:len(left)].as_signed())
