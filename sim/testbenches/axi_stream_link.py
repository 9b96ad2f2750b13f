"""The link over AXI4-Stream, between cocotbext-axi's source and sink."""

from collections.abc import Sequence
from typing import Any

import cocotb

from hw.axi_stream_link import AxiStreamLink
from hw.host_port import HostMemory
from hw.packet import MAX_WORDS, Command, Result
from sim import clock
from sim.axi import AxiStreamLine
from sim.core_model import CoreModel
from sim.environment import generator
from sim.link_packets import Reply, request
from sim.stalls import StallPattern
from sim.testbench import Testbench

TESTBENCH = Testbench(build=AxiStreamLink, everyday=[{}])

_PATTERNS = ["NEVER", "ALTERNATE", "RANDOM", "LONG"]


class _Bench:
    def __init__(self, dut: Any, source: str = "NEVER", sink: str = "NEVER") -> None:
        self.core = CoreModel(dut, words=1000)
        self.line = AxiStreamLine(dut, source=StallPattern[source], sink=StallPattern[sink])

    async def send(self, words: Sequence[int]) -> None:
        await self.line.send(b"".join(word.to_bytes(4, "little") for word in words))

    async def reply(self) -> Reply:
        data = await self.line.receive(20_000 * clock.CLOCK_PERIOD_NS)
        parts = [data[n : n + 4] for n in range(0, len(data), 4)]
        return Reply.parse([int.from_bytes(part, "little") for part in parts])


@cocotb.test()
@cocotb.parametrize(source=_PATTERNS, sink=_PATTERNS)
async def frames_are_packets(dut: Any, source: str, sink: str) -> None:
    """Requests of every length, sent without waiting for the replies before them."""
    await clock.start(dut)
    bench, random = _Bench(dut, source, sink), generator("frames", source, sink)
    written = []
    for sequence, length in enumerate((1, 2, 17, MAX_WORDS)):
        data = random.integers(1 << 32, size=length).tolist()
        written.append(data)
        where = {"memory": HostMemory.PARAMETER, "address": 10 * sequence}
        await bench.send(request(data, sequence=2 * sequence, command=Command.WRITE, **where))
        read = {"command": Command.READ, "count": length}
        await bench.send(request(sequence=2 * sequence + 1, **read, **where))
    for sequence, data in enumerate(written):
        first, second = await bench.reply(), await bench.reply()
        assert first.fields["sequence"] == 2 * sequence
        assert first.fields["result"] is Result.DONE
        assert second.payload == data
    assert bench.line.sink.empty()


@cocotb.test()
async def broken_frames_do_nothing(dut: Any) -> None:
    """Too short, too long, changed: dropped, and the next one is answered."""
    await clock.start(dut)
    bench = _Bench(dut, "RANDOM", "RANDOM")
    whole = request([1, 2, 3], sequence=1, command=Command.WRITE)
    broken = [whole[:n] for n in range(1, len(whole))]
    broken += [[*whole, 5], whole + whole, [*whole[:-1], whole[-1] ^ 1]]
    for sequence, words in enumerate(broken):
        await bench.send(words)
        await bench.send(request(sequence=sequence, command=Command.STATUS))
        assert (await bench.reply()).fields["sequence"] == sequence
    assert bench.core.writes == []
