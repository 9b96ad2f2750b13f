"""A two-entry buffer that cuts every combinational path of a stream."""

from amaranth.hdl import *
from amaranth.lib import stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

__all__ = ["StreamBuffer"]


class StreamBuffer(wiring.Component):
    """Passes payloads on in order, with no combinational path between its two sides.

    `i.ready` and `o.valid` are registers; `o.payload` is one of two registers, which `o.ready` does
    not enable: a wide payload costs its reader no fan-out. With `at_output` it is always the same
    register, with nothing between it and the reader, whose `o.ready` enables it.

    Latency is 1 cycle; throughput one payload per cycle under any pattern of stalls.

    Parameters
    ----------
    shape : shape-like
        Shape of the payload.
    in_memory : bool
        The two registers are words of a memory that is read in the same cycle: fewer flip-flops
        where there are memories made of look-up tables, for a payload that is wide.
    at_output : bool
        A payload is in the register at the output when it is seen. Not together with `in_memory`.
    eager : bool
        `o.ready` is 1 whenever `o.valid` is 0, and so needs nothing beside it `at_output`.

    Members
    -------
    i : In(stream.Signature(shape))
    o : Out(stream.Signature(shape))
    """

    LATENCY = 1
    ENTRIES = 2

    def __init__(self, shape, *, in_memory=False, at_output=False, eager=False):
        if in_memory and at_output:
            raise ValueError("at_output must be False for a buffer in_memory")
        self._shape = shape
        self.in_memory = in_memory
        self.at_output = at_output
        self.eager = eager
        super().__init__({
            "i": In(stream.Signature(shape)), "o": Out(stream.Signature(shape)),
        })

    def elaborate(self, platform):
        m = Module()
        if self.at_output:
            self._queue(m)
        else:
            self._alternate(m)
        return m

    def _queue(self, m):
        """Add a register at the output and one behind it, which takes whatever is there."""
        front, second = (
            Signal(self._shape, name=name, reset_less=True) for name in ("front", "second"))
        has_second, free = Signal(), Signal()
        m.d.comb += [
            self.i.ready.eq(~has_second),
            self.o.payload.eq(front),
            free.eq(self.o.ready if self.eager else self.o.ready | ~self.o.valid),
        ]
        with m.If(~has_second):
            m.d.sync += second.eq(self.i.payload)
        with m.If(free):
            m.d.sync += [
                Value.cast(front).eq(Mux(
                    has_second, Value.cast(second), Value.cast(self.i.payload))),
                self.o.valid.eq(has_second | self.i.valid),
            ]
        m.d.sync += has_second.eq(~free & (has_second | self.i.valid))

    def _alternate(self, m):
        """Add two registers that are written and read in turn."""
        # The one to write takes what comes until it is full.
        write, read = Signal(), Signal()
        free = Signal(init=1)
        valid = Signal()
        put, take = Signal(), Signal()
        m.d.comb += [
            self.i.ready.eq(free),
            self.o.valid.eq(valid),
            put.eq(self.i.valid & free),
            take.eq(self.o.ready & valid),
        ]
        stored = (
            self._in_memory(m, free, write, read) if self.in_memory
            else self._in_registers(m, write, read))
        m.d.comb += Value.cast(self.o.payload).eq(stored)
        # Where both are free or full, `write` and `read` are the same entry.
        both = write == read
        m.d.sync += [
            write.eq(write ^ put),
            read.eq(read ^ take),
            valid.eq(Mux(valid, ~take | put | both, put)),
            free.eq(Mux(free, ~put | take | both, take)),
        ]

    def _in_registers(self, m, write, read):
        """Add two registers, and return the one to read."""
        entries = [
            Signal(self._shape, name=f"entry_{n}", reset_less=True) for n in range(self.ENTRIES)
        ]
        # An empty one takes whatever is there, so that nothing but a register enables it.
        for n, entry in enumerate(entries):
            empty = Signal(name=f"empty_{n}", init=1)
            with m.If(empty):
                m.d.sync += [
                    entry.eq(self.i.payload), empty.eq(~(self.i.valid & (write == n))),
                ]
            with m.Else():
                m.d.sync += empty.eq(self.o.ready & (read == n))
        return Mux(read, *map(Value.cast, reversed(entries)))

    def _in_memory(self, m, free, write, read):
        """Add a memory of two words, and return the one to read."""
        width = Shape.cast(self._shape).width
        m.submodules.entries = entries = Memory(shape=unsigned(width), depth=self.ENTRIES, init=[])
        put, get = entries.write_port(), entries.read_port(domain="comb")
        m.d.comb += [
            put.addr.eq(write), put.data.eq(Value.cast(self.i.payload)), put.en.eq(free),
            get.addr.eq(read),
        ]
        return get.data
