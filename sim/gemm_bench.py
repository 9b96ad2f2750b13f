"""What the testbenches of a GEMM engine share: drawing products, feeding and checking them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
from cocotb.task import Task

from golden.accumulate_operation import AccumulateOperation
from golden.requantize import Requantization
from golden.scaling import TIE_RULES
from golden.scheme import Scheme
from hw.config import EngineConfig
from sim import clock, environment
from sim.gemm_job import GemmJob
from sim.scoreboard import MismatchError, Scoreboard
from sim.stalls import StallPattern
from sim.stimulus import weighted
from sim.streams import StreamDriver, StreamMonitor

__all__ = ["AXI", "INPUTS", "NATIVE", "Feed", "Traffic", "awkward_sizes", "random_job"]

INPUTS = ("passes", "weights", "activations", "parameters")
"""The input streams, as `GemmStreams` names them."""

NATIVE = {
    "passes": "i_pass",
    "weights": "i_weight",
    "activations": "i_activation",
    "parameters": "i_parameter",
    "output": "o",
}
"""Prefix of each stream of `GemmEngine`."""

AXI = {
    "passes": "s_axis_pass",
    "weights": "s_axis_weight",
    "activations": "s_axis_activation",
    "parameters": "s_axis_parameter",
    "output": "m_axis_output",
}
"""Prefix of each stream of `GemmAxis`."""


_QUIET = 20
"""Cycles after the last result in which no other may come."""


def awkward_sizes(config: EngineConfig) -> list[tuple[int, int, int]]:
    """Return (M, K, N): 1, just under, at, and just over what fills the engine once."""
    rows, cols, depth = config.rows, config.cols, config.depth
    return [
        (1, 1, 1),
        (1, 3 * rows, 2 * cols),  # the shortest passes, each adding to the one before it
        (2, 2 * rows + 1, 1),
        (3, rows, cols + 1),
        (rows, rows + 1, cols),
        (depth, rows, cols),
        (depth - 1, 2 * rows - 1, max(1, cols - 1)),
        (depth + 1, rows + 1, cols + 1),
    ]


def random_job(
    random: np.random.Generator,
    config: EngineConfig,
    size: tuple[int, int, int],
    *,
    operands: tuple[int, int] | None = None,
    rest: AccumulateOperation = AccumulateOperation.ADD,
) -> GemmJob:
    """Draw a product of a size (M, K, N) with a scheme that the engine has.

    Operands are weighted, or all equal to ``operands`` (activation, weight). ``rest`` is what the
    later passes of a tile do.
    """
    m, k, n = size
    if operands is None:
        a = weighted(random, (m, k), bits=config.activation.bits)
        w = weighted(random, (k, n), bits=config.weight.bits)
    else:
        a, w = np.full((m, k), operands[0]), np.full((k, n), operands[1])
    reach = config.activation.max * config.weight.max * float(np.sqrt(k))
    if rest is AccumulateOperation.SHIFT_ADD:
        # What is beyond the accumulators wraps.
        reach = min(reach * 256.0 ** ((k - 1) // config.rows), 2.0 ** (config.accumulator_bits - 2))
    return GemmJob(
        config,
        a.astype(config.activation.dtype),
        w.astype(config.weight.dtype),
        _requantization(random, config, reach, n),
        rest,
    )


def _requantization(
    random: np.random.Generator, config: EngineConfig, reach: float, n: int
) -> Requantization:
    """Draw parameters that bring most of the results into the output's range.

    ``reach`` is where accumulators get to.
    """
    schemes = sorted(config.schemes, key=lambda scheme: scheme.name)
    scheme = schemes[random.integers(len(schemes))]
    scale = 2.0 ** random.uniform(-3, 1, n) * (2 * config.output.max) / reach
    if scheme is Scheme.SHIFT:
        scale = 2.0 ** np.clip(np.floor(np.log2(scale)), -31, 0)
    bias = weighted(random, (n,), bits=32, weight=0.1) >> random.choice([0, 12, 16, 20], n)
    low, high = sorted(weighted(random, (2,), bits=config.output.bits).tolist())
    if random.random() < 0.7:
        low, high = config.output.min, config.output.max
    return Requantization.from_scale(
        scheme,
        scale,
        bias,
        tie=TIE_RULES[random.integers(len(TIE_RULES))],
        zero_point=int(weighted(random, (1,), bits=config.output.bits)[0]),
        low=low,
        high=high,
        out=config.output,
    )


@dataclass
class Traffic:
    """In which cycle each beat of each stream was taken."""

    inputs: dict[str, list[int]] = field(default_factory=dict)
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
        prefixes: Mapping[str, str],
        jobs: Sequence[GemmJob],
        stalls: Mapping[str, StallPattern] | None = None,
    ) -> None:
        patterns = stalls or {}
        self._edge = clock.edge(dut)
        self.jobs = jobs
        self.output = StreamMonitor(
            dut, prefixes["output"], stalls=patterns.get("output", StallPattern.NEVER)
        )
        self._drivers = {
            name: StreamDriver(dut, prefixes[name], stalls=patterns.get(name, StallPattern.NEVER))
            for name in INPUTS
        }
        self._tasks: list[Task[None]] = []
        streams = [job.streams() for job in jobs]
        self._beats = {name: [b for s in streams for b in getattr(s, name)] for name in INPUTS}

    def start(self, *names: str) -> None:
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
