"""What the testbenches of a GEMM engine share: feeding products and checking the results."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from itertools import islice
from typing import Any

import numpy.typing as npt
from cocotb.task import Task

from sim import clock, environment
from sim.gemm_job import GemmJob
from sim.scoreboard import MismatchError, Scoreboard
from sim.stalls import StallPattern
from sim.streams import StreamDriver, StreamMonitor

__all__ = ["AXI", "INPUTS", "NATIVE", "Feed", "Stream", "Traffic", "check_packet_ends"]


class Stream(Enum):
    """A stream of an engine; an input's value is its name in `GemmStreams`."""

    PASSES = "passes"
    WEIGHTS = "weights"
    ACTIVATIONS = "activations"
    PARAMETERS = "parameters"
    OUTPUT = "output"


INPUTS = (Stream.PASSES, Stream.WEIGHTS, Stream.ACTIVATIONS, Stream.PARAMETERS)

NATIVE = {
    Stream.PASSES: "i_pass",
    Stream.WEIGHTS: "i_weight",
    Stream.ACTIVATIONS: "i_activation",
    Stream.PARAMETERS: "i_parameter",
    Stream.OUTPUT: "o",
}
"""Prefix of each stream of `GemmEngine`."""

AXI = {
    Stream.PASSES: "s_axis_pass",
    Stream.WEIGHTS: "s_axis_weight",
    Stream.ACTIVATIONS: "s_axis_activation",
    Stream.PARAMETERS: "s_axis_parameter",
    Stream.OUTPUT: "m_axis_output",
}
"""Prefix of each stream of `GemmAxis`."""

_QUIET = 20
"""Cycles after the last result in which no other may come."""


@dataclass
class Traffic:
    """In which cycle each beat of each stream was taken."""

    inputs: dict[Stream, list[int]] = field(default_factory=dict)
    output: list[int] = field(default_factory=list)


class Feed:
    """Feeds jobs to an engine, back to back, and checks what comes out.

    Parameters
    ----------
    dut
        The engine.
    prefixes
        `NATIVE` or `AXI`.
    jobs
        Products, in order.
    stalls
        Pattern of each stream that stalls.
    """

    def __init__(
        self,
        dut: Any,
        prefixes: Mapping[Stream, str],
        jobs: Sequence[GemmJob],
        stalls: Mapping[Stream, StallPattern] | None = None,
    ) -> None:
        patterns = stalls or {}
        self._edge = clock.edge(dut)
        self.jobs = jobs
        self.output = StreamMonitor(
            dut, prefixes[Stream.OUTPUT], stalls=patterns.get(Stream.OUTPUT, StallPattern.NEVER)
        )
        self._drivers = {
            name: StreamDriver(dut, prefixes[name], stalls=patterns.get(name, StallPattern.NEVER))
            for name in INPUTS
        }
        self._tasks: list[Task[None]] = []
        streams = [job.streams() for job in jobs]
        self._beats = {
            name: [b for s in streams for b in getattr(s, name.value)] for name in INPUTS
        }

    def start(self, *names: Stream) -> None:
        """Start feeding some of the inputs, or all of them."""
        for name in names or INPUTS:
            self._tasks.append(self._drivers[name].start(self._beats[name]))

    def stop(self) -> None:
        """Stop feeding and reading, wherever it is."""
        for task in self._tasks:
            task.cancel()
        for driver in self._drivers.values():
            driver.stop()
        self.output.stop()

    @property
    def expected_packet_ends(self) -> list[int]:
        """After how many results each pass that drains has ended."""
        ends, done = [], 0
        for job in self.jobs:
            ends += [done + end for end in job.packet_ends]
            done += job.output_beats
        return ends

    async def finish(self) -> Traffic:
        """Wait for all results, compare them with golden, and return when every beat was taken."""
        count = sum(job.output_beats for job in self.jobs)
        patience = 2000 + 16 * (count + sum(map(len, self._beats.values())))
        beats = iter(await self.output.receive(count, within=patience))
        for _ in range(_QUIET):
            await self._edge
        if len(self.output.beats) > count:
            raise MismatchError(f"o: a beat came after all {count} (seed {environment.seed()})")
        for index, job in enumerate(self.jobs):
            _check_job(f"o of job {index}", job, list(islice(beats, job.output_beats)))
        self.output.stop()
        return Traffic(
            {name: driver.cycles for name, driver in self._drivers.items()}, self.output.cycles
        )


def _check_job(name: str, job: GemmJob, beats: Sequence[int]) -> None:
    """Compare the beats of a job, pass by pass, with golden."""
    expected: npt.NDArray[Any] = job.golden()
    config, left = job.config, iter(beats)
    for index, step in enumerate(job.passes):
        if not step.drain:
            continue
        rows = slice(step.first, step.first + step.count)
        first = step.n_tile * config.cols
        board = Scoreboard(
            f"{name}, {job.requantization.scheme.value}, pass {index}",
            expected[rows, first : first + config.cols],
            bits=config.output.bits,
        )
        board.check_all(islice(left, step.count))


def check_packet_ends(name: str, actual: Sequence[int], expected: Sequence[int]) -> None:
    """Raise MismatchError unless `last` came with the last row of every pass that drains."""
    if list(actual) != list(expected):
        raise MismatchError(
            f"{name}: passes ended after {list(actual)} beats, not after {list(expected)} "
            f"(seed {environment.seed()})"
        )
