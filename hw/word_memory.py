"""A memory that a unit reads word by word and a host 32 bits at a time."""

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from hw.pipeline import copied, delayed, registered
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

    The read port is the host's from the cycle after `i_host`, else the unit's. A word that is
    written in one cycle can be read by the host from the next, by the unit from the one after that;
    what a word holds before it is written is unspecified.

    Block memories stand far apart, and far from whoever uses them. So a memory of many is made of
    slices with address registers of their own, and there is a register behind every long way.

    Latency is `READ_LATENCY` cycles to the unit, `HOST_LATENCY` cycles to the host; throughput one
    read and one write per cycle.

    Parameters
    ----------
    shape : shape-like
        Shape of a word, 1 bit or more.
    depth : int
        Words, 2 or more.
    slice_bits : int
        Bits that one address register serves, 1 or more; what eight block memories of an ECP5 hold.

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

    READ_LATENCY = 4
    """Cycles of a read: address, memory, its output register, and one behind it."""

    HOST_LATENCY = READ_LATENCY + 2
    """Cycles from the host's address to its word."""

    def __init__(self, shape, *, depth, slice_bits=1 << 17):
        self.width = Shape.cast(shape).width
        if self.width < 1:
            raise ValueError(f"a word of a memory must have 1 bit or more, not {self.width}")
        if depth < 2:
            raise ValueError(f"depth of a memory must be 2 or more, not {depth}")
        if slice_bits < 1:
            raise ValueError(f"slice_bits must be 1 or more, not {slice_bits}")
        self.depth = depth
        self.slice_bits = slice_bits
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

    @property
    def slices(self):
        """Parts of a word that have address registers of their own: 1, or parts of lanes."""
        bits = self.lanes * _LANE * self.depth
        if bits <= self.slice_bits:
            return 1
        in_lane = 1
        while in_lane < _LANE and bits > self.slice_bits * self.lanes * in_lane:
            in_lane *= 2
        return self.lanes * in_lane

    def elaborate(self, platform):
        m = Module()
        lane_bits = self.stride.bit_length() - 1
        lane, host_word = self.host_address[:lane_bits], self.host_address[lane_bits:]
        writes = Cat((lane == n) & self.host_write for n in range(self.lanes))
        is_host, host_word, write, data = (
            registered(m, value, name=name) for name, value in (
                ("is_host", self.i_host), ("host_word", host_word), ("host_writes", writes),
                ("host_data_in", self.host_data))
        )
        address = Mux(is_host, host_word, self.unit.address)

        read = Cat(
            self._slice(m, number, address, host_word, data, write) for number in range(self.slices)
        )
        m.d.comb += Value.cast(self.unit.data).eq(read[:self.width])

        chosen = Signal(_LANE)
        # All memories have the same address: synthesis would have one register for them.
        late = delayed(m, lane, self.HOST_LATENCY - 2, name="lane")
        with m.Switch(copied(m, late, 1, name="lane_there")[0]):
            for n in range(self.lanes):
                with m.Case(n):
                    m.d.comb += chosen.eq(read.word_select(n, _LANE))
        m.d.comb += self.o_host_data.eq(registered(m, chosen, name="host_data_out"))
        return m

    def _slice(self, m, number, read_address, host_word, host_data, writes):
        """Add a slice of the memory, and return what was read of it."""
        width = self.lanes * _LANE // self.slices
        granularity = min(width, _LANE)
        memory = Memory(shape=unsigned(width), depth=self.depth, init=[])
        m.submodules[f"slice_{number}"] = memory
        write, read = memory.write_port(granularity=granularity), memory.read_port()

        first = number * width
        values = {
            "read_address":  read_address,
            "write_address": host_word,
            "write_data":    host_data[first % _LANE:][:granularity],
            "write_enable":  writes[first // _LANE:-(-(first + width) // _LANE)],
        }
        values = {
            name: copied(m, value, 1, name=f"{name}_{number}")[0]
            for name, value in values.items()
        }
        m.d.comb += [
            write.addr.eq(values["write_address"]),
            write.data.eq(values["write_data"].replicate(width // granularity)),
            Cat(write.en).eq(values["write_enable"]),
            read.addr.eq(values["read_address"]),
            read.en.eq(1),
        ]
        # The first register becomes the memory's own, the second one is at the end of its wires.
        return delayed(m, read.data, self.READ_LATENCY - 2, name=f"read_data_{number}")
