"""A memory that a unit reads word by word and a host 32 bits at a time."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hw.pipeline import delayed, registered
from hw.word_port import WordPort

__all__ = ["WordMemory", "host_stride"]

_LANE = 32


def host_stride(shape):
    """Return how many words of 32 bits the host sees of a word of a shape, padding included."""
    lanes = -(-Shape.cast(shape).width // _LANE)
    return 1 << (lanes - 1).bit_length()


class WordMemory(wiring.Component):
    """Holds `depth` words; has one write port and one read port.

    The host sees a word as lanes of 32 bits, the lowest one at the lowest address, padded up to
    `stride` lanes, a power of two. What it writes to padding is dropped, and reads as 0.

    The read port is the host's while `i_host`, else the unit's, which stops the whole read pipeline
    in cycles without `unit.en`. A word that is written in one cycle can be read from the next; what
    a word holds before it is written is unspecified.

    Latency is `READ_LATENCY` cycles with `unit.en` to the unit, `HOST_LATENCY` cycles to the host;
    throughput one read and one write per cycle.

    Parameters
    ----------
    shape : shape-like
        Shape of a word, 1 bit or more.
    depth : int
        Words, 2 or more.

    Members
    -------
    i_host : In(1)
        The read port belongs to the host.
    host_address : In(range(depth * stride))
        The lane that the host reads or writes.
    host_write : In(1)
        `host_data` is written.
    host_data : In(32)
    o_host_data : Out(32)
        What was read.
    unit : In(WordPort(shape, depth))
        What the unit reads.
    """

    READ_LATENCY = 2
    HOST_LATENCY = READ_LATENCY + 1

    def __init__(self, shape, *, depth):
        self.width = Shape.cast(shape).width
        if self.width < 1:
            raise ValueError(f"a word of a memory must have 1 bit or more, not {self.width}")
        if depth < 2:
            raise ValueError(f"depth of a memory must be 2 or more, not {depth}")
        self.depth = depth
        super().__init__({
            "i_host":       In(1),
            "host_address": In(range(depth * self.stride)),
            "host_write":   In(1),
            "host_data":    In(_LANE),
            "o_host_data":  Out(_LANE),
            "unit":         In(WordPort(shape, depth=depth)),
        })

    @property
    def lanes(self):
        """Lanes of 32 bits that are stored of a word."""
        return -(-self.width // _LANE)

    @property
    def stride(self):
        """Lanes from a word to the next as the host sees them."""
        return host_stride(unsigned(self.width))

    def elaborate(self, platform):
        m = Module()

        stored = self.lanes * _LANE
        m.submodules.words = words = Memory(shape=unsigned(stored), depth=self.depth, init=[])
        write, read = words.write_port(granularity=_LANE), words.read_port()

        lane_bits = self.stride.bit_length() - 1
        lane, host_word = self.host_address[:lane_bits], self.host_address[lane_bits:]
        advance = self.i_host | self.unit.en
        m.d.comb += [
            write.addr.eq(host_word),
            write.data.eq(self.host_data.replicate(self.lanes)),
            Cat(write.en).eq(Cat((lane == n) & self.host_write for n in range(self.lanes))),
            read.addr.eq(Mux(self.i_host, host_word, self.unit.address)),
            read.en.eq(advance),
        ]
        data = Signal(stored, reset_less=True)
        with m.If(advance):
            m.d.sync += data.eq(read.data)
        m.d.comb += Value.cast(self.unit.data).eq(data[:self.width])

        chosen = Signal(_LANE)
        with m.Switch(delayed(m, lane, self.READ_LATENCY, name="lane")):
            for n in range(self.lanes):
                with m.Case(n):
                    m.d.comb += chosen.eq(data.word_select(n, _LANE))
        m.d.comb += self.o_host_data.eq(registered(m, chosen, name="host_data_out"))
        return m
