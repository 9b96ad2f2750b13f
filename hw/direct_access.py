"""Serves the host's requests from memories that are near."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.host_port import HostMemory, HostPort
from hw.register_map import REGISTERS

__all__ = ["DirectAccess"]

_WORD = 32
_RUN = REGISTERS["run"].word


class DirectAccess(wiring.Component):
    """Reads and writes the memories and registers, one request after the other.

    A request is refused if its address is outside, if it writes a register other than `run`, or if
    the accelerator runs and it is not a read of a register.

    A request is taken in the cycle after it came, so that it needs no registers here. Latency from
    there to its reply is 1 cycle; throughput one request in two cycles.

    Parameters
    ----------
    sizes : Mapping of HostMemory to int
        Words of 32 bits of each memory that is not the registers.

    Members
    -------
    host : In(HostPort())
        Requests and replies.
    i_running : In(1)
        The accelerator runs.
    i_registers : In(REGISTERS.layout)
        What the registers read as.
    o_run : Out(1)
        Starts the jobs at `o_data`.
    o_address : Out(32)
        The word that is read or written, for two cycles.
    o_data : Out(32)
        What is written.
    o_write : Out(len(HostMemory))
        The memory that is written, a bit each.
    i_program, i_weight, i_parameter, i_activation : In(32)
        What was read, a cycle after its address.
    """

    def __init__(self, *, sizes):
        self.sizes = dict(sizes)
        super().__init__({
            "host":         In(HostPort()),
            "i_running":    In(1),
            "i_registers":  In(REGISTERS.layout),
            "o_run":        Out(1),
            "o_address":    Out(_WORD),
            "o_data":       Out(_WORD),
            "o_write":      Out(len(HostMemory)),
            "i_program":    In(_WORD),
            "i_weight":     In(_WORD),
            "i_parameter":  In(_WORD),
            "i_activation": In(_WORD),
        })

    def elaborate(self, platform):
        m = Module()
        request, reply = self.host.request, self.host.reply
        address = request.payload.address
        is_register = request.payload.memory == HostMemory.REGISTER
        reads_register = is_register & ~request.payload.write & (address < REGISTERS.words)
        has = Signal(len(HostMemory))
        m.d.comb += [
            has[memory.value].eq((request.payload.memory == memory) & (address < size))
            for memory, size in self.sizes.items()
        ]
        m.d.comb += has[HostMemory.REGISTER.value].eq(
            is_register & request.payload.write & (address == _RUN))
        served = reads_register | (has.any() & ~self.i_running)

        m.d.sync += request.ready.eq(request.valid & ~request.ready)
        writes = request.valid & ~request.ready & request.payload.write & ~self.i_running
        m.d.comb += [
            self.o_address.eq(address),
            self.o_data.eq(request.payload.data),
            self.o_write.eq(Mux(writes, has, 0)),
            self.o_run.eq(self.o_write[HostMemory.REGISTER.value]),
        ]

        refused = Signal()
        m.d.sync += reply.valid.eq(request.ready)
        # A run is served although it makes the accelerator run.
        with m.If(~request.ready):
            m.d.sync += refused.eq(~served)
        m.d.sync += reply.payload.eq(0)
        with m.If(~refused & ~request.payload.write):
            m.d.sync += reply.payload.data.eq(self._word(m, request.payload))
        m.d.sync += reply.payload.refused.eq(refused)
        return m

    def _word(self, m, request):
        """Return what was read."""
        word, register = Signal(_WORD), Signal(_WORD)
        words = Value.cast(self.i_registers)
        with m.Switch(request.address[:(REGISTERS.words - 1).bit_length()]):
            for index in range(REGISTERS.words):
                with m.Case(index):
                    m.d.comb += register.eq(words[_WORD * index:][:_WORD])
        with m.Switch(request.memory):
            for memory in self.sizes:
                with m.Case(memory):
                    m.d.comb += word.eq(getattr(self, f"i_{memory.name.lower()}"))
            with m.Default():
                m.d.comb += word.eq(register)
        return word
