"""A board on a serial port, as a place to run programs on."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flow.host import Host
from flow.serial_transport import SerialTransport

__all__ = ["BoardPort"]

_PATIENCE_BITS = 60_000
"""The gap after which the hardware gives a packet up, and a packet of the most words both ways, are
less than half of it."""

_SYSTEM = 0.25
"""Seconds that an adapter and the system may sit on bytes."""


@dataclass(frozen=True)
class BoardPort:
    """Where a board is.

    Parameters
    ----------
    board : str
        Its name.
    port : Path
        The device of the serial port.
    baud : int
        Bits a second.
    mhz : float
        The accelerator's clock.
    """

    board: str
    port: Path
    baud: int
    mhz: float

    @property
    def options(self) -> dict[str, str]:
        """What `lastbit run` takes for it."""
        baud = str(self.baud)
        return {"on": "board", "board": self.board, "port": str(self.port), "baud": baud}

    @contextmanager
    def host(self) -> Iterator[Host]:
        """Open the port, and close it afterwards.

        Raises
        ------
        UserError
            The port cannot be opened, or nothing answers.
        """
        with SerialTransport(self.port, baud=self.baud) as transport:
            yield Host(transport, timeout=_SYSTEM + _PATIENCE_BITS / self.baud)

    def seconds(self, at_100_mhz: float) -> float:
        """Return how long to wait for a program, from what is enough at 100 MHz."""
        return _SYSTEM + at_100_mhz * 100 / self.mhz
