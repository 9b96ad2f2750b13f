"""Driving and watching valid/ready streams.

A stream is found by its prefix. Amaranth's ports are `<prefix>__payload`, `__valid`, `__ready`;
AXI4-Stream's are `<prefix>_tdata`, `_tvalid`, `_tready` and, where there are packets, `_tlast`.
A stream without a ready port is always ready.
"""

from collections.abc import Callable, Iterable
from typing import Any

import cocotb
from cocotb.task import Task
from cocotb.triggers import Event, SimTimeoutError, with_timeout

from sim import clock, environment
from sim.stalls import StallPattern, Stalls

__all__ = ["ProtocolError", "StreamDriver", "StreamMonitor"]


class ProtocolError(AssertionError):
    """A stream broke a rule of its handshake."""


class _Ports:
    """The handles of one stream."""

    def __init__(self, dut: Any, prefix: str) -> None:
        axi = hasattr(dut, f"{prefix}_tvalid")
        names = ("_tvalid", "_tready", "_tdata") if axi else ("__valid", "__ready", "__payload")
        valid, ready, payload = (getattr(dut, prefix + name, None) for name in names)
        if valid is None or payload is None:
            raise ValueError(f"{dut._name} must have stream {prefix}, and has no such valid port")
        self.prefix = prefix
        self.valid: Any = valid
        self.ready: Any = ready
        self.payload: Any = payload
        self.last: Any = getattr(dut, f"{prefix}_tlast", None) if axi else None
        self.width = len(payload)

    def is_high(self, handle: Any) -> bool:
        return self.read(handle) == 1

    def read(self, handle: Any) -> int:
        try:
            return int(handle.value)
        except ValueError:
            raise ProtocolError(
                f"{handle._name} is {handle.value} in cycle {clock.cycle()}: unknown bits"
            ) from None


class StreamDriver:
    """Puts beats into a stream.

    While it stalls, the payload port holds the complement of the beat to come, so a component that
    looks at a payload that is not valid is found.

    Parameters
    ----------
    dut
        The component.
    prefix
        The stream's name.
    stalls
        Pattern of the cycles in which nothing is offered.
    """

    def __init__(
        self,
        dut: Any,
        prefix: str,
        *,
        stalls: StallPattern = StallPattern.NEVER,
    ) -> None:
        if stalls is StallPattern.WHEN_ASKED:
            raise ValueError("a source must not wait for ready: stalls must not be WHEN_ASKED")
        self._ports = _Ports(dut, prefix)
        self._edge = clock.edge(dut)
        self._stalled: Stalls = stalls.start(environment.generator("driver", prefix, stalls.name))
        self.cycles: list[int] = []
        """The cycle in which each beat was taken."""

    async def send(self, beats: Iterable[int], *, last: bool = True) -> None:
        """Send beats and return when the last one was taken; it ends a packet if ``last``."""
        ports, edge, mask = self._ports, self._edge, (1 << self._ports.width) - 1
        queue = list(beats)
        for index, beat in enumerate(queue):
            while self._stalled(False):
                ports.valid.value = 0
                ports.payload.value = beat ^ mask
                await edge
            ports.payload.value = beat
            ports.valid.value = 1
            if ports.last is not None:
                ports.last.value = int(last and index == len(queue) - 1)
            await edge
            while ports.ready is not None and not ports.is_high(ports.ready):
                await edge
            self.cycles.append(clock.cycle())
            ports.valid.value = 0

    def start(self, beats: Iterable[int], *, last: bool = True) -> Task[None]:
        """Send beats in the background; cancel the task to stop."""
        return cocotb.start_soon(self.send(beats, last=last))

    def stop(self) -> None:
        """Offer nothing more."""
        self._ports.valid.value = 0


class StreamMonitor:
    """Takes beats out of a stream and keeps it to the rules.

    Checked in every cycle: valid and ready are 0 or 1; a valid payload has no unknown bits; a beat
    that waits stays valid and does not change.

    Parameters
    ----------
    dut
        The component.
    prefix
        The stream's name.
    stalls
        Pattern of the cycles in which it is not ready.
    check
        Called with every beat that is taken.
    """

    def __init__(
        self,
        dut: Any,
        prefix: str,
        *,
        stalls: StallPattern = StallPattern.NEVER,
        check: Callable[[int], None] | None = None,
    ) -> None:
        self._ports = _Ports(dut, prefix)
        self._edge = clock.edge(dut)
        self._stalled: Stalls = stalls.start(environment.generator("monitor", prefix, stalls.name))
        self._check = check
        self._came = Event()
        self.beats: list[int] = []
        self.cycles: list[int] = []
        """The cycle in which each beat was taken."""
        self.packet_ends: list[int] = []
        """How many beats had been taken at the end of each packet."""
        self._task = cocotb.start_soon(self._watch())

    async def receive(self, count: int, *, within: int) -> list[int]:
        """Wait until ``count`` beats were taken since the beginning and return all of them.

        Raises
        ------
        ProtocolError
            They did not come within so many cycles.
        """
        try:
            await with_timeout(self._reached(count), within * clock.CLOCK_PERIOD_NS, "ns")
        except SimTimeoutError:
            raise ProtocolError(
                f"{self._ports.prefix}: {len(self.beats)} of {count} beats came within "
                f"{within} cycles (seed {environment.seed()})"
            ) from None
        return self.beats

    def stop(self) -> None:
        """Take nothing more and check nothing more, for instance because of a reset."""
        self._task.cancel()
        if self._ports.ready is not None:
            self._ports.ready.value = 0

    async def _reached(self, count: int) -> None:
        while len(self.beats) < count:
            self._came.clear()
            await self._came.wait()

    async def _watch(self) -> None:
        ports, edge = self._ports, self._edge
        waiting: int | None = None
        ready = ports.ready is None
        if not ready:
            ports.ready.value = 0
        while True:
            await edge
            valid = ports.is_high(ports.valid)
            if not valid and waiting is not None:
                self._broken("valid fell before the beat was taken")
            if valid:
                beat = ports.read(ports.payload)
                if waiting is not None and beat != waiting:
                    self._broken(f"the payload changed from {waiting:#x} to {beat:#x} in waiting")
                waiting = None if ready else beat
                if ready:
                    self._take(beat)
            if ports.ready is not None:
                listens = not self._stalled(waiting is not None)
                if listens is not ready:
                    ready = listens
                    ports.ready.value = int(ready)

    def _take(self, beat: int) -> None:
        self.beats.append(beat)
        self.cycles.append(clock.cycle())
        if self._ports.last is not None and self._ports.is_high(self._ports.last):
            self.packet_ends.append(len(self.beats))
        if self._check is not None:
            self._check(beat)
        self._came.set()

    def _broken(self, what: str) -> None:
        raise ProtocolError(
            f"{self._ports.prefix}: {what}, cycle {clock.cycle()} (seed {environment.seed()})"
        )
