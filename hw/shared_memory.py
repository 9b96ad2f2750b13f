"""A memory that a host fills, and that a unit reads, and perhaps writes, while the host waits."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hw.word_memory import host_stride

__all__ = ["SharedMemory"]

_LANE = 32


class SharedMemory(wiring.Component):
    """Holds `depth` words and has no registers but those of a block memory.

    The host sees a word as lanes of 32 bits, the lowest one at the lowest address, padded up to
    `stride` lanes, a power of two. What it writes to padding is dropped, and reads as 0.

    Both ports are the host's while `i_host`, else the unit's. A word that is written in one cycle
    can be read from the next; what a word holds before it is written is unspecified.

    Latency is 1 cycle from an address to its word; throughput one read and one write per cycle,
    with a single port one of both.

    Parameters
    ----------
    shape : shape-like
        Shape of a word, 1 bit or more.
    depth : int
        Words, 2 or more.
    single_port : bool
        Reads and writes have one address: the unit only reads. Such a memory may be one of the
        large ones that some parts have a few of.

    Members
    -------
    i_host : In(1)
    host_address : In(range(depth * stride))
        The lane that the host reads or writes; it stays until its word is there.
    host_write : In(1)
        `host_data` is written. Only while `i_host`.
    host_data : In(32)
    o_host_data : Out(32)
        What was read.
    read_address : In(range(depth))
    read_data : Out(shape)
    write_en : In(1)
    write_address : In(range(depth))
    write_data : In(shape)
        Not with a single port.
    """

    def __init__(self, shape, *, depth, single_port=False):
        self.width = Shape.cast(shape).width
        if self.width < 1:
            raise ValueError(f"a word of a memory must have 1 bit or more, not {self.width}")
        if depth < 2:
            raise ValueError(f"depth of a memory must be 2 or more, not {depth}")
        self.depth = depth
        self.single_port = single_port
        self.stride = host_stride(unsigned(self.width))
        members = {
            "i_host":       In(1),
            "host_address": In(range(depth * self.stride)),
            "host_write":   In(1),
            "host_data":    In(_LANE),
            "o_host_data":  Out(_LANE),
            "read_address": In(range(depth)),
            "read_data":    Out(shape),
        }
        if not single_port:
            members |= {
                "write_en":      In(1),
                "write_address": In(range(depth)),
                "write_data":    In(shape),
            }
        super().__init__(members)

    def elaborate(self, platform):
        m = Module()
        lane_bits = self.stride.bit_length() - 1
        lane, host_word = self.host_address[:lane_bits], self.host_address[lane_bits:]
        read_address = Mux(self.i_host, host_word, self.read_address)
        words = []
        for n, first in enumerate(range(0, self.width, _LANE)):
            width = min(_LANE, self.width - first)
            memory = Memory(shape=unsigned(width), depth=self.depth, init=[])
            m.submodules[f"lane_{n}"] = memory
            read, write = memory.read_port(), memory.write_port()
            enable = self.host_write & (lane == n)
            m.d.comb += [
                read.addr.eq(read_address),
                write.addr.eq(read_address if self.single_port else host_word),
                write.en.eq(enable),
                write.data.eq(self.host_data[:width]),
            ]
            if self.single_port:
                m.d.comb += read.en.eq(~enable)
            else:
                with m.If(~self.i_host):
                    m.d.comb += [
                        write.addr.eq(self.write_address),
                        write.en.eq(self.write_en),
                        write.data.eq(Value.cast(self.write_data)[first:first + width]),
                    ]
            words.append(read.data)
        m.d.comb += Value.cast(self.read_data).eq(Cat(words))
        with m.Switch(lane):
            for n, word in enumerate(words):
                with m.Case(n):
                    m.d.comb += self.o_host_data.eq(word)
        return m
