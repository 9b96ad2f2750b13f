"""The other end of a serial line: bytes with a start bit, eight data bits and a stop bit."""

from contextlib import suppress
from typing import Any

import cocotb
from cocotb.triggers import Event, FallingEdge, SimTimeoutError, Timer, with_timeout

from sim import clock
from sim.byte_faults import ByteFaults

__all__ = ["UartModel"]


class UartModel:
    """Sends bytes to a component and receives those that it sends.

    Parameters
    ----------
    dut
        The component.
    receives, sends
        Names of the component's input and output.
    divisor
        Clock cycles of a bit.
    speed
        How much faster it sends than the divisor says, for instance 1.04; a bit is whole ns.
    faults
        What becomes of the bytes on the line, both ways.
    """

    def __init__(
        self,
        dut: Any,
        receives: str,
        sends: str,
        *,
        divisor: int,
        speed: float = 1.0,
        faults: ByteFaults | None = None,
    ) -> None:
        self.received = bytearray()
        """The bytes that have come and that `receive` has not returned."""
        self.broken = 0
        """How many bytes came without a stop bit."""
        self._input = getattr(dut, receives)
        self._output = getattr(dut, sends)
        self._faults = faults
        self._bit_ns = divisor * clock.CLOCK_PERIOD_NS
        self._sent_ns = round(self._bit_ns / speed)
        self._came = Event()
        self._input.value = 1
        cocotb.start_soon(self._receive())

    async def send(self, data: bytes) -> None:
        """Send bytes and return behind the last stop bit."""
        for byte in data if self._faults is None else self._faults.apply(data):
            await self.send_bits([0, *(byte >> n & 1 for n in range(8)), 1])

    async def send_bits(self, bits: list[int]) -> None:
        """Put bits on the line as they are."""
        for bit in bits:
            self._input.value = bit
            await Timer(self._sent_ns, "ns")

    async def receive(self, within: int) -> bytes:
        """Return what has come, at least one byte, or nothing if nothing came in so many ns."""
        self._came.clear()
        if not self.received:
            with suppress(SimTimeoutError):
                await with_timeout(self._came.wait(), within, "ns")
        data = bytes(self.received)
        self.received.clear()
        return data

    async def _receive(self) -> None:
        while True:
            await FallingEdge(self._output)
            await Timer(self._bit_ns // 2, "ns")
            byte = 0
            for number in range(8):
                await Timer(self._bit_ns, "ns")
                byte |= int(self._output.value) << number
            await Timer(self._bit_ns, "ns")
            if int(self._output.value) != 1:
                self.broken += 1
                continue
            data = bytes([byte])
            self.received += data if self._faults is None else self._faults.apply(data)
            self._came.set()
