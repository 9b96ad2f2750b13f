"""Serves the host's requests from the memories and registers."""

from functools import reduce
from operator import or_

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.counters import Counters
from hw.host_port import HOST_REQUEST, HostMemory, HostPort
from hw.pipeline import delayed, named, registered
from hw.register_map import COUNTERS, REGISTERS

__all__ = ["HostAccess"]

_WORD = 32
_RUN = REGISTERS["run"].word
_COUNTER = REGISTERS[COUNTERS[0]].word


class HostAccess(wiring.Component):
    """Reads and writes the memories and registers, one request after the other.

    A request is refused if its address is outside, if it writes a register other than `run`, or if
    the accelerator runs and it is not a read of a register.

    Latency from a request to its reply is `latency` cycles; throughput one request per cycle. A
    register is read when all earlier requests are answered, and a counter when it comes by; its
    reply comes `REGISTER_LATENCY` cycles later.

    Parameters
    ----------
    sizes : Mapping of HostMemory to int
        Words of 32 bits of each memory.
    latencies : Mapping of HostMemory to int
        Cycles from `o_address` to what was read of each memory, 1 or more.

    Members
    -------
    host : In(HostPort())
        Requests and replies.
    i_running : In(1)
        The accelerator runs.
    i_registers : In(REGISTERS.layout)
        What the registers read as, but for the counters.
    i_counter : In(32)
        The counter that came by `Counters.LATE` cycles before.
    i_counter_index : In(range(len(COUNTERS)))
        The one that comes by now.
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

    REGISTER_LATENCY = 2 + Counters.LATE

    _MEMORIES = (
        HostMemory.PROGRAM, HostMemory.WEIGHT, HostMemory.PARAMETER, HostMemory.ACTIVATION,
    )

    def __init__(self, *, sizes, latencies):
        self.sizes = dict(sizes)
        self.latencies = dict(latencies)
        super().__init__({
            "host":            In(HostPort()),
            "i_running":       In(1),
            "i_registers":     In(REGISTERS.layout),
            "i_counter":       In(_WORD),
            "i_counter_index": In(range(len(COUNTERS))),
            "o_run":           Out(1),
            "o_address":       Out(_WORD),
            "o_data":          Out(_WORD),
            "o_read":          Out(len(HostMemory)),
            "o_write":         Out(len(HostMemory)),
            "i_program":       In(_WORD),
            "i_weight":        In(_WORD),
            "i_parameter":     In(_WORD),
            "i_activation":    In(_WORD),
        })

    @property
    def latency(self):
        """Cycles from a request to its reply, if it is not a register that is read."""
        return 4 + max(self.latencies.values())

    def elaborate(self, platform):
        m = Module()
        # A request comes, and a cycle later it is known whether there is what it asks for.
        first = Signal(HOST_REQUEST, reset_less=True)
        request = Signal(HOST_REQUEST, reset_less=True)
        comes, valid, blocked = Signal(), Signal(), Signal()
        moves = ~blocked
        port = self.host.request
        m.d.comb += port.ready.eq(moves | ~comes)
        with m.If(port.ready):
            m.d.sync += [first.eq(port.payload), comes.eq(port.valid)]
        has, reads, beyond = (
            Signal(bits, name=name, reset_less=True)
            for name, bits in (("has", len(HostMemory)), ("reads", 1), ("beyond", 1)))
        near = max(self.sizes.values()).bit_length()
        holds = named(m, self._holding(first, first.address[:near]), name="holds")
        with m.If(moves):
            m.d.sync += [
                request.eq(first), valid.eq(comes), has.eq(holds),
                reads.eq(holds[HostMemory.REGISTER.value] & ~first.write),
                beyond.eq(first.address[near:].any()),
            ]

        running = Signal()
        barred = named(m, beyond | (running & ~reads), name="barred")
        refused = named(m, barred | ~has.any(), name="is_refused")
        reads_register = named(m, reads & ~beyond, name="reads_register")
        # The memories are far away, and many.
        served = named(m, Mux(valid & ~barred, has, 0), name="served")
        m.d.comb += [
            self.o_address.eq(registered(m, request.address, name="address")),
            self.o_data.eq(registered(m, request.data, name="data")),
            self.o_run.eq(self.o_write[HostMemory.REGISTER.value]),
        ]
        starts = served[HostMemory.REGISTER.value] & request.write
        m.d.sync += running.eq(self.i_running | starts)
        m.d.sync += [
            self.o_write.eq(Mux(request.write, served, 0)),
            self.o_read.eq(Mux(request.write, 0, served)),
        ]

        # What is under way from a memory, and whether its reply says that it was refused.
        late = max(self.latencies.values())
        under_way, refusals = Signal(2 + late), Signal(2 + late)
        waiting = named(m, valid & moves & ~reads_register, name="waiting")
        m.d.sync += [
            under_way.eq(Cat(waiting, under_way)[:-1]),
            refusals.eq(Cat(refused, refusals)[:-1]),
        ]
        earlier = registered(m, waiting | under_way[:-2].any(), name="earlier")
        m.d.sync += blocked.eq(self._blocks(m, first, comes, blocked, waiting | earlier))

        told = delayed(m, valid & moves & reads_register, Counters.LATE, name="told")
        word = Mux(told, self._register(m, request), self._memory_word(m, late))
        m.d.comb += [
            self.host.reply.valid.eq(told | under_way[-1]),
            self.host.reply.payload.data.eq(word),
            self.host.reply.payload.refused.eq(refusals[-1] & ~told),
        ]
        return m

    def _blocks(self, m, first, comes, blocked, under_way):
        """Return whether the request that stands there in the next cycle has to wait in it.

        A read of a register waits for what is `under_way`, and one of a counter until its counter
        came by in the cycle before. That there is no such register is not known yet.
        """
        register = first.address[:(REGISTERS.words - 1).bit_length()]
        asks = comes & (first.memory == HostMemory.REGISTER) & ~first.write
        counts = named(m, self._is_counter(register), name="counts")
        is_counter = Signal(reset_less=True)
        index = Signal.like(self.i_counter_index, name="counter_index", reset_less=True)
        with m.If(~blocked):
            m.d.sync += [is_counter.eq(counts), index.eq((register - _COUNTER)[:len(index)])]
        passes = registered(m, blocked & (index == self.i_counter_index), name="passes")
        return Mux(blocked, under_way | (is_counter & ~passes), asks & (under_way | counts))

    def _holding(self, request, address):
        """Return what holds what a request asks for at an address, a bit for each `HostMemory`."""
        holds = {
            memory: (request.memory == memory) & (address < size)
            for memory, size in self.sizes.items()
        }
        holds[HostMemory.REGISTER] &= ~request.write | (address == _RUN)
        return Cat(holds[memory] for memory in HostMemory)

    @staticmethod
    def _is_counter(register):
        """Return whether that register is a counter."""
        return (register >= _COUNTER) & (register < _COUNTER + len(COUNTERS))

    def _register(self, m, request):
        """Return the register that was read `Counters.LATE` cycles ago."""
        words = Value.cast(self.i_registers)
        index = request.address[:(REGISTERS.words - 1).bit_length()]
        is_counter = delayed(m, self._is_counter(index), Counters.LATE - 1, name="is_counter_word")
        chosen = Cat(index == n for n in range(_COUNTER))
        chosen = delayed(m, chosen, Counters.LATE - 2, name="chosen")
        word = reduce(or_, (
            Mux(chosen[n], words.word_select(n, _WORD), 0) for n in range(_COUNTER)))
        # That a counter came by is known a cycle later.
        counter = registered(m, self.i_counter, name="counter")
        word = Mux(is_counter, counter, registered(m, word, name="register"))
        return registered(m, word, name="register_word")

    def _memory_word(self, m, late):
        """Return what was read of a memory `late` cycles ago, and came a cycle ago, or 0."""
        reads, word = self.o_read, None
        for cycle in range(1, late + 1):
            reads = registered(m, reads, name=f"reads_{cycle}")
            if word is not None:
                word = registered(m, word, name=f"word_{cycle}")
            for memory in self._MEMORIES:
                if self.latencies[memory] == cycle:
                    read = Mux(reads[memory.value], getattr(self, f"i_{memory.name.lower()}"), 0)
                    word = read if word is None else word | read
        return registered(m, word, name="memory_word")
