"""Host arbiter: every host gets its own replies, in order, and its turn."""

from typing import Any

import cocotb
from cocotb.triggers import Combine

from hw.host_arbiter import HostArbiter
from hw.host_port import HOST_REPLY, HOST_REQUEST, HostMemory
from sim import clock
from sim.core_model import CoreModel
from sim.environment import generator, parameters
from sim.stalls import StallPattern
from sim.streams import StreamDriver, StreamMonitor
from sim.testbench import Testbench

TESTBENCH = Testbench(build=HostArbiter, everyday=[{"hosts": 2}], long=[{"hosts": 3}])

_COUNT = 120
_WORDS = 64


class _Host:
    """A host with memory addresses of its own."""

    def __init__(self, dut: Any, number: int, source: str = "NEVER", sink: str = "NEVER") -> None:
        self.number = number
        prefix = f"hosts__{number}"
        self.driver = StreamDriver(dut, f"{prefix}__request", stalls=StallPattern[source])
        self.monitor = StreamMonitor(dut, f"{prefix}__reply", stalls=StallPattern[sink])

    def draw(self, count: int) -> tuple[list[int], list[int]]:
        """Return requests and the replies that they must get."""
        random = generator("host", self.number)
        memory = list(HostMemory)[self.number]
        content, requests, replies = {}, [], []
        for write, address, data in zip(
            random.integers(2, size=count).tolist(),
            random.integers(2 * _WORDS, size=count).tolist(),
            random.integers(1 << 32, size=count).tolist(),
            strict=True,
        ):
            fields = {"memory": memory, "write": write, "address": address, "data": data}
            requests.append(HOST_REQUEST.const(fields).as_value().value)
            refused = address >= _WORDS
            if write and not refused:
                content[address] = data
            read = 0 if write or refused else content.get(address, 0)
            replies.append(HOST_REPLY.const({"data": read, "refused": refused}).as_value().value)
        return requests, replies


@cocotb.test()
@cocotb.parametrize(
    hosts=[pattern.name for pattern in StallPattern.of_sources()],
    core=[pattern.name for pattern in StallPattern],
)
async def everyone_gets_its_own_replies(dut: Any, hosts: str, core: str) -> None:
    """All at once, with every pattern of stalls."""
    await clock.start(dut)
    replies = StallPattern.RANDOM if core == "WHEN_ASKED" else StallPattern[core]
    CoreModel(dut, "core", requests=StallPattern[core], replies=replies, words=_WORDS)
    clients = [_Host(dut, number, hosts, core) for number in range(parameters()["hosts"])]
    drawn = [client.draw(_COUNT) for client in clients]
    for client, (requests, _) in zip(clients, drawn, strict=True):
        client.driver.start(requests)
    for client, (_, expected) in zip(clients, drawn, strict=True):
        await client.monitor.receive(_COUNT, within=200 * _COUNT)
        assert client.monitor.beats == expected


@cocotb.test()
async def no_reply_goes_astray(dut: Any) -> None:
    """Not when a host has asked for as much as it may, and others begin to ask then."""
    await clock.start(dut)
    CoreModel(dut, "core", replies=StallPattern.LONG, words=_WORDS)
    clients = [_Host(dut, number) for number in range(parameters()["hosts"])]
    drawn = [client.draw(_COUNT) for client in clients]
    for client, (requests, _) in zip(clients, drawn, strict=True):
        client.driver.start(requests)
        for _ in range(3 * _WORDS):
            await clock.edge(dut)
    for client, (_, expected) in zip(clients, drawn, strict=True):
        await client.monitor.receive(_COUNT, within=200 * _COUNT)
        assert client.monitor.beats == expected


@cocotb.test()
async def turns_are_taken(dut: Any) -> None:
    """Of hosts that always ask, none gets two requests more than another."""
    await clock.start(dut)
    CoreModel(dut, "core", words=_WORDS)
    clients = [_Host(dut, number) for number in range(parameters()["hosts"])]
    tasks = [client.driver.start(client.draw(_COUNT)[0]) for client in clients]
    await Combine(*tasks)
    order = sorted(
        (cycle, client.number) for client in clients for cycle in client.driver.cycles
    )  # fmt: skip
    # While somebody is alone at the beginning, the others have not asked yet.
    owners = [number for _, number in order][4:]
    count = len(clients)
    for start in range(0, len(owners) - 2 * count, count):
        assert len(set(owners[start : start + count])) == count, f"turns {owners}"


@cocotb.test()
async def a_host_alone_is_not_held_up(dut: Any) -> None:
    """One request a cycle, whoever it is."""
    await clock.start(dut)
    CoreModel(dut, "core", words=_WORDS)
    for number in range(parameters()["hosts"]):
        client = _Host(dut, number)
        requests, expected = client.draw(_COUNT)
        client.driver.start(requests)
        await client.monitor.receive(_COUNT, within=3 * _COUNT)
        assert client.monitor.beats == expected
        cycles = client.driver.cycles
        assert cycles[-1] - cycles[1] == _COUNT - 2, f"host {number}: cycles {cycles}"
