"""Serves the host's requests from the memories and registers."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.host_port import HOST_REPLY, HOST_REQUEST, HostMemory, HostPort
from hw.output_buffer import OutputBuffer
from hw.pipeline import delayed
from hw.register_map import REGISTERS

__all__ = ["HostAccess"]

_WORD = 32
_RUN = REGISTERS["run"].word


class HostAccess(wiring.Component):
    """Reads and writes the memories and registers, one request after the other.

    A request is refused if its address is outside, if it writes a register other than `run`, or if
    the accelerator runs and it is not a read of a register.

    Latency from a request to its reply is `latency` cycles; throughput one request per cycle.

    Parameters
    ----------
    sizes : Mapping of HostMemory to int
        Words of 32 bits of each memory.
    latencies : Mapping of HostMemory to int
        Cycles from `o_address` to what was read of each memory.

    Members
    -------
    host : In(HostPort())
        Requests and replies.
    i_running : In(1)
        The accelerator runs.
    i_registers : In(REGISTERS.layout)
        What the registers read as.
    o_run : Out(1)
        Starts the program at `o_data`.
    o_address : Out(32)
        The word that is read or written.
    o_data : Out(32)
        What is written.
    o_read, o_write : Out(len(HostMemory))
        The memory that is read, is written, a bit each.
    i_program, i_weight, i_parameter, i_activation : In(32)
        What was read.
    """

    _MEMORIES = (
        HostMemory.PROGRAM, HostMemory.WEIGHT, HostMemory.PARAMETER, HostMemory.ACTIVATION,
    )
    _AHEAD = 16

    def __init__(self, *, sizes, latencies):
        self.sizes = dict(sizes)
        self.latencies = dict(latencies)
        super().__init__({
            "host":         In(HostPort()),
            "i_running":    In(1),
            "i_registers":  In(REGISTERS.layout),
            "o_run":        Out(1),
            "o_address":    Out(_WORD),
            "o_data":       Out(_WORD),
            "o_read":       Out(len(HostMemory)),
            "o_write":      Out(len(HostMemory)),
            "i_program":    In(_WORD),
            "i_weight":     In(_WORD),
            "i_parameter":  In(_WORD),
            "i_activation": In(_WORD),
        })

    @property
    def memory_latency(self):
        """Cycles from a request at the memories to its reply at the buffer."""
        return max(self.latencies.values())

    @property
    def latency(self):
        """Cycles from a request to its reply, if neither waits."""
        return 1 + self.memory_latency + OutputBuffer.LATENCY

    def elaborate(self, platform):
        m = Module()
        depth = max(self._AHEAD, 2 + self.latency)
        m.submodules.replies = replies = OutputBuffer(HOST_REPLY, depth=depth)

        request = Signal(HOST_REQUEST, reset_less=True)
        valid = Signal()
        taken = self.host.request.valid & replies.o_room
        m.d.comb += [self.host.request.ready.eq(replies.o_room), replies.i_take_room.eq(taken)]
        m.d.sync += [valid.eq(taken), request.eq(self.host.request.payload)]

        refused = Signal()
        m.d.comb += [
            self.o_address.eq(request.address),
            self.o_data.eq(request.data),
            refused.eq(self._refused(m, request)),
        ]
        with m.If(valid & ~refused):
            select = Signal(len(HostMemory))
            m.d.comb += [
                select.eq(1 << Value.cast(request.memory)),
                self.o_write.eq(Mux(request.write, select, 0)),
                self.o_read.eq(Mux(request.write, 0, select)),
                self.o_run.eq(self.o_write[HostMemory.REGISTER.value]),
            ]

        self._reply(m, replies, request, valid, refused)
        wiring.connect(m, replies.o, wiring.flipped(self.host.reply))
        return m

    def _refused(self, m, request):
        """Return whether a request must not be served now."""
        outside = Signal(init=1)
        with m.Switch(request.memory):
            for memory, size in self.sizes.items():
                with m.Case(memory):
                    m.d.comb += outside.eq(request.address >= size)
        is_register = request.memory == HostMemory.REGISTER
        changes = request.write & is_register & (request.address != _RUN)
        return outside | changes | (self.i_running & ~(is_register & ~request.write))

    def _reply(self, m, replies, request, valid, refused):
        """Put what each memory reads into the replies, in the order of the requests."""
        words = Value.cast(self.i_registers)
        register = Signal(_WORD)
        with m.Switch(request.address):
            for n in range(REGISTERS.words):
                with m.Case(n):
                    m.d.comb += register.eq(words.word_select(n, _WORD))

        late = self.memory_latency
        arrived = Signal(late)
        m.d.sync += arrived.eq(Cat(valid, arrived)[:late])
        read = {HostMemory.REGISTER: delayed(m, register, late, name="register")}
        for memory in self._MEMORIES:
            word = getattr(self, f"i_{memory.name.lower()}")
            wait = late - self.latencies[memory]
            read[memory] = delayed(m, word, wait, name=f"{memory.name.lower()}_read")

        answered = refused | request.write
        memory = delayed(m, Value.cast(request.memory), late, name="memory")
        with m.If(~delayed(m, answered, late, name="answered")), m.Switch(memory):
            for choice, word in read.items():
                with m.Case(choice.value):
                    m.d.comb += replies.i_payload.data.eq(word)
        m.d.comb += [
            replies.i_payload.refused.eq(delayed(m, refused, late, name="refused")),
            replies.i_valid.eq(arrived[-1]),
        ]
