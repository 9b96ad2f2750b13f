"""The link: what is asked is done once and answered; what is not whole does nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cocotb
from cocotb.triggers import SimTimeoutError, with_timeout

from hw.host_port import HostMemory
from hw.link import Link
from hw.packet import MAGIC, MAX_WORDS, STATUS_WORDS, Command, Result
from hw.packet_sender import PacketSender
from hw.register_map import REGISTERS
from sim import clock
from sim.core_model import CoreModel
from sim.environment import generator, parameters
from sim.link_packets import Reply, beats, request
from sim.stalls import StallPattern
from sim.streams import StreamDriver, StreamMonitor
from sim.testbench import Testbench

TESTBENCH = Testbench(
    build=Link,
    everyday=[{"crc_width": 32}, {"crc_width": 8}, {"crc_width": 8, "buffered": False}],
    long=[{"crc_width": 32, "buffered": False}, {"crc_width": 16}],
)

_PATIENCE = 20_000
_CORE_WORDS = 200_000


@dataclass
class _Bench:
    """A link between two streams and a core."""

    core: CoreModel
    driver: StreamDriver
    monitor: StreamMonitor

    @classmethod
    async def start(cls, dut: Any, source: str = "NEVER", sink: str = "NEVER") -> "_Bench":
        await clock.start(dut)
        return cls(
            CoreModel(
                dut,
                requests=StallPattern[sink],
                replies=StallPattern[source],
                words=_CORE_WORDS,
            ),
            StreamDriver(dut, "i", stalls=StallPattern[source]),
            StreamMonitor(dut, "o", stalls=StallPattern[sink]),
        )

    async def send(self, words: Sequence[int]) -> None:
        """Send a packet; whatever it is, the link must take it."""
        sending = self.driver.start(beats(words))
        try:
            await with_timeout(sending, _PATIENCE * clock.CLOCK_PERIOD_NS, "ns")
        except SimTimeoutError:
            raise AssertionError(f"i: a packet is not taken within {_PATIENCE} cycles") from None

    async def replies(self, count: int) -> list[Reply]:
        """Return the first replies since the beginning; there must not be more."""
        words: list[int] = []
        replies: list[Reply] = []
        while len(replies) < count:
            sent = len(words)
            await self.monitor.receive(sent + 1, within=_PATIENCE)
            beat = self.monitor.beats[sent]
            words.append(beat & 0xFFFFFFFF)
            if beat >> 32:
                start = sum(len(reply.payload) + 5 for reply in replies)
                replies.append(Reply.parse(words[start:]))
        return replies

    async def ask(self, words: Sequence[int]) -> Reply:
        """Send a request and return the reply to it, the only one."""
        before = sum(beat >> 32 for beat in self.monitor.beats)
        await self.send(words)
        return (await self.replies(before + 1))[-1]


def _pace() -> int:
    """Cycles that the CRC takes for a word."""
    return 32 // int(parameters()["crc_width"])


def _address(fields: dict[str, Any]) -> tuple[HostMemory, int]:
    return HostMemory(fields["memory"]), fields["address"]


@cocotb.test()
@cocotb.parametrize(
    source=[pattern.name for pattern in StallPattern.of_sources()],
    sink=[pattern.name for pattern in StallPattern],
)
async def written_words_are_read(dut: Any, source: str, sink: str) -> None:
    """In every memory, and the reply repeats what was asked; with every pattern of stalls."""
    bench = await _Bench.start(dut, source, sink)
    random = generator("write", source, sink)
    for sequence, memory in enumerate(HostMemory):
        count, start = int(random.integers(1, 12)), int(random.integers(500))
        if random.random() < 0.5:  # across a carry from the lower half of an address
            start = 0x30000 - int(random.integers(1, count + 1))
        data = random.integers(1 << 32, size=count).tolist()
        where: dict[str, Any] = {"memory": memory, "address": start}
        write: dict[str, Any] = {"sequence": 2 * sequence, "command": Command.WRITE, **where}
        read: dict[str, Any] = {
            "sequence": 2 * sequence + 1,
            "command": Command.READ,
            "count": count,
            **where,
        }
        reply = await bench.ask(request(data, **write))
        assert reply.payload == []
        assert reply.fields.items() >= {**write, "result": Result.DONE}.items()
        reply = await bench.ask(request(**read))
        assert reply.payload == data
        assert reply.fields.items() >= {**read, "result": Result.DONE}.items()
        assert [word for _, _, word in bench.core.writes[-count:]] == data


@cocotb.test()
async def the_longest_packets(dut: Any) -> None:
    """As many words as a packet may carry, in and out, as fast as the CRC is."""
    pace = _pace()
    bench = await _Bench.start(dut)
    data = generator("longest").integers(1 << 32, size=MAX_WORDS).tolist()
    where: dict[str, Any] = {"memory": HostMemory.WEIGHT, "address": 7}
    await bench.ask(request(data, sequence=1, command=Command.WRITE, **where))
    taken = bench.driver.cycles
    assert taken[-1] - taken[0] == (MAX_WORDS + 4) * pace
    reply = await bench.ask(request(sequence=2, command=Command.READ, count=MAX_WORDS, **where))
    assert reply.payload == data
    given = bench.monitor.cycles[-(MAX_WORDS + 5) :]
    # Where the CRC takes several cycles, the next word is one more behind it. The CRC itself goes
    # out as soon as it is there.
    words = MAX_WORDS + 4
    late = words * pace + (words - 1) * (pace > 1) - 1 + PacketSender.CRC_AFTER
    assert given[-1] - given[0] == late, "a bubble within a reply"


@cocotb.test()
async def latency(dut: Any) -> None:
    """From the last word of a request for one word to the first of its reply."""
    bench = await _Bench.start(dut)
    for sequence in range(3):
        asked = request(sequence=sequence, command=Command.READ, count=1)
        await bench.ask(asked)
        found = bench.monitor.cycles[-6] - bench.driver.cycles[-1]
        assert found == Link(**parameters()).latency, f"a latency of {found}"


@cocotb.test()
async def run_and_status(dut: Any) -> None:
    """RUN writes its address to one register, and STATUS reads those from `state` on."""
    bench = await _Bench.start(dut)
    reply = await bench.ask(request(sequence=5, command=Command.RUN, address=0xCAFE1230))
    assert (reply.fields["result"], reply.payload) == (Result.DONE, [])
    assert bench.core.runs == [0xCAFE1230]
    status = [0x1234, 0x5678]
    for number, word in enumerate(status):
        bench.core.memory[HostMemory.REGISTER, REGISTERS["state"].word + number] = word
    reply = await bench.ask(request(sequence=6, command=Command.STATUS))
    assert (reply.fields["result"], reply.payload) == (Result.DONE, status)
    assert len(reply.payload) == STATUS_WORDS


@cocotb.test()
async def the_same_number_is_not_done_twice(dut: Any) -> None:
    """A repeated write or run is answered as before; a read is done again."""
    bench = await _Bench.start(dut)
    for sequence, refused in ((0, False), (1, True), (0xFFFF, False), (0, False)):
        address = _CORE_WORDS if refused else 3
        write = request([7], sequence=sequence, command=Command.WRITE, address=address)
        before = len(bench.core.writes)
        first = await bench.ask(write)
        assert first.fields["result"] is (Result.REFUSED if refused else Result.DONE)
        for _ in range(2):
            assert await bench.ask(write) == first
        assert len(bench.core.writes) == before + (not refused)
    for sequence in (1, 2):
        run = request(sequence=sequence, command=Command.RUN, address=sequence)
        assert await bench.ask(run) == await bench.ask(run)
    assert bench.core.runs == [1, 2]
    read = request(sequence=3, command=Command.READ, address=3, count=1)
    assert await bench.ask(read) == await bench.ask(read)
    assert bench.core.reads == 2


@cocotb.test()
async def a_new_number_is_done(dut: Any) -> None:
    """Equal writes and runs with numbers of their own are all done, with number 0 first as well."""
    bench = await _Bench.start(dut)
    for sequence in (0, 1, 0, 2):
        await bench.ask(request(sequence=sequence, command=Command.RUN, address=1))
    assert len(bench.core.runs) == 4


@cocotb.test()
async def refused_words(dut: Any) -> None:
    """One word that the core refuses makes a write refused, and a read refused and empty."""
    bench = await _Bench.start(dut)
    edge: dict[str, Any] = {"address": _CORE_WORDS - 3}
    write = await bench.ask(request([1, 2, 3, 4], sequence=1, command=Command.WRITE, **edge))
    assert (write.fields["result"], len(bench.core.writes)) == (Result.REFUSED, 3)
    read = await bench.ask(request(sequence=2, command=Command.READ, count=4, **edge))
    assert (read.fields["result"], read.payload) == (Result.REFUSED, [])
    read = await bench.ask(request(sequence=3, command=Command.READ, count=3, **edge))
    assert (read.fields["result"], read.payload) == (Result.DONE, [1, 2, 3])


_ILLEGAL: list[tuple[dict[str, Any], list[int]]] = [
    *(({"command": command}, []) for command in (0, *range(5, 16))),
    *(({"command": Command.WRITE, "memory": memory}, [1]) for memory in range(5, 16)),
    *(({"command": Command.READ, "memory": m, "count": 1}, []) for m in range(5, 16)),
    ({"command": Command.WRITE}, []),
    ({"command": Command.READ}, []),
    ({"command": Command.READ, "count": 1}, [1]),
    ({"command": Command.READ, "count": MAX_WORDS + 1}, []),
    ({"command": Command.READ, "count": 0xFFFF}, []),
    ({"command": Command.RUN}, [1]),
    ({"command": Command.STATUS}, [1]),
]


@cocotb.test()
async def illegal_requests(dut: Any) -> None:
    """What there is not is answered by ILLEGAL, and the core is not asked."""
    bench = await _Bench.start(dut)
    for sequence, (fields, payload) in enumerate(_ILLEGAL):
        reply = await bench.ask(request(payload, sequence=sequence, **fields))
        assert reply.fields.items() >= {"result": Result.ILLEGAL, "sequence": sequence}.items()
        assert reply.payload == [], f"a payload in the reply to {fields}"
    assert (bench.core.reads, bench.core.writes) == (0, [])


def _broken(key: str) -> list[tuple[str, list[int]]]:
    """Packets that must be dropped, each with its name."""
    random = generator(key)
    whole = request([11, 12, 13], sequence=9, command=Command.WRITE, address=1)
    frames = [(f"{length} words", whole[:length]) for length in range(1, len(whole))]
    frames += [("a word more", [*whole, 0]), ("twice", whole * 2)]
    for _ in range(40):
        word, bit = int(random.integers(len(whole))), int(random.integers(32))
        flipped = [*whole]
        flipped[word] ^= 1 << bit
        frames.append((f"bit {bit} of word {word}", flipped))
    fields: dict[str, Any] = {"sequence": 9, "command": Command.WRITE}
    return [
        *frames,
        ("a wrong magic", request([1], **fields | {"magic": MAGIC + 1})),
        ("a reply", request([1], **fields, reply=1)),
        ("too long", request([1] * (MAX_WORDS + 1), **fields)),
        ("a length of 0", request([1], **fields, length=0)),
        ("a length that is too large", request([1], **fields, length=0xFFFF)),
    ]


@cocotb.test()
@cocotb.parametrize(sink=[StallPattern.NEVER.name, StallPattern.RANDOM.name])
async def broken_packets_do_nothing(dut: Any, sink: str) -> None:
    """They are dropped silently, and the packet behind is answered."""
    bench = await _Bench.start(dut, sink, sink)
    for number, (what, words) in enumerate(_broken(sink)):
        await bench.send(words)
        reply = await bench.ask(request(sequence=number, command=Command.STATUS))
        assert reply.fields["sequence"] == number, f"{what} was answered"
        assert bench.core.writes == [], f"{what} was written"


@cocotb.test()
async def garbage_does_not_hang_it(dut: Any) -> None:
    """Random frames, many with a right beginning, and then a packet."""
    bench = await _Bench.start(dut)
    random = generator("garbage")
    for number in range(60):
        words = random.integers(1 << 32, size=int(random.integers(1, 40))).tolist()
        if number % 3:
            words[0] = MAGIC
        if number % 3 == 2 and len(words) > 3:
            words[1] &= 0x7FFFFFFF
            words[3] &= 0xFFFF001F
        await bench.send(words)
    reply = await bench.ask(request(sequence=3, command=Command.STATUS))
    assert reply.fields["sequence"] == 3
    assert bench.core.writes == []
