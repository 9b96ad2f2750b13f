"""An accelerator in a simulator, as a host reaches it: a carrier of packets.

The simulation stands still except while an answer is waited for, and runs by itself then: nothing
of it depends on how fast the host is.
"""

import os
import subprocess
from pathlib import Path
from typing import IO, Protocol

from sim import verilator
from sim.clock import CLOCK_PERIOD_NS
from sim.closing import Closing
from sim.errors import SimulationError, tail
from sim.link_bench import ANSWER, COMMAND, WORD_BYTES, LinkBench
from sim.simulator import Simulator

__all__ = ["SimulatedLink", "open_link"]


class LinkServer(Protocol):
    """Something that simulates: it reads commands and writes an answer to each."""

    commands: IO[bytes]
    answers: IO[bytes]

    def close(self) -> str:
        """End it, and return what it said."""


class SimulatedLink(Closing):
    """Carries packets to `hw.accelerator_axi.AcceleratorAxi` in a simulator, and its replies.

    Its time is that of the simulation, at 100 MHz.

    Parameters
    ----------
    server
        What simulates; it is closed with the link.
    """

    def __init__(self, server: LinkServer) -> None:
        self.cycles = 0
        """Clock cycles so far, those of the reset too."""
        self._server = server
        self._frames: list[bytes] = []

    def close(self) -> None:
        """End the simulation."""
        self._server.close()

    def send(self, data: bytes) -> None:
        """Send one packet; it is on its way when its answer is waited for."""
        if not data or len(data) % WORD_BYTES:
            raise ValueError(f"a packet must be whole words of 4 bytes, not {len(data)} bytes")
        self._frames.append(data)

    def receive(self, timeout: float) -> bytes:
        """Return the next packet, or nothing after ``timeout`` simulated seconds.

        Raises
        ------
        SimulationError
            The simulator has ended.
        """
        frames, self._frames = self._frames or [b""], []
        received = b""
        for number, frame in enumerate(frames):
            is_last = number == len(frames) - 1
            received += self._exchange(frame, self._cycles_of(timeout) if is_last else 0)
        return received

    def now(self) -> float:
        """Return the simulated seconds so far."""
        return self.cycles * CLOCK_PERIOD_NS * 1e-9

    @staticmethod
    def _cycles_of(seconds: float) -> int:
        return max(1, round(seconds * 1e9 / CLOCK_PERIOD_NS))

    def _exchange(self, frame: bytes, cycles: int) -> bytes:
        server = self._server
        try:
            server.commands.write(COMMAND.pack(cycles, len(frame) // WORD_BYTES) + frame)
            server.commands.flush()
            self.cycles, words = ANSWER.unpack(_read(server.answers, ANSWER.size))
            return _read(server.answers, words * WORD_BYTES)
        except (BrokenPipeError, EOFError):
            said = tail(server.close())
            raise SimulationError(f"the simulator of the accelerator has ended\n{said}") from None


def _read(file: IO[bytes], count: int) -> bytes:
    data = file.read(count)
    if len(data) != count:
        raise EOFError
    return data


class _Process:
    """The program that Verilator and `link_server.cpp` make, with a waveform or without."""

    def __init__(self, program: Path, waves: Path | None = None) -> None:
        variables = {} if waves is None else {verilator.WAVES_VARIABLE: str(waves)}
        self._process = subprocess.Popen(
            [program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=os.environ | variables,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self.commands: IO[bytes] = self._process.stdin
        self.answers: IO[bytes] = self._process.stdout

    def close(self) -> str:
        """End the program by the end of its input."""
        with self._process as process:
            said, _ = process.communicate()
        return said.decode(errors="replace")


def open_link(
    verilog: str,
    top: str,
    *,
    simulator: Simulator,
    waves: Path | None = None,
    build_root: Path = Path("build/sim"),
) -> SimulatedLink:
    """Build an accelerator with AXI ports, unless that was done before, and begin to simulate it.

    Parameters
    ----------
    verilog, top
        `hw.accelerator_axi.AcceleratorAxi` as emitted.
    simulator
        Verilator runs a program without Python; Icarus runs cocotb, a thousand times slower.
    waves
        A .vcd file to write, of everything that is simulated; only with Verilator.
    build_root
        Folder of cached builds.

    Raises
    ------
    SimulationError
        The simulator is missing, or refuses the text.
    """
    if (missing := simulator.missing()) is not None:
        raise SimulationError(missing)
    build_root = build_root.resolve()
    if waves is not None:
        if simulator is not Simulator.VERILATOR:
            raise ValueError(f"waves are written by verilator, not by {simulator.value}")
        program = verilator.build_traced_link_server(verilog, top, build_root=build_root)
        return SimulatedLink(_Process(program, waves.resolve()))
    if simulator is Simulator.VERILATOR:
        program = verilator.build_link_server(verilog, top, build_root=build_root)
        return SimulatedLink(_Process(program))
    return SimulatedLink(LinkBench(verilog, top, simulator=simulator, build_root=build_root))
