"""A board in a simulator, as a host reaches it: a carrier of bytes over the pins of a serial line.

The simulation stands still except while an answer is waited for, and runs by itself then.
"""

import struct
import subprocess
from pathlib import Path
from typing import IO

from sim import verilator
from sim.closing import Closing
from sim.errors import SimulationError, tail
from sim.simulator import Simulator

__all__ = ["SimulatedBoard", "open_board"]

_MESSAGE = struct.Struct("<QQ")
_PS = 1e12
_START = 20e-6


class SimulatedBoard(Closing):
    """A program of `sim.pin_server`: what `flow.serial_transport` is to a real board.

    Its time is simulated time.

    Parameters
    ----------
    program
        What Verilator made of the board.
    clock_mhz
        Frequency of the board's oscillator.
    baud
        Bits a second of the host's end of the line.
    """

    def __init__(self, program: Path, *, clock_mhz: float, baud: float) -> None:
        self._time = 0
        self._waiting = b""
        periods = (repr(1e6 / clock_mhz), repr(_PS / baud))
        self._process = subprocess.Popen(
            [program, *periods], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._commands: IO[bytes] = self._process.stdin
        self._answers: IO[bytes] = self._process.stdout
        # A board is not spoken to in the moment that it is switched on.
        self.receive(_START)

    def close(self) -> None:
        """End the simulation."""
        with self._process as process:
            process.communicate()

    def send(self, data: bytes) -> None:
        """Send bytes; they are on their way when an answer is waited for."""
        self._waiting += data

    def receive(self, timeout: float) -> bytes:
        """Return the bytes that have come, or nothing after ``timeout`` simulated seconds.

        Raises
        ------
        SimulationError
            The simulator has ended.
        """
        data, self._waiting = self._waiting, b""
        head = b""
        try:
            self._commands.write(_MESSAGE.pack(max(1, round(timeout * _PS)), len(data)) + data)
            self._commands.flush()
            head = self._answers.read(_MESSAGE.size)
            self._time, count = _MESSAGE.unpack(head)
            return self._answers.read(count)
        except (BrokenPipeError, struct.error):
            said, _ = self._process.communicate()
            text = tail((head + said).decode(errors="replace"))
            raise SimulationError(f"the simulator of the board has ended\n{text}") from None

    def now(self) -> float:
        """Return the simulated seconds so far."""
        return self._time / _PS


def open_board(
    verilog: str,
    top: str,
    *,
    clock_mhz: float,
    baud: float,
    build_root: Path = Path("build/sim"),
) -> SimulatedBoard:
    """Build a board, unless that was done before, and begin to simulate it in Verilator.

    Parameters
    ----------
    verilog, top
        `hw.board_top.BoardTop` as emitted.
    clock_mhz, baud
        See `SimulatedBoard`.
    build_root
        Folder of cached builds.

    Raises
    ------
    SimulationError
        The simulator is missing, or refuses the text.
    """
    if (missing := Simulator.VERILATOR.missing()) is not None:
        raise SimulationError(missing)
    program = verilator.build_pin_server(verilog, top, build_root=build_root.resolve())
    return SimulatedBoard(program, clock_mhz=clock_mhz, baud=baud)
