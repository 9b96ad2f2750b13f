"""A line that loses, repeats and changes bytes."""

from dataclasses import dataclass, field

import numpy as np

__all__ = ["ByteFaults"]


@dataclass
class ByteFaults:
    """Faults of a line, each byte for itself.

    Parameters
    ----------
    random
        Where they come from.
    lose, repeat, change
        Probabilities that a byte is lost, comes twice, has some of its bits changed.
    """

    random: np.random.Generator
    lose: float = 0.0
    repeat: float = 0.0
    change: float = 0.0
    count: int = field(default=0, init=False)
    """How many faults there were so far."""

    def apply(self, data: bytes) -> bytes:
        """Return what comes of bytes that are sent."""
        received = bytearray()
        for byte in data:
            lost, repeated, changed = self.random.random(3) < (self.lose, self.repeat, self.change)
            self.count += bool(lost or repeated or changed)
            if changed:
                byte ^= int(self.random.integers(1, 256))
            if not lost:
                received += bytes([byte] * (1 + repeated))
        return bytes(received)
