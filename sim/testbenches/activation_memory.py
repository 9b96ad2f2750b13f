"""Activation memory: windows at any address, against an array of bytes."""

from typing import Any

import cocotb

from hw.activation_memory import ActivationMemory
from sim import clock
from sim.environment import generator, parameters
from sim.lanes import pack, unpack
from sim.lockstep import play
from sim.testbench import Testbench

CYCLES = 2000
UNKNOWN = None


def _build(*, size: int, read: int, write: int) -> Any:
    return ActivationMemory(size=size, read_width=read, write_width=write)


TESTBENCH = Testbench(
    build=_build,
    everyday=[
        {"size": 64, "read": 8, "write": 8},
        {"size": 45, "read": 3, "write": 5},
        {"size": 5, "read": 1, "write": 1},
    ],
    long=[
        {"size": 64, "read": 1, "write": 16},
        {"size": 39, "read": 9, "write": 2},
        {"size": 4, "read": 2, "write": 1},
        {"size": 4096, "read": 64, "write": 33},
    ],
)

Write = tuple[int, list[int]]
"""The address of a write and the bytes that it writes."""


def _draw(key: str) -> tuple[list[Write], list[int]]:
    """Draw a write (of no bytes, now and then) and a read for every cycle.

    Half of the reads are where something was written a few cycles before. Windows go over the end
    where addresses wrap there.
    """
    size, read, write = (parameters()[name] for name in ("size", "read", "write"))
    wraps = size & (size - 1) == 0
    random = generator(key)
    writes: list[Write] = []
    reads: list[int] = []
    for t in range(CYCLES):
        count = write if random.random() < 0.5 else int(random.integers(write + 1))
        address = int(random.integers(size if wraps else size - count + 1)) % size
        writes.append((address, random.integers(-128, 128, count).tolist()))
        near = writes[max(0, t - int(random.integers(8)))][0] + int(random.integers(-3, 4))
        read_address = near if random.random() < 0.5 else int(random.integers(size))
        reads.append(read_address % size if wraps else min(max(read_address, 0), size - read))
    return writes, reads


async def _fill(dut: Any, key: str) -> list[int]:
    """Write every byte, and return them when they can be read."""
    values: list[int] = generator(key).integers(-128, 128, parameters()["size"]).tolist()
    writes: list[Write] = [(t, [value]) for t, value in enumerate(values)]
    writes += [(0, [])] * _build(**parameters()).write_latency
    await play(dut, _ports(writes, [0] * len(writes)), [])
    return values


def _ports(writes: list[Write], reads: list[int]) -> dict[str, list[int]]:
    return {
        "write_en": [int(bool(values) or t % 2) for t, (_, values) in enumerate(writes)],
        "write_address": [address for address, _ in writes],
        "write_count": [len(values) for _, values in writes],
        "write_data": [pack(values, 8) for _, values in writes],
        "read_en": [1] * len(reads),
        "read_address": reads,
    }


def _apply(memory: list[int | None], write: Write, *, unspecified: bool = False) -> None:
    address, values = write
    for i, value in enumerate(values):
        memory[(address + i) % len(memory)] = UNKNOWN if unspecified else value


@cocotb.test()
async def windows_of_an_array_of_bytes(dut: Any) -> None:
    """Every byte read is that of the last write from `write_latency` cycles before, in time."""
    size, read = parameters()["size"], parameters()["read"]
    component = _build(**parameters())
    writes, reads = _draw("windows")
    idle = [0] * component.read_latency
    await clock.start(dut)
    memory: list[int | None] = [*await _fill(dut, "bytes")]
    inputs = {name: values + idle for name, values in _ports(writes, reads).items()}
    seen = (await play(dut, inputs, ["read_data"]))["read_data"][component.read_latency :]

    compared = 0
    for t, address in enumerate(reads):
        if t >= component.write_latency:
            _apply(memory, writes[t - component.write_latency])
        now = memory.copy()
        for write in writes[max(0, t - component.write_latency + 1) : t + 1]:
            _apply(now, write, unspecified=True)
        beat = seen[t]
        assert beat is not None, f"cycle {t}: the window at {address} has unknown bits"
        for i, actual in enumerate(unpack(beat, read, 8)):
            expected = now[(address + i) % size]
            compared += expected is not UNKNOWN
            assert expected in (UNKNOWN, actual), (
                f"cycle {t}: byte {i} of the window at {address} must be {expected}, not {actual}"
            )
    assert compared > CYCLES * read // 4, f"only {compared} bytes compared"


@cocotb.test()
async def nothing_is_written_without_write_en(dut: Any) -> None:
    """Writes that are not enabled leave every byte as it was."""
    size, write = parameters()["size"], parameters()["write"]
    latency = _build(**parameters()).read_latency
    await clock.start(dut)
    values = await _fill(dut, "bytes")
    ports = _ports([(t, [value]) for t, value in enumerate(values)], [0] * size)
    ports["write_count"] = [write] * size
    ports["write_data"] = [pack([~value] * write, 8) for value in values]
    ports["write_en"] = [0] * size
    await play(dut, ports, [])
    last = size - parameters()["read"]
    ports["read_address"] = [min(t, last) for t in range(size)]
    ports = {name: column + [0] * latency for name, column in ports.items()}
    seen = (await play(dut, ports, ["read_data"]))["read_data"][latency:]
    for t, beat in enumerate(seen):
        start = min(t, last)
        assert beat is not None, f"the window at {start} has unknown bits"
        assert unpack(beat, parameters()["read"], 8) == values[start : start + parameters()["read"]]
