"""What carries bytes between a host and an accelerator."""

from typing import Protocol

__all__ = ["Transport"]


class Transport(Protocol):
    """A carrier. It may lose, repeat and change bytes; it must not swap them."""

    def send(self, data: bytes) -> None:
        """Send bytes; they may wait in buffers of the system."""

    def receive(self, timeout: float) -> bytes:
        """Return the bytes that have come, at least one, or none if none came for ``timeout`` s."""

    def now(self) -> float:
        """Return the time in seconds, in which time-outs are counted: simulated or real."""
