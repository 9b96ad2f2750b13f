"""Sends packets: header, payload, CRC."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from hw.packet import PACKET, PACKET_WORD
from hw.packet_crc import CRC_PORT

__all__ = ["PacketSender"]


class PacketSender(wiring.Component):
    """Puts out a header, as many words of a payload as its length says, and the CRC of all.

    The header must stay until it is taken, which is with the packet's last word.

    Latency is `LATENCY` cycles from a header to its first word with a CRC of a word a cycle;
    throughput that of the CRC.

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

    LATENCY = 1

    def __init__(self):
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

        header = Array(self.i.payload.as_value().word_select(n, 32) for n in range(PACKET.words))
        number = Signal(range(PACKET.words))
        left = Signal(signed(len(length) + 1), reset_less=True)  # its sign says: the last word
        has_payload = Signal(reset_less=True)
        in_header, in_payload, taken = Signal(), Signal(), Signal()
        m.d.comb += [
            taken.eq(self.o.valid & self.o.ready),
            self.i_payload.ready.eq(in_payload & crc.ready & self.o.ready),
            crc.valid.eq(in_header | (in_payload & self.i_payload.valid)),
            crc.start.eq(in_header & (number == 0)),
            crc.word.eq(Mux(in_header, header[number], self.i_payload.payload)),
            crc.take.eq(taken & crc.valid),
            self.o.payload.data.eq(crc.word),
            self.o.valid.eq(crc.valid & crc.ready),
        ]

        with m.FSM():
            with m.State("IDLE"):
                m.d.sync += [
                    number.eq(0), left.eq((length - 2)[:len(left)].as_signed()),
                    has_payload.eq(length != 0),
                ]
                with m.If(self.i.valid):
                    m.d.comb += self.o_reads.eq(length != 0)
                    m.next = "HEADER"
            with m.State("HEADER"):
                m.d.comb += in_header.eq(1)
                with m.If(taken):
                    m.d.sync += number.eq(number + 1)
                    with m.If(number == PACKET.words - 1):
                        m.next = "SETTLE"
                        with m.If(has_payload):
                            m.next = "PAYLOAD"
            with m.State("PAYLOAD"):
                m.d.comb += in_payload.eq(1)
                with m.If(taken):
                    m.d.sync += left.eq((left - 1)[:len(left)].as_signed())
                    with m.If(left[-1]):
                        m.next = "SETTLE"
            with m.State("SETTLE"):
                m.next = "CRC"
            with m.State("CRC"):
                m.d.comb += [
                    self.o.valid.eq(1),
                    self.o.payload.data.eq(crc.crc),
                    self.o.payload.last.eq(1),
                    self.i.ready.eq(taken),
                ]
                with m.If(taken):
                    m.next = "IDLE"

        return m
