"""An accelerator in any of cocotb's simulators, as a server of packets.

`LinkBench` is for the host; the coroutine below it runs in the simulator and does what
`link_server.cpp` does.
"""

import select
import socket
import struct
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

import cocotb
from cocotb.queue import Queue
from cocotb.triggers import Event, First, RisingEdge, Timer

from sim import clock
from sim.environment import parameters
from sim.errors import SimulationError
from sim.results import RunResult
from sim.runner import run
from sim.simulator import Simulator

__all__ = ["ANSWER", "COMMAND", "WORD_BYTES", "LinkBench"]

COMMAND = struct.Struct("<QQ")
"""Cycles to wait at most, and words that follow: a packet to send."""

ANSWER = struct.Struct("<QQ")
"""Cycles so far, and words that follow: a packet that came, or none."""

WORD_BYTES = 4

_TIMEOUT = 24 * 3600.0
_POLL = 0.2
_LOOK = 1024
"""Cycles of a wait after which the simulator looks whether its host is still there."""


class LinkBench:
    """Runs the simulator in a thread and talks to it through a socket.

    Parameters
    ----------
    verilog, top
        `hw.accelerator_axi.AcceleratorAxi` as emitted.
    simulator
        Where to run.
    build_root
        Folder of cached builds.

    Raises
    ------
    SimulationError
        The simulator does not start.
    """

    def __init__(self, verilog: str, top: str, *, simulator: Simulator, build_root: Path) -> None:
        self._threads = ThreadPoolExecutor(1)
        with (
            TemporaryDirectory(prefix="lastbit-link-") as folder,
            socket.socket(socket.AF_UNIX) as listener,
        ):
            path = str(Path(folder, "socket"))
            listener.bind(path)
            listener.listen()
            self._run: Future[RunResult] = self._threads.submit(
                run,
                verilog,
                top,
                __name__,
                simulator=simulator,
                seed=0,
                parameters={"socket": path},
                build_root=build_root,
                timeout=_TIMEOUT,
            )
            self._socket = self._accept(listener)
        self.commands: IO[bytes] = self._socket.makefile("wb")
        self.answers: IO[bytes] = self._socket.makefile("rb")

    def _accept(self, listener: socket.socket) -> socket.socket:
        listener.settimeout(_POLL)
        while not self._run.done():
            try:
                accepted, _ = listener.accept()
            except TimeoutError:
                continue
            accepted.settimeout(None)
            return accepted
        raise SimulationError(f"the simulator did not start\n{self._verdict()}")

    def close(self) -> str:
        """End the simulation, and return why it failed, if it did."""
        self.answers.close()
        self.commands.close()
        self._socket.close()
        return self._verdict()

    def _verdict(self) -> str:
        try:
            failures = self._run.result().failures
            return "\n".join(failure.message for failure in failures)
        except SimulationError as error:
            return str(error)
        finally:
            self._threads.shutdown()


class _Port:
    """The accelerator's end of the link, whose beats pass while nobody looks.

    A wait for a packet ends early when `wanted` says that nobody waits any more.
    """

    def __init__(self, dut: Any, wanted: Callable[[], bool]) -> None:
        self._dut = dut
        self._wanted = wanted
        self._edge = RisingEdge(dut.clk)
        self._waiting: Queue[tuple[int, int]] = Queue()
        self._received: list[int] = []
        self._whole = Event()
        dut.m_axis_link_tready.value = 1
        cocotb.start_soon(self._send())
        cocotb.start_soon(self._receive())

    def send(self, words: list[int]) -> None:
        for index, word in enumerate(words):
            self._waiting.put_nowait((word, int(index == len(words) - 1)))

    async def receive(self, cycles: int) -> list[int]:
        """Return a packet, or nothing after so many cycles."""
        waits = cycles > 0 and not self._whole.is_set()
        while cycles > 0 and not self._whole.is_set() and self._wanted():
            part = min(cycles, _LOOK)
            await First(self._whole.wait(), Timer(part * clock.CLOCK_PERIOD_NS, "ns"))
            cycles -= part
        if waits:
            # The timer may have been a moment before an edge.
            await self._edge
        if not self._whole.is_set():
            return []
        self._whole.clear()
        words, self._received = self._received, []
        return words

    async def _send(self) -> None:
        dut = self._dut
        while True:
            word, last = await self._waiting.get()
            dut.s_axis_link_tdata.value = word
            dut.s_axis_link_tlast.value = last
            dut.s_axis_link_tvalid.value = 1
            await self._edge
            while dut.s_axis_link_tready.value != 1:
                await self._edge
            if self._waiting.empty():
                dut.s_axis_link_tvalid.value = 0

    async def _receive(self) -> None:
        dut = self._dut
        while True:
            if dut.m_axis_link_tvalid.value != 1:  # or unknown, in the gates of a netlist
                await RisingEdge(dut.m_axis_link_tvalid)
            await self._edge
            if dut.m_axis_link_tvalid.value == 1:
                self._received.append(int(dut.m_axis_link_tdata.value))
                if int(dut.m_axis_link_tlast.value):
                    self._whole.set()


def _alive(connection: socket.socket) -> bool:
    """Whether the other end of a connection is there."""
    poll = select.poll()
    poll.register(connection, 0)
    return not poll.poll(0)


@cocotb.test()
async def serve(dut: Any) -> None:
    """Do what the commands say until there are no more."""
    await clock.start(dut)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(parameters()["socket"])
        port = _Port(dut, lambda: _alive(connection))
        with connection.makefile("rwb") as file:
            while command := file.read(COMMAND.size):
                cycles, count = COMMAND.unpack(command)
                data = file.read(count * WORD_BYTES)
                port.send([word for (word,) in struct.iter_unpack("<I", data)])
                words = await port.receive(cycles)
                if not _alive(connection):
                    return
                file.write(ANSWER.pack(clock.cycle(), len(words)))
                file.write(struct.pack(f"<{len(words)}I", *words))
                file.flush()
