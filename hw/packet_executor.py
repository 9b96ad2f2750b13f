"""Does what a packet asks for, once, and says how it went."""

from types import SimpleNamespace

from amaranth.hdl import *
from amaranth.lib import data, stream, wiring
from amaranth.lib.wiring import In, Out

from hw.folded import some_of
from hw.host_port import HostMemory, HostPort
from hw.packet import MAGIC, MAX_WORDS, PACKET, STATUS_WORDS, Command, Result
from hw.pipeline import registered
from hw.register_map import REGISTERS

__all__ = ["PacketExecutor"]

_WORK = data.StructLayout({
    "legal":   1,                     # the packet asks for what there is
    "changes": 1,                     # a write or a run: must not be done twice
    "is_write": 1,
    "memory":  HostMemory,
    "address": 32,
    "wraps":   1,                     # the lower half of the address is its last
    "words":   range(MAX_WORDS + 1),  # requests to the core
})

_HALF = 16
_LAST = (1 << _HALF) - 1


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
        result = Signal(Result, reset_less=True)
        known = Signal()
        sequence = Signal.like(header.sequence, reset_less=True)
        differs = registered(m, some_of(header.sequence ^ sequence), name="differs")
        begins, done = Signal(), Signal()
        works = Signal()    # in "WORK"
        decides = Signal()  # in "DECIDE"

        work, changes = self._decode(m, header)
        repeated = registered(m, changes & known & ~differs.any(), name="repeated")
        m.d.comb += [
            begins.eq(decides & work.legal & ~repeated),
            self.o_writes.eq(begins & work.is_write),
        ]
        m.d.sync += [decides.eq(0), works.eq(begins | (works & ~done))]
        with m.FSM():
            with m.State("START"), m.If(self.i.valid):
                m.next = "DECODE"
            with m.State("DECODE"):
                m.d.sync += decides.eq(1)
                m.next = "DECIDE"
            with m.State("DECIDE"):
                m.d.sync += [known.eq(1), sequence.eq(header.sequence)]
                with m.If(begins):
                    m.next = "WORK"
                with m.Else():
                    m.next = "CONCLUDE"
            with m.State("WORK"), m.If(done):
                m.next = "CONCLUDE"
            with m.State("CONCLUDE"):
                m.d.sync += self.o.valid.eq(1)
                m.next = "ANSWER"
            with m.State("ANSWER"), m.If(self.o.ready):
                m.d.sync += self.o.valid.eq(0)
                m.next = "START"
        with m.If(decides & ~repeated):
            m.d.sync += result.eq(Mux(work.legal, Result.DONE, Result.ILLEGAL))
        with m.Elif(works & self.host.reply.valid & self.host.reply.payload.refused):
            m.d.sync += result.eq(Result.REFUSED)
        self._work(m, work, begins, works, done)
        self._answer(m, work, result)
        return m

    def _decode(self, m, header):
        """Say what a header means, two cycles later; nothing is legal that is not listed here.

        Returns also whether it `changes` something, a cycle earlier.
        """
        work = Signal(_WORK, name="decoded")
        empty = registered(m, header.length == 0, name="empty")
        m.d.comb += [work.memory.eq(HostMemory.REGISTER), work.address.eq(header.address)]
        memory = Signal(HostMemory)
        known = registered(
            m, header.memory <= max(member.value for member in HostMemory), name="known_memory")
        fits = registered(
            m, (header.count != 0) & (header.count <= MAX_WORDS), name="count_fits")
        wraps = registered(m, header.address[:_HALF] == _LAST, name="address_wraps")
        m.d.comb += memory.eq(header.memory[:len(memory.as_value())])
        asks = {
            command: registered(m, header.command == command, name=f"asks_{command.name.lower()}")
            for command in Command
        }
        with m.If(asks[Command.WRITE]):
            m.d.comb += [
                work.legal.eq(known & ~empty),
                work.changes.eq(1),
                work.is_write.eq(1),
                work.memory.eq(memory),
                work.wraps.eq(wraps),
                work.words.eq(header.length[:len(work.words)]),
            ]
        with m.Elif(asks[Command.READ]):
            m.d.comb += [
                work.legal.eq(known & empty & fits),
                work.memory.eq(memory),
                work.wraps.eq(wraps),
                work.words.eq(header.count[:len(work.words)]),
            ]
        with m.Elif(asks[Command.RUN]):
            m.d.comb += [
                work.legal.eq(empty),
                work.changes.eq(1),
                work.address.eq(REGISTERS["run"].word),
                work.words.eq(1),
            ]
        with m.Elif(asks[Command.STATUS]):
            m.d.comb += [
                work.legal.eq(empty),
                work.address.eq(REGISTERS["state"].word),
                work.words.eq(STATUS_WORDS),
            ]
        said = SimpleNamespace(**{
            name: registered(m, work[name], name=f"work_{name}") for name, _ in _WORK})
        return said, work.changes

    def _work(self, m, work, begins, works, done):
        """Ask the core for one word after the other and take its replies."""
        request, reply = self.host.request, self.host.reply
        asking = Signal()    # there are words to ask for
        answered = Signal.like(work.words)
        # The upper half goes on by a register's leave: a carry through both takes long.
        low, high = (
            Signal(_HALF, name=name, reset_less=True) for name in ("address_low", "address_high"))
        wraps = Signal(reset_less=True)
        # Their signs say that the next word is the last one.
        to_ask, to_answer = (
            Signal(signed(len(work.words) + 1), name=name, reset_less=True)
            for name in ("to_ask", "to_answer"))
        may_ask = Signal()
        is_write = work.is_write
        m.d.comb += [
            may_ask.eq(request.ready & (self.i_payload.valid | ~is_write)),
            request.valid.eq(asking & (self.i_payload.valid | ~is_write)),
            self.i_payload.ready.eq(asking & is_write & request.ready),
            request.payload.memory.eq(work.memory),
            request.payload.write.eq(work.changes),
            request.payload.address.eq(Cat(low, high)),
            request.payload.data.eq(Mux(is_write, self.i_payload.payload, self.i.payload.address)),
            self.o_write_en.eq(reply.valid & ~work.changes),
            self.o_write_address.eq(answered[:len(self.o_write_address)]),
            self.o_write_data.eq(reply.payload.data),
            done.eq(works & reply.valid & to_answer[-1]),
        ]
        # They are set up for as long as they are not needed: no state enables them.
        left = (work.words - 2)[:len(to_ask)].as_signed()
        with m.If(~asking | may_ask):
            m.d.sync += [
                asking.eq(Mux(asking, ~to_ask[-1], begins)),
                low.eq(Mux(asking, low + 1, work.address[:_HALF])[:_HALF]),
                high.eq(Mux(asking, high + wraps, work.address[_HALF:])[:_HALF]),
                wraps.eq(Mux(asking, low == _LAST - 1, work.wraps)),
                to_ask.eq(Mux(asking, to_ask - 1, left)[:len(to_ask)].as_signed()),
            ]
        with m.If(~works):
            m.d.sync += [answered.eq(0), to_answer.eq(left)]
        with m.Elif(reply.valid):
            m.d.sync += [
                to_answer.eq((to_answer - 1)[:len(to_answer)].as_signed()),
                answered.eq((answered + 1)[:len(answered)]),
            ]

    def _answer(self, m, work, result):
        """Put out the reply's header: the request's, with what has become of it."""
        words = Mux((result == Result.DONE) & ~work.changes, work.words, 0)
        m.d.comb += [
            self.o.payload.eq(self.i.payload),
            self.o.payload.magic.eq(MAGIC),
            self.o.payload.reply.eq(1),
            self.o.payload.result.eq(result),
            self.o.payload.length.eq(registered(m, words, name="words")),
            self.i.ready.eq(self.o.ready),
        ]
