"""AXI4 drivers of cocotbext-axi on this project's clock and reset."""

from collections.abc import Iterator

from sim.environment import generator
from sim.stalls import StallPattern

__all__ = ["pauses"]


def pauses(pattern: StallPattern, *key: object) -> Iterator[bool]:
    """Return a pause generator that stalls by a pattern; its sources may not wait for ready."""
    stalled = pattern.start(generator("pauses", pattern.name, *key))
    while True:
        yield stalled(False)
