"""A simulated line as a carrier for a host that blocks."""

from typing import Protocol

from cocotb.simtime import get_sim_time
from cocotb.task import resume

__all__ = ["Line", "SimulatedCarrier"]

_NS = 1e9


class Line(Protocol):
    """What a component's bytes come from and go to."""

    async def send(self, data: bytes) -> None:
        """Send bytes."""

    async def receive(self, within: int) -> bytes:
        """Return bytes that came, or nothing if none came in so many ns."""


class SimulatedCarrier:
    """Lets a blocking host, started by `cocotb.task.bridge`, use a line of the simulation.

    The simulation goes on only within these calls. Time is simulated time.
    """

    def __init__(self, line: Line) -> None:
        self._send = resume(line.send)
        self._receive = resume(line.receive)

    def send(self, data: bytes) -> None:
        """Send bytes, and return when they are on the line."""
        self._send(data)

    def receive(self, timeout: float) -> bytes:
        """Return the bytes that have come, or none if none came for ``timeout`` seconds."""
        return self._receive(max(1, round(timeout * _NS)))

    def now(self) -> float:
        """Return the time in seconds."""
        return get_sim_time("ns") / _NS
