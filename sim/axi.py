"""The AXI ends of cocotbext-axi, with this project's stalls."""

from collections.abc import Iterator
from typing import Any

from cocotb.triggers import SimTimeoutError, with_timeout
from cocotbext.axi import AxiStreamBus, AxiStreamSink, AxiStreamSource

from sim.environment import generator
from sim.stalls import StallPattern

__all__ = ["AxiStreamLine", "pauses"]


def pauses(pattern: StallPattern, *key: object) -> Iterator[bool]:
    """Return a pause generator that stalls by a pattern which does not look at the other side."""
    stalled = pattern.start(generator("pauses", pattern.name, *key))
    while True:
        yield stalled(False)


class AxiStreamLine:
    """The ends of AXI4-Streams that carry packets to a component and from it.

    Parameters
    ----------
    dut
        The component.
    receives, sends
        Prefixes of its streams.
    source, sink
        Patterns of the pauses of what is sent, and received.
    """

    def __init__(
        self,
        dut: Any,
        receives: str = "s_axis_link",
        sends: str = "m_axis_link",
        *,
        source: StallPattern = StallPattern.NEVER,
        sink: StallPattern = StallPattern.NEVER,
    ) -> None:
        self.source = AxiStreamSource(AxiStreamBus.from_prefix(dut, receives), dut.clk)
        self.sink = AxiStreamSink(AxiStreamBus.from_prefix(dut, sends), dut.clk)
        self.source.set_pause_generator(pauses(source, receives))
        self.sink.set_pause_generator(pauses(sink, sends))

    async def send(self, data: bytes) -> None:
        """Send bytes as one frame."""
        await self.source.send(data)

    async def receive(self, within: int) -> bytes:
        """Return the next frame, or nothing if none came in so many ns."""
        try:
            return bytes((await with_timeout(self.sink.recv(), within, "ns")).tdata)
        except SimTimeoutError:
            return b""
