"""Does what a packet asks for, once, and says how it went."""

from amaranth.hdl import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.host_port import HostMemory, HostPort
from hw.packet import MAGIC, MAX_WORDS, PACKET, STATUS_WORDS, Command, Result
from hw.register_map import REGISTERS

__all__ = ["PacketExecutor"]

_WORK = data.StructLayout({
    "legal":   1,                     # the packet asks for what there is
    "changes": 1,                     # a write or a run: must not be done twice
    "memory":  HostMemory,
    "address": 32,
    "words":   range(MAX_WORDS + 1),  # requests to the core
})


class PacketExecutor(wiring.Component):
    """Turns a request packet into requests to the core, and its header into the reply's.

    A write or a run that has the number of the request before it is answered as that was, and not
    done again: the host has not heard the answer. A read, which changes nothing, is done again.

    What is read goes into the buffer, where what is written comes from.

    The header must stay until it is taken, which is when the reply's header is. Throughput is one
    request to the core per cycle.

    Members
    -------
    i, o : In(...), Out(stream.Signature(PACKET.layout))
        Headers of requests and of their replies.
    host : Out(HostPort())
        To the core.
    i_payload : In(stream.Signature(32))
        The words to write.
    o_writes : Out(1)
        Words are wanted: as many as the header's length says.
    o_write_en : Out(1)
    o_write_address : Out(range(MAX_WORDS))
    o_write_data : Out(32)
        The buffer's write port.
    """

    def __init__(self):
        header = stream.Signature(PACKET.layout)
        super().__init__({
            "i":               In(header),
            "o":               Out(header),
            "host":            Out(HostPort()),
            "i_payload":       In(stream.Signature(32)),
            "o_writes":        Out(1),
            "o_write_en":      Out(1),
            "o_write_address": Out(range(MAX_WORDS)),
            "o_write_data":    Out(32),
        })

    def elaborate(self, platform):
        m = Module()
        header = self.i.payload
        decoded = Signal(_WORK)
        work = Signal(_WORK, reset_less=True)
        result = Signal(Result, reset_less=True)
        known = Signal()
        sequence = Signal.like(header.sequence, reset_less=True)
        same, repeated = Signal(reset_less=True), Signal()
        done = Signal()

        self._decode(m, header, decoded)
        with m.FSM():
            with m.State("START"):
                m.d.sync += [work.eq(decoded), same.eq(header.sequence == sequence)]
                with m.If(self.i.valid):
                    m.next = "DECIDE"
            with m.State("DECIDE"):
                m.d.comb += repeated.eq(work.changes & known & same)
                m.d.sync += [known.eq(1), sequence.eq(header.sequence)]
                with m.If(repeated):
                    m.next = "ANSWER"
                with m.Elif(~work.legal):
                    m.d.sync += result.eq(Result.ILLEGAL)
                    m.next = "ANSWER"
                with m.Else():
                    m.d.sync += result.eq(Result.DONE)
                    m.next = "WORK"
                    m.d.comb += self.o_writes.eq(header.command == Command.WRITE)
            with m.State("WORK"):
                self._work(m, work, result, done)
                with m.If(done):
                    m.next = "ANSWER"
            with m.State("ANSWER"):
                self._answer(m, work, result)
                with m.If(self.o.ready):
                    m.next = "START"

        return m

    def _decode(self, m, header, work):
        """Say what a header means; nothing is legal that is not listed here."""
        empty = header.length == 0
        m.d.comb += [work.memory.eq(HostMemory.REGISTER), work.address.eq(header.address)]
        memory = Signal(HostMemory)
        known = header.memory <= max(member.value for member in HostMemory)
        m.d.comb += memory.eq(header.memory[:len(memory.as_value())])
        with m.Switch(header.command):
            with m.Case(Command.WRITE):
                m.d.comb += [
                    work.legal.eq(known & ~empty),
                    work.changes.eq(1),
                    work.memory.eq(memory),
                    work.words.eq(header.length[:len(work.words)]),
                ]
            with m.Case(Command.READ):
                count = header.count
                m.d.comb += [
                    work.legal.eq(known & empty & (count != 0) & (count <= MAX_WORDS)),
                    work.memory.eq(memory),
                    work.words.eq(count[:len(work.words)]),
                ]
            with m.Case(Command.RUN):
                m.d.comb += [
                    work.legal.eq(empty),
                    work.changes.eq(1),
                    work.address.eq(REGISTERS["run"].word),
                    work.words.eq(1),
                ]
            with m.Case(Command.STATUS):
                m.d.comb += [
                    work.legal.eq(empty),
                    work.address.eq(REGISTERS["state"].word),
                    work.words.eq(STATUS_WORDS),
                ]

    def _work(self, m, work, result, done):
        """Ask the core for one word after the other and take its replies."""
        request, reply = self.host.request, self.host.reply
        asking = Signal()    # there are words to ask for
        answered = Signal.like(work.words)
        address = Signal.like(work.address, reset_less=True)
        # Their signs say that the next word is the last one.
        to_ask, to_answer = (
            Signal(signed(len(work.words) + 1), name=name, reset_less=True)
            for name in ("to_ask", "to_answer"))
        begun = Signal()
        took = Signal()
        is_write = self.i.payload.command == Command.WRITE
        m.d.comb += [
            took.eq(request.valid & request.ready),
            request.valid.eq(asking & (self.i_payload.valid | ~is_write)),
            self.i_payload.ready.eq(asking & is_write & request.ready),
            request.payload.memory.eq(work.memory),
            request.payload.write.eq(work.changes),
            request.payload.address.eq(address),
            request.payload.data.eq(Mux(is_write, self.i_payload.payload, self.i.payload.address)),
            self.o_write_en.eq(reply.valid & ~work.changes),
            self.o_write_address.eq(answered[:len(self.o_write_address)]),
            self.o_write_data.eq(reply.payload.data),
            done.eq(reply.valid & to_answer[-1]),
        ]
        with m.If(~begun):
            left = (work.words - 2)[:len(to_ask)].as_signed()
            m.d.sync += [
                begun.eq(1), asking.eq(1), answered.eq(0),
                address.eq(work.address), to_ask.eq(left), to_answer.eq(left),
            ]
        with m.If(took):
            m.d.sync += [
                to_ask.eq((to_ask - 1)[:len(to_ask)].as_signed()),
                address.eq((address + 1)[:len(address)]),
                asking.eq(~to_ask[-1]),
            ]
        with m.If(reply.valid):
            m.d.sync += [
                to_answer.eq((to_answer - 1)[:len(to_answer)].as_signed()),
                answered.eq((answered + 1)[:len(answered)]),
            ]
            with m.If(reply.payload.refused):
                m.d.sync += result.eq(Result.REFUSED)
        with m.If(done):
            m.d.sync += begun.eq(0)

    def _answer(self, m, work, result):
        """Put out the reply's header: the request's, with what has become of it."""
        words = Mux((result == Result.DONE) & ~work.changes, work.words, 0)
        m.d.comb += [
            self.o.valid.eq(1),
            self.o.payload.eq(self.i.payload),
            self.o.payload.magic.eq(MAGIC),
            self.o.payload.reply.eq(1),
            self.o.payload.result.eq(result),
            self.o.payload.length.eq(words),
            self.i.ready.eq(self.o.ready),
        ]
