"""What stands behind a host port: memories, and registers that know nothing."""

from typing import Any

import cocotb
from cocotb.queue import Queue

from hw.host_port import HOST_REPLY, HOST_REQUEST, HostMemory
from hw.register_map import REGISTERS
from sim.stalls import StallPattern
from sim.streams import StreamDriver, StreamMonitor

__all__ = ["CoreModel"]


class CoreModel:
    """Answers the requests of a host port from memories of its own.

    Parameters
    ----------
    dut
        The component that asks.
    prefix
        Name of its port.
    requests, replies
        Patterns of the cycles in which it does not listen, and does not answer.
    words
        Size of each memory in words; what is beyond it is refused.
    """

    def __init__(
        self,
        dut: Any,
        prefix: str = "host",
        *,
        requests: StallPattern = StallPattern.NEVER,
        replies: StallPattern = StallPattern.NEVER,
        words: int = 1024,
    ) -> None:
        self.memory: dict[tuple[HostMemory, int], int] = {}
        """What was written, by memory and address."""
        self.writes: list[tuple[HostMemory, int, int]] = []
        """Every write that was not refused: memory, address, data."""
        self.reads = 0
        self._words = words
        self._replies: Queue[int] = Queue()
        self._driver = StreamDriver(dut, f"{prefix}__reply", stalls=replies)
        StreamMonitor(dut, f"{prefix}__request", stalls=requests, check=self._take)
        cocotb.start_soon(self._answer())

    @property
    def runs(self) -> list[int]:
        """The addresses at which programs were started."""
        run = (HostMemory.REGISTER, REGISTERS["run"].word)
        return [data for memory, address, data in self.writes if (memory, address) == run]

    def _take(self, beat: int) -> None:
        asked = HOST_REQUEST.from_bits(beat)
        memory, address, data = asked.memory, asked.address, asked.data
        refused = address >= self._words
        read = 0
        if asked.write and not refused:
            self.memory[memory, address] = data
            self.writes.append((memory, address, data))
        elif not refused:
            self.reads += 1
            read = self.memory.get((memory, address), 0)
        reply = HOST_REPLY.const({"data": read, "refused": refused})
        self._replies.put_nowait(reply.as_value().value)

    async def _answer(self) -> None:
        while True:
            await self._driver.send([await self._replies.get()])
