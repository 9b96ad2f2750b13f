"""Counters of an engine: equal to golden's, and every stall under its cause."""

from collections.abc import Mapping, Sequence
from typing import Any

import cocotb
import numpy as np
from amaranth.hdl import Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In
from cocotb.triggers import ClockCycles, FallingEdge

from golden.accumulate import wrap
from golden.accumulate_operation import AccumulateOperation
from golden.channel_parameters import channel_parameters, requantize_counted
from hw.accumulator_bank import AccumulatorBank
from hw.counters import Counters
from hw.engine_events import EngineEvents
from hw.gemm_engine import GemmEngine
from sim import clock
from sim.engine_parameters import engine_config
from sim.environment import generator, parameters
from sim.gemm_bench import INPUTS, NATIVE, Feed, Stream
from sim.gemm_job import GemmJob
from sim.gemm_stimulus import awkward_sizes, random_job
from sim.stalls import StallPattern
from sim.testbench import Testbench

_CONTROLS = ("running", "waiting", "clear")
_SHOWN = ("o_index", "o")


class CountedEngine(wiring.Component):  # type: ignore[misc]
    """A `GemmEngine` with its `Counters`."""

    def __init__(self, config: Any) -> None:
        self.engine = GemmEngine(config)
        self.counters = Counters(EngineEvents(config))
        members = dict(self.engine.signature.members)
        del members["o_events"]
        members |= {f"i_{name}": In(1) for name in _CONTROLS}
        shown = {f"counters_{name}": self.counters.signature.members[name] for name in _SHOWN}
        super().__init__(members | shown)

    def elaborate(self, platform: object) -> Module:
        """Connect the two."""
        m = Module()
        m.submodules.engine = engine = self.engine
        m.submodules.counters = counters = self.counters
        for name in ("i_pass", "i_weight", "i_activation", "i_parameter"):
            wiring.connect(m, wiring.flipped(getattr(self, name)), getattr(engine, name))
        wiring.connect(m, engine.o, wiring.flipped(self.o))
        m.d.comb += [getattr(counters, f"i_{n}").eq(getattr(self, f"i_{n}")) for n in _CONTROLS]
        m.d.comb += counters.i_events.eq(engine.o_events)
        m.d.comb += [getattr(self, f"counters_{n}").eq(getattr(counters, n)) for n in _SHOWN]
        return m


def _build(**sizes: Any) -> Any:
    return CountedEngine(engine_config(**sizes, statistics=True))


TESTBENCH = Testbench(
    build=_build,
    everyday=[
        {"rows": 4, "cols": 4, "depth": 9, "lanes": 2},
        {"rows": 2, "cols": 3, "group": 1, "depth": 16},
    ],
    long=[
        {"rows": 2, "cols": 1, "depth": 8, "schemes": ["SHIFT"]},
        {"rows": 8, "cols": 8, "depth": 32},
        {"rows": 4, "cols": 6, "depth": 32, "lanes": 1},
    ],
)


def _config() -> Any:
    return engine_config(**parameters(), statistics=True)


async def _read(dut: Any) -> dict[str, int]:
    """Return what has been counted up to now, as it comes by."""
    await ClockCycles(dut.clk, Counters.LATENCY)
    counted: dict[str, int] = {}
    turns: list[int] = []
    for _ in range(len(Counters.NAMES) + Counters.LATE):
        await FallingEdge(dut.clk)
        turns.append(int(dut.counters_o_index.value))
        if len(turns) > Counters.LATE:
            name = Counters.NAMES[turns[-1 - Counters.LATE]]
            counted[name] = int(dut.counters_o.value)
    return counted


def _expected(jobs: Sequence[GemmJob]) -> dict[str, int]:
    """What golden counts: in all columns, those that fill up the last tile included."""
    total = dict.fromkeys(("passes", "saturated_low", "saturated_high", "ties", "largest"), 0)
    for job in jobs:
        config = job.config
        words = channel_parameters(job.requantization, job.n)
        padding = -job.n % config.cols
        words += [words[-1]] * padding
        accumulators = np.pad(job.accumulators().astype(np.int64), ((0, 0), (0, padding)))
        bias = np.array([word.bias for word in words])
        counted = requantize_counted(wrap(accumulators + bias, config.accumulator_bits), words)
        total["passes"] += len(job.passes)
        total["saturated_low"] += counted.low
        total["saturated_high"] += counted.high
        total["ties"] += counted.ties
        total["largest"] = max(total["largest"], int(np.abs(accumulators).max()))
    return total


async def _run(dut: Any, feed: Feed) -> dict[str, int]:
    """Clear the counters, run to the end of a feed and return what was counted."""
    dut.i_clear.value = 1
    await ClockCycles(dut.clk, 2)
    dut.i_clear.value = 0
    feed.start()
    await feed.finish()
    return await _read(dut)


def _check(counted: Mapping[str, int], expected: Mapping[str, int]) -> None:
    assert {name: counted[name] for name in expected} == dict(expected)


@cocotb.test()
@cocotb.parametrize(rest=list(AccumulateOperation))
async def results_as_golden_counts_them(dut: Any, rest: AccumulateOperation) -> None:
    """Saturations, ties and the largest accumulator, cleared in between."""
    config, random = _config(), generator("results", rest.name)
    await clock.start(dut)
    for size in awkward_sizes(config):
        jobs = [random_job(random, config, size, rest=rest) for _ in range(2)]
        _check(await _run(dut, Feed(dut, NATIVE, jobs)), _expected(jobs))


@cocotb.test()
async def ends_of_the_range(dut: Any) -> None:
    """Accumulators of the lowest and highest values that there are, with either sign on top."""
    config, random = _config(), generator("ends")
    await clock.start(dut)
    for operands in ((-128, -128), (-128, 127), (127, 127), (0, 1), (-1, 1)):
        for rest in (AccumulateOperation.ADD, AccumulateOperation.SHIFT_ADD):
            size = (config.depth, 4 * config.rows, config.cols)
            jobs = [random_job(random, config, size, operands=operands, rest=rest)]
            _check(await _run(dut, Feed(dut, NATIVE, jobs)), _expected(jobs))


@cocotb.test()
@cocotb.parametrize(pattern=[StallPattern.RANDOM, StallPattern.LATE])
async def stalled_streams_change_no_count_of_results(dut: Any, pattern: StallPattern) -> None:
    """Every stream stalls."""
    config, random = _config(), generator("stalls")
    sizes = [(5, 3 * config.rows, 2 * config.cols), (config.depth, config.rows, config.cols + 1)]
    jobs = [random_job(random, config, size) for size in sizes]
    await clock.start(dut)
    feed = Feed(dut, NATIVE, jobs, dict.fromkeys(Stream, pattern))
    _check(await _run(dut, feed), _expected(jobs))


@cocotb.test()
async def nothing_is_counted_of_work_before_a_reset(dut: Any) -> None:
    """Whatever is in the pipeline at a reset, the next run counts its own."""
    config, random = _config(), generator("reset")
    size = (config.depth, config.rows, 3 * config.cols)
    before = [random_job(random, config, size, operands=(-128, -128)) for _ in range(3)]
    after = [random_job(random, config, (2, 1, 1), operands=(1, 1))]
    await clock.start(dut)
    for _ in range(24):
        feed = Feed(dut, NATIVE, before)
        feed.start()
        await ClockCycles(dut.clk, int(random.integers(20, 150)))
        feed.stop()
        await clock.reset(dut, cycles=1)
        _check(await _run(dut, Feed(dut, NATIVE, after)), _expected(after))


@cocotb.test()
@cocotb.parametrize(
    (
        ("stream", "waiting", "name"),
        [
            (Stream.WEIGHTS, 0, "stalls_weights"),
            (Stream.PARAMETERS, 0, "stalls_parameters"),
            (Stream.ACTIVATIONS, 0, "stalls_activations"),
            (Stream.ACTIVATIONS, 1, "stalls_outputs"),
        ],
    )
)
async def a_late_stream_is_the_cause(dut: Any, stream: Stream, waiting: int, name: str) -> None:
    """A stream that comes some cycles later costs as many cycles under its name, and no others.

    Where requantizers are shared, parameters are not needed until accumulators are drained.
    """
    config = _config()
    if stream is Stream.PARAMETERS and config.banks > 1:
        return
    job = random_job(generator("late"), config, (4, config.rows, config.cols))
    await clock.start(dut)
    await _run(dut, Feed(dut, NATIVE, [job]))  # after this one the engine is flushed
    dut.i_waiting.value = waiting
    counted = []
    for late in (100, 130):
        dut.i_clear.value = 1
        await ClockCycles(dut.clk, 2)
        dut.i_clear.value = 0
        feed = Feed(dut, NATIVE, [job])
        feed.start(*(other for other in INPUTS if other is not stream))
        await ClockCycles(dut.clk, late)
        feed.start(stream)
        await feed.finish()
        counted.append(await _read(dut))
    difference = {key: counted[1][key] - counted[0][key] for key in Counters.NAMES}
    assert difference == {**dict.fromkeys(Counters.NAMES, 0), name: 30}


@cocotb.test()
async def short_passes_wait_for_their_sums(dut: Any) -> None:
    """A row that adds to the one launched before it comes as late as a word's way round."""
    config, tiles = _config(), 6
    job = random_job(generator("short"), config, (1, tiles * config.rows, config.cols))
    await clock.start(dut)
    counted = await _run(dut, Feed(dut, NATIVE, [job]))
    # Its weights come a row a cycle meanwhile.
    waits = max(0, AccumulatorBank.RECURRENCE - config.rows)
    assert counted["stalls_recurrence"] == (tiles - 1) * waits


@cocotb.test()
async def a_reader_that_stalls_takes_the_room(dut: Any) -> None:
    """Room for results runs out, of which the rest of the engine knows nothing."""
    config = _config()
    tiles = 3 * _build(**parameters()).engine.buffer_depth // config.depth + 4
    size = (config.depth, config.rows, tiles * config.cols)
    job = random_job(generator("room"), config, size)
    await clock.start(dut)
    quick = await _run(dut, Feed(dut, NATIVE, [job]))
    late = await _run(dut, Feed(dut, NATIVE, [job], {Stream.OUTPUT: StallPattern.LATE}))
    assert late["stalls_room"] > quick["stalls_room"] + 50


@cocotb.test()
async def cycles_are_counted_while_running(dut: Any) -> None:
    """`i_running` counts, and `i_clear` clears."""
    await clock.start(dut)
    dut.i_running.value = 1
    await ClockCycles(dut.clk, 17)
    dut.i_running.value = 0
    await ClockCycles(dut.clk, 5)
    assert (await _read(dut))["cycles"] == 17
    dut.i_clear.value = 1
    await ClockCycles(dut.clk, 1)
    dut.i_clear.value = 0
    assert await _read(dut) == dict.fromkeys(Counters.NAMES, 0)
