"""A memory of one writing and one reading port, and coroutines that compare it with a list."""

import cocotb
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from sim import clock
from sim.environment import generator, parameters

CYCLES = 1500


class TestedMemory(wiring.Component):
    """Words of `width` bits, of which parts of `part` bits are written."""

    __test__ = False

    def __init__(self, *, width, depth, part):
        self.width, self.depth, self.part = width, depth, part
        super().__init__(
            {
                "write_address": In(range(depth)),
                "write_enable": In(width // part),
                "write_data": In(width),
                "read_address": In(range(depth)),
                "read_enable": In(1),
                "read_data": Out(width),
            }
        )

    def elaborate(self, platform):
        m = Module()
        m.submodules.words = words = Memory(shape=self.width, depth=self.depth, init=[])
        write = words.write_port(granularity=None if self.part == self.width else self.part)
        read = words.read_port()
        m.d.comb += [
            write.addr.eq(self.write_address),
            write.en.eq(self.write_enable),
            write.data.eq(self.write_data),
            read.addr.eq(self.read_address),
            read.en.eq(self.read_enable),
            self.read_data.eq(read.data),
        ]
        return m


@cocotb.test()
async def every_word_is_what_was_written(dut):
    """All words are written, then parts of any, while any other one is read."""
    width, depth, part = (parameters()[name] for name in ("width", "depth", "part"))
    random, words = generator("memory"), [0] * depth
    await clock.start(dut)
    everything = (1 << width // part) - 1
    before = expected = None
    for cycle in range(depth + CYCLES):
        address = cycle if cycle < depth else int(random.integers(depth))
        enable = everything if cycle < depth else int(random.integers(everything + 1))
        data = int.from_bytes(random.bytes(-(-width // 8)), "little") % (1 << width)
        reads = cycle > 0 and bool(random.integers(2))
        seen = int(random.integers(min(cycle, depth))) if cycle else 0
        if seen == address:
            enable = 0 if cycle >= depth else enable
            reads = reads and cycle >= depth
        for port, value in (
            *(("write_address", address), ("write_enable", enable), ("write_data", data)),
            *(("read_address", seen), ("read_enable", int(reads))),
        ):
            getattr(dut, port).value = value
        before, expected = expected, words[seen] if reads else expected
        mask = sum(((1 << part) - 1) << part * n for n in range(width // part) if enable >> n & 1)
        words[address] = words[address] & ~mask | data & mask
        await clock.edge(dut)
        if before is not None:
            assert int(dut.read_data.value) == before, f"cycle {cycle}"
