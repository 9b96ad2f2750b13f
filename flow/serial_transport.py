"""A serial port as a transport, without a package: POSIX systems only."""

import os
import select
import time
from pathlib import Path
from typing import Any

from flow.errors import UserError
from sim.closing import Closing

__all__ = ["SerialTransport"]

_PIECE = 4096


class SerialTransport(Closing):
    """A serial port: 8 data bits, no parity, 1 stop bit, no flow control.

    Parameters
    ----------
    port
        Its device, for example `/dev/ttyUSB0`.
    baud
        Bits a second, one of those that the system knows.

    Raises
    ------
    UserError
        The port can't be opened, or does not have this speed.
    """

    def __init__(self, port: str | Path, *, baud: int = 115200) -> None:
        self.port = str(port)
        self.baud = baud
        termios = _termios()
        speed = getattr(termios, f"B{baud}", None)
        if speed is None:
            known = sorted(int(name[1:]) for name in dir(termios) if name[1:].isdigit())
            raise UserError(
                f"baud must be a speed that the system knows, not {baud}: "
                f"take one from {', '.join(str(rate) for rate in known if rate >= 9600)}"
            )
        try:
            self._file = os.open(self.port, os.O_RDWR | os.O_NOCTTY)
        except OSError as error:
            raise UserError(f"{port} cannot be opened: {error.strerror}") from error
        try:
            _make_raw(termios, self._file, speed)
        except termios.error as error:
            os.close(self._file)
            raise UserError(f"{port} must be a serial port: {error.args[-1]}") from error

    def close(self) -> None:
        """Close the port."""
        os.close(self._file)

    def send(self, data: bytes) -> None:
        """Give bytes to the port."""
        while data:
            data = data[os.write(self._file, data) :]

    def receive(self, timeout: float) -> bytes:
        """Return what has come, at least one byte, or nothing after ``timeout`` seconds."""
        readable, _, _ = select.select([self._file], [], [], max(0.0, timeout))
        return os.read(self._file, _PIECE) if readable else b""

    def now(self) -> float:
        """Return the time in seconds."""
        return time.monotonic()


def _termios() -> Any:
    try:
        import termios
    except ImportError:
        raise UserError("serial ports need a POSIX system, such as Linux or macOS") from None
    return termios


def _make_raw(termios: Any, file: int, speed: int) -> None:
    """Let bytes through as they are, both ways, and drop what came before."""
    input_, output, control, local, _, _, characters = termios.tcgetattr(file)
    input_ &= ~(
        termios.IGNBRK | termios.BRKINT | termios.PARMRK | termios.ISTRIP | termios.INLCR
        | termios.IGNCR | termios.ICRNL | termios.IXON | termios.IXOFF | termios.INPCK
    )  # fmt: skip
    output &= ~termios.OPOST
    local &= ~(
        termios.ECHO | termios.ECHONL | termios.ICANON | termios.ISIG | termios.IEXTEN
    )  # fmt: skip
    control &= ~(termios.CSIZE | termios.PARENB | termios.CSTOPB | getattr(termios, "CRTSCTS", 0))
    control |= termios.CS8 | termios.CREAD | termios.CLOCAL
    characters[termios.VMIN], characters[termios.VTIME] = 1, 0
    attributes = [input_, output, control, local, speed, speed, characters]
    termios.tcsetattr(file, termios.TCSANOW, attributes)
    termios.tcflush(file, termios.TCIOFLUSH)
