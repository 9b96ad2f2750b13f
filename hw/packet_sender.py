"""Sends packets: header, payload, CRC."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.packet import MAX_WORDS, PACKET, PACKET_WORD
from hw.packet_crc import CRC_PORT

__all__ = ["PacketSender"]


class PacketSender(wiring.Component):
    """Puts out a header, as many words of a buffer as its length says, and the CRC of all.

    The header must stay until it is taken, which is with the packet's last word.

    Latency is `LATENCY` cycles from a header to its first word with a CRC of a word a cycle;
    throughput that of the CRC.

    Members
    -------
    i : In(stream.Signature(PACKET.layout))
    o : Out(stream.Signature(PACKET_WORD))
    o_read_address : Out(range(MAX_WORDS))
    i_read_data : In(32)
        The buffer's read port; data comes a cycle after its address.
    crc : Out(CRC_PORT)
        To a `PacketCrc`.
    """

    LATENCY = 0

    def __init__(self):
        super().__init__({
            "i":              In(stream.Signature(PACKET.layout)),
            "o":              Out(stream.Signature(PACKET_WORD)),
            "o_read_address": Out(range(MAX_WORDS)),
            "i_read_data":    In(32),
            "crc":            Out(CRC_PORT),
        })

    def elaborate(self, platform):
        m = Module()
        crc = self.crc
        header = Array(self.i.payload.as_value().word_select(n, 32) for n in range(PACKET.words))
        length = self.i.payload.length
        word, last = self.o.payload.data, self.o.payload.last
        index = Signal(range(max(PACKET.words, MAX_WORDS)))
        taken = Signal()
        m.d.comb += [
            taken.eq(self.o.valid & self.o.ready),
            crc.word.eq(word),
            crc.take.eq(taken & crc.valid),
        ]

        with m.FSM():
            with m.State("HEADER"):
                m.d.comb += [
                    self.o.valid.eq(self.i.valid & crc.ready),
                    word.eq(header[index[:2]]),
                    crc.valid.eq(self.i.valid),
                    crc.start.eq(index == 0),
                ]
                with m.If(taken):
                    m.d.sync += index.eq(index + 1)
                    with m.If(index == PACKET.words - 1):
                        m.d.sync += index.eq(0)
                        m.next = "CRC"
                        with m.If(length != 0):
                            m.next = "PAYLOAD"
            with m.State("PAYLOAD"):
                m.d.comb += [
                    self.o.valid.eq(crc.ready),
                    word.eq(self.i_read_data),
                    self.o_read_address.eq((index + taken)[:len(self.o_read_address)]),
                    crc.valid.eq(1),
                ]
                with m.If(taken):
                    m.d.sync += index.eq(index + 1)
                    with m.If(index == length - 1):
                        m.d.sync += index.eq(0)
                        m.next = "CRC"
            with m.State("CRC"):
                m.d.comb += [
                    self.o.valid.eq(1),
                    word.eq(crc.crc),
                    last.eq(1),
                    self.i.ready.eq(taken),
                ]
                with m.If(taken):
                    m.next = "HEADER"

        return m
