"""The link over a serial line: packets in bytes, garbage between them, pauses within."""

from collections.abc import Sequence
from typing import Any

import cocotb
from cocotb.triggers import Timer

from hw.host_port import HostMemory
from hw.packet import MAGIC, Command, Result
from hw.uart_link import UartLink
from sim import clock
from sim.core_model import CoreModel
from sim.environment import generator, parameters
from sim.link_packets import Reply, request
from sim.testbench import Testbench
from sim.uart_model import UartModel

TESTBENCH = Testbench(
    build=UartLink,
    everyday=[{"divisor": 4, "gap": 400}],
    long=[{"divisor": 7, "gap": 2000}, {"divisor": 4, "gap": 400, "buffered": False}],
)


def _bytes(words: Sequence[int]) -> bytes:
    return b"".join(word.to_bytes(4, "little") for word in words)


class _Bench:
    def __init__(self, dut: Any) -> None:
        self.core = CoreModel(dut)
        self._byte_ns = 10 * parameters()["divisor"] * clock.CLOCK_PERIOD_NS
        self.model = UartModel(dut, "i_rx", "o_tx", divisor=parameters()["divisor"])

    @classmethod
    async def start(cls, dut: Any) -> "_Bench":
        dut.i_rx.value = 1
        await clock.start(dut)
        dut.i_rx.value = 1
        await Timer(3, "ns")
        return cls(dut)

    async def replies(self) -> bytes:
        """Return all bytes that come until none comes for a while."""
        data = b""
        while came := await self.model.receive(4 * self._byte_ns):
            data += came
        assert self.model.broken == 0
        return data

    async def ask(self, words: Sequence[int]) -> Reply:
        await self.model.send(_bytes(words))
        data = await self.replies()
        parts = [data[n : n + 4] for n in range(0, len(data), 4)]
        return Reply.parse([int.from_bytes(part, "little") for part in parts])


@cocotb.test()
async def written_words_are_read(dut: Any) -> None:
    """Over the pins, back to back bytes, in every memory."""
    bench, random = await _Bench.start(dut), generator("words")
    for sequence, memory in enumerate(HostMemory):
        data = random.integers(1 << 32, size=int(random.integers(1, 9))).tolist()
        where = {"memory": memory, "address": 5}
        write: dict[str, Any] = {"sequence": 2 * sequence, "command": Command.WRITE, **where}
        assert (await bench.ask(request(data, **write))).fields["result"] is Result.DONE
        read = {"command": Command.READ, "count": len(data), **where}
        assert (await bench.ask(request(sequence=2 * sequence + 1, **read))).payload == data


@cocotb.test()
async def a_packet_that_stops_is_given_up(dut: Any) -> None:
    """Behind the gap the next one is answered, wherever the last one stopped."""
    bench = await _Bench.start(dut)
    whole = _bytes(request([1, 2], sequence=77, command=Command.WRITE))
    for sequence, length in enumerate(range(3, len(whole), 3)):
        await bench.model.send(whole[:length])
        await Timer((parameters()["gap"] + 10) * clock.CLOCK_PERIOD_NS, "ns")
        reply = await bench.ask(request(sequence=sequence, command=Command.STATUS))
        assert reply.fields["sequence"] == sequence
    assert bench.core.writes == []


@cocotb.test()
async def garbage_does_not_hang_it(dut: Any) -> None:
    """Random bytes, some behind a magic, a line that stays low, and then a packet."""
    bench, random = await _Bench.start(dut), generator("garbage")
    for _ in range(10):
        noise = bytes(random.integers(256, size=int(random.integers(40))).tolist())
        await bench.model.send(_bytes([MAGIC])[: int(random.integers(5))] + noise)
    await bench.model.send_bits([0] * 25 + [1])
    await Timer((parameters()["gap"] + 10) * clock.CLOCK_PERIOD_NS, "ns")
    assert await bench.replies() == b""
    reply = await bench.ask(request(sequence=1, command=Command.STATUS))
    assert reply.fields["sequence"] == 1
    assert bench.core.writes == []


@cocotb.test()
async def a_packet_that_comes_too_early_is_lost(dut: Any) -> None:
    """While another one is answered there is no room for it; the one answered is right."""
    bench = await _Bench.start(dut)
    # A read puts out, unused, what stands in the packet memory, which begins unknown.
    await bench.ask(request([0] * 40, sequence=0, command=Command.WRITE))
    read = request(sequence=1, command=Command.READ, count=40)
    early = request([9], sequence=2, command=Command.WRITE)
    await bench.model.send(_bytes(read) + _bytes(early) * 3)
    data = await bench.replies()
    words = [int.from_bytes(data[n : n + 4], "little") for n in range(0, 4 * 45, 4)]
    assert Reply.parse(words).payload == [0] * 40
    await Timer((parameters()["gap"] + 10) * clock.CLOCK_PERIOD_NS, "ns")
    reply = await bench.ask(request(sequence=3, command=Command.STATUS))
    assert reply.fields["sequence"] == 3
