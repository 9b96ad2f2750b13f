"""The link: packets in, requests to the core, packets out."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hw.host_port import HostPort
from hw.packet import MAX_WORDS, PACKET_WORD
from hw.packet_crc import PacketCrc
from hw.packet_executor import PacketExecutor
from hw.packet_receiver import PacketReceiver
from hw.packet_sender import PacketSender
from hw.pipeline import delayed, registered
from hw.stream_buffer import StreamBuffer
from hw.word_reader import WordReader

__all__ = ["Link"]


class Link(wiring.Component):
    """Answers the packets of a host, one at a time; `docs/link.md` has the rules.

    A packet is executed only when all of it has come and its CRC is right. One that is not whole
    is dropped silently. The next packet is not read until the reply is sent.

    Latency is `latency` cycles from the last word of a request for one word, asked of a core that
    answers in the next cycle, to the first word of its reply. Throughput is one word per cycle to
    the core, and on the way in and out the pace of the CRC; out, a cycle more for each word if it
    takes several.

    Parameters
    ----------
    crc_width : int
        Bits a cycle of the CRC, see `PacketCrc`.
    buffered : bool
        Buffers cut the ways between the parts and to the core, for a fast clock.

    Members
    -------
    i, o : In(...), Out(stream.Signature(PACKET_WORD))
        Words of requests and of replies.
    host : Out(HostPort())
        To the core.
    """

    LATENCY = 15
    """With its buffers."""

    BUFFERS = 2
    """Cycles of them that they take: with the request, and with its reply."""

    def __init__(self, *, crc_width=32, buffered=True):
        self._crc = PacketCrc(width=crc_width)
        self.crc_width = crc_width
        self.buffered = buffered
        super().__init__({
            "i":    In(stream.Signature(PACKET_WORD)),
            "o":    Out(stream.Signature(PACKET_WORD)),
            "host": Out(HostPort()),
        })

    @property
    def latency(self):
        """Cycles from the last word of a request for one word to the first word of its reply."""
        return self.LATENCY - (0 if self.buffered else self.BUFFERS)

    def elaborate(self, platform):
        m = Module()
        m.submodules.receiver = receiver = PacketReceiver()
        m.submodules.executor = executor = PacketExecutor()
        m.submodules.sender = sender = PacketSender(waits=self.crc_width < 32)

        wiring.connect(m, wiring.flipped(self.i), receiver.i)
        wiring.connect(m, receiver.o, executor.i)
        wiring.connect(m, executor.o, sender.i)
        wiring.connect(m, sender.o, wiring.flipped(self.o))
        self._connect(m, "requests", executor.host.request, wiring.flipped(self.host.request))
        reply = executor.host.reply
        if self.buffered:
            m.d.comb += reply.payload.eq(registered(m, self.host.reply.payload, name="reply"))
            m.d.sync += reply.valid.eq(self.host.reply.valid)
        else:
            wiring.connect(m, wiring.flipped(self.host.reply), reply)

        # A packet has one of three owners at a time, and so have the CRC and the payload's buffer.
        m.submodules.crc = self._crc
        crc, sends = self._crc.user, sender.i.valid
        for part in (receiver, sender):
            m.d.comb += [part.crc.ready.eq(crc.ready), part.crc.crc.eq(crc.crc)]
        for name in ("start", "valid", "word"):
            ours, theirs = getattr(sender.crc, name), getattr(receiver.crc, name)
            m.d.comb += getattr(crc, name).eq(Mux(sends, ours, theirs))

        self._connect_payload(m, receiver, executor, sender)
        return m

    def _connect(self, m, name, source, sink):
        """Connect two streams, by a buffer if they are to have one."""
        if self.buffered:
            m.submodules[name] = buffer = StreamBuffer(source.payload.shape())
            wiring.connect(m, source, buffer.i)
            source = buffer.o
        wiring.connect(m, source, sink)

    def _connect_payload(self, m, receiver, executor, sender):
        """Keep a packet's payload: who owns the packet writes and reads it."""
        m.submodules.buffer = buffer = Memory(shape=32, depth=MAX_WORDS, init=[])
        write, read = buffer.write_port(), buffer.read_port(domain="sync")
        m.submodules.payload = payload = WordReader(
            32, depth=MAX_WORDS, read_latency=2 if self.buffered else 1)
        ahead = stream.Signature(32).create(path=("ahead",))
        self._connect(m, "payload_words", payload.o, wiring.flipped(ahead))
        length = Mux(sender.i.valid, sender.i.payload.length, receiver.o.payload.length)
        run = payload.i.payload
        m.d.sync += payload.i.valid.eq(executor.o_writes | sender.o_reads)
        m.d.comb += [
            run.address.eq(0),
            run.words_minus_1.eq(
                registered(m, (length - 1)[:len(run.words_minus_1)], name="words_minus_1")),
            executor.i_payload.payload.eq(ahead.payload),
            executor.i_payload.valid.eq(ahead.valid),
            sender.i_payload.payload.eq(ahead.payload),
            sender.i_payload.valid.eq(ahead.valid),
            ahead.ready.eq(executor.i_payload.ready | sender.i_payload.ready),
        ]
        m.d.comb += [
            read.addr.eq(payload.memory.address),
            payload.memory.data.eq(
                delayed(m, read.data, payload.read_latency - 1, name="read_word")),
        ]
        # The executor writes while the receiver holds a packet.
        m.d.sync += [
            write.addr.eq(
                Mux(receiver.o.valid, executor.o_write_address, receiver.o_write_address)),
            write.data.eq(Mux(receiver.o.valid, executor.o_write_data, receiver.o_write_data)),
        ]
        m.d.sync += write.en.eq(executor.o_write_en | receiver.o_write_en)
