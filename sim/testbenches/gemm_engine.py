"""GEMM engine: equal to golden for any size, under any stalls, after any reset."""

from typing import Any

import cocotb
import numpy as np
from cocotb.triggers import ClockCycles

from golden.accumulate_operation import AccumulateOperation
from hw.accumulator_bank import AccumulatorBank
from hw.gemm_engine import GemmEngine
from hw.stream_buffer import StreamBuffer
from sim import clock
from sim.engine_parameters import engine_config
from sim.environment import generator, parameters
from sim.gemm_bench import INPUTS, NATIVE, Feed, Stream, check_packet_ends
from sim.gemm_job import GemmJob
from sim.gemm_stimulus import awkward_sizes, random_job
from sim.stalls import StallPattern
from sim.testbench import Testbench


def _build(**sizes: Any) -> Any:
    return GemmEngine(engine_config(**sizes))


TESTBENCH = Testbench(
    build=_build,
    # Only where a tile is loaded faster than a word can be added to again do passes wait for it.
    everyday=[
        {"rows": 2, "cols": 3, "group": 1, "depth": 16},
        {"rows": 12, "cols": 2, "depth": 16, "multiplier": "ecp5"},
    ],
    long=[
        {"rows": 4, "cols": 4, "group": 2, "depth": 9, "lanes": 1},
        {"rows": 2, "cols": 6, "depth": 16, "lanes": 3},
        {"rows": 8, "cols": 8, "depth": 32, "lanes": 2, "schemes": ["SHIFT"]},
        {"rows": 1, "cols": 1, "depth": 2},
        {"rows": 4, "cols": 3, "group": 2, "depth": 16},
        {"rows": 8, "cols": 8, "depth": 32},
        {"rows": 5, "cols": 7, "group": 1, "depth": 9},
        {"rows": 8, "cols": 2, "group": 4, "depth": 16, "schemes": ["FLOAT32"]},
        {"rows": 4, "cols": 4, "depth": 12, "schemes": ["FIXED", "SHIFT"]},
        {"rows": 4, "cols": 4, "depth": 12, "weight": "int4"},
        {"rows": 12, "cols": 12, "depth": 32, "multiplier": "ecp5"},
        {"rows": 16, "cols": 4, "depth": 16, "lanes": 2, "multiplier": "ecp5"},
        {"rows": 5, "cols": 3, "group": 1, "depth": 9, "multiplier": "ecp5"},
        {"rows": 8, "cols": 4, "depth": 12, "lanes": 1, "multiplier": "ice40"},
        {"rows": 4, "cols": 5, "group": 2, "depth": 12, "multiplier": "xc7"},
        {"rows": 1, "cols": 4, "depth": 4, "multiplier": "xc7"},
        {"rows": 12, "cols": 4, "depth": 16, "multiplier": "ecp5", "dsp_rows": 8, "dsp_cols": 2},
    ],
)


def _draw_jobs(key: str, count: int) -> list[GemmJob]:
    """Draw small products of random sizes, up to a bit over two tiles each way."""
    config, random = engine_config(**parameters()), generator(key)
    sizes = random.integers(
        1, (config.depth + 3, 2 * config.rows + 2, 2 * config.cols + 2), (count, 3)
    )
    rests = [AccumulateOperation.ADD, AccumulateOperation.SHIFT_ADD, AccumulateOperation.MAX]
    return [
        random_job(random, config, (int(m), int(k), int(n)), rest=rests[index % len(rests)])
        for index, (m, k, n) in enumerate(sizes)
    ]


@cocotb.test()
async def awkward_sizes_back_to_back(dut: Any) -> None:
    """Sizes of 1, not a multiple, just over, each with a scheme and parameters of its own."""
    config, random = engine_config(**parameters()), generator("awkward")
    jobs = [random_job(random, config, size) for size in awkward_sizes(config)]
    await clock.start(dut)
    feed = Feed(dut, NATIVE, jobs)
    feed.start()
    await feed.finish()
    last = config.cols * config.output.bits
    ends = [index + 1 for index, beat in enumerate(feed.output.beats) if beat >> last & 1]
    check_packet_ends("o", ends, feed.expected_packet_ends)


@cocotb.test()
@cocotb.parametrize(rest=[operation.name for operation in AccumulateOperation])
async def accumulate_operations(dut: Any, rest: str) -> None:
    """Later passes of a tile set, add, shift and add past both ends of the range, or compare."""
    config, random = engine_config(**parameters()), generator("operations", rest)
    sizes = [(1, 3, 1), (2, 2, 1), (config.depth, 6, 2), (config.rows, 2, 2)]
    jobs = [
        random_job(
            random,
            config,
            (rows, tiles * config.rows, columns * config.cols),
            rest=AccumulateOperation[rest],
        )
        for rows, tiles, columns in sizes
    ]
    await clock.start(dut)
    feed = Feed(dut, NATIVE, jobs)
    feed.start()
    await feed.finish()


@cocotb.test()
async def extreme_operands(dut: Any) -> None:
    """All (-128)(-128), (-128)(127), (127)(127), over several tiles of the reduction axis."""
    config, random = engine_config(**parameters()), generator("extreme")
    size = (config.depth, 4 * config.rows, config.cols)
    ends = [(fmt.min, fmt.max) for fmt in (config.activation, config.weight)]
    jobs = [random_job(random, config, size, operands=(a, w)) for a in ends[0] for w in ends[1]]
    await clock.start(dut)
    feed = Feed(dut, NATIVE, jobs)
    feed.start()
    await feed.finish()


@cocotb.test()
@cocotb.parametrize(pattern=list(StallPattern))
async def every_stream_stalls(dut: Any, pattern: StallPattern) -> None:
    """Every stream stalls in the same way."""
    source = pattern if pattern in StallPattern.of_sources() else StallPattern.RANDOM
    await clock.start(dut)
    feed = Feed(
        dut,
        NATIVE,
        _draw_jobs("stalls", 4),
        {Stream.OUTPUT: pattern, **dict.fromkeys(INPUTS, source)},
    )
    feed.start()
    await feed.finish()


@cocotb.test()
@cocotb.parametrize(
    (
        ("stream", "pattern"),
        [
            *((stream, pattern) for stream in INPUTS for pattern in StallPattern.of_sources()),
            *((Stream.OUTPUT, pattern) for pattern in StallPattern),
        ],
    )
)
async def one_stream_stalls(dut: Any, stream: Stream, pattern: StallPattern) -> None:
    """One stream holds up all the others."""
    await clock.start(dut)
    feed = Feed(dut, NATIVE, _draw_jobs("one stall", 2), {stream: pattern})
    feed.start()
    await feed.finish()


@cocotb.test()
@cocotb.parametrize(stream=list(Stream))
async def one_stream_comes_late(dut: Any, stream: Stream) -> None:
    """The others fill every buffer and every table first, and there is work for more of them."""
    config, random = engine_config(**parameters()), generator("late")
    room = _build(**parameters()).buffer_depth
    m = min(config.depth, max(2, room // 8))
    tiles = max(3 * GemmEngine.entries_of(config), 3 * room // m)
    job = random_job(random, config, (m, config.rows, tiles * config.cols))
    await clock.start(dut)
    feed = Feed(dut, NATIVE, [job], {stream: StallPattern.LATE})
    feed.start()
    await feed.finish()


@cocotb.test()
async def what_is_not_read_takes_all_room_and_no_more(dut: Any) -> None:
    """No row is launched without room for its result, wherever in a pass the room ends."""
    config, random = engine_config(**parameters()), generator("room")
    if config.banks > 1:
        return  # The rows that wait in the banks are launched without room.
    room = _build(**parameters()).buffer_depth
    whole = 1 << (min(config.depth, max(2, room // 8)).bit_length() - 1)
    await clock.start(dut)
    for m in (whole, whole - 1):
        size = (m, config.rows, (room // m + 4) * config.cols)
        job = random_job(random, config, size)
        feed = Feed(dut, NATIVE, [job], {Stream.OUTPUT: StallPattern.LATE})
        feed.start()
        traffic = await feed.finish()
        taken = np.array(traffic.inputs[Stream.ACTIVATIONS]) <= traffic.output[0]
        launched = int(taken.sum()) - StreamBuffer.ENTRIES
        assert launched == room, f"{launched} rows are launched into room for {room}"


@cocotb.test()
async def reset_in_the_middle_of_work(dut: Any) -> None:
    """After a reset at any cycle the engine does new work as if it had never worked."""
    random = generator("reset")
    stalls = dict.fromkeys(Stream, StallPattern.RANDOM)
    jobs = _draw_jobs("before the reset", 3)
    after = _draw_jobs("after the reset", 1)
    await clock.start(dut)
    for attempt in range(16):
        feed = Feed(dut, NATIVE, jobs, stalls)
        feed.start()
        await ClockCycles(dut.clk, int(random.integers(1, 250)))
        feed.stop()
        await clock.reset(dut, cycles=1 + attempt % 2)
        feed = Feed(dut, NATIVE, after)
        feed.start()
        await feed.finish()


@cocotb.test()
async def latency_is_the_constant(dut: Any) -> None:
    """A row that waits for nothing comes out `latency` cycles after it was taken."""
    config = engine_config(**parameters())
    job = random_job(generator("latency"), config, (1, config.rows, config.cols))
    await clock.start(dut)
    for _ in range(3):
        feed = Feed(dut, NATIVE, [job])
        feed.start(Stream.PASSES, Stream.WEIGHTS, Stream.PARAMETERS)
        await ClockCycles(dut.clk, 100 + config.rows + config.cols)
        feed.start(Stream.ACTIVATIONS)
        traffic = await feed.finish()
        assert (
            traffic.output[0] - traffic.inputs[Stream.ACTIVATIONS][0]
            == _build(**parameters()).latency
        )


@cocotb.test()
async def passes_follow_without_a_bubble(dut: Any) -> None:
    """From the first launch on, a row is taken in every cycle, across passes and tiles."""
    config, random = engine_config(**parameters()), generator("bubbles")
    engine: Any = _build(**parameters())
    rows = min(config.depth, max(config.rows, config.cols, AccumulatorBank.RECURRENCE))
    # Passes that add to one another must not be shorter than a word's way round.
    tiles: tuple[int, ...] = (1, 1) if rows < AccumulatorBank.RECURRENCE else (1, 3, 1, 2)
    if config.banks > 1:
        # A drain is hidden behind the passes that fill the other bank.
        hidden = config.lane_columns + -(-engine.pipeline_latency // rows)
        tiles = (hidden, hidden + 1, hidden)
    jobs = [random_job(random, config, (rows, k * config.rows, 2 * config.cols)) for k in tiles]
    await clock.start(dut)
    feed = Feed(dut, NATIVE, jobs)
    feed.start(Stream.PASSES, Stream.WEIGHTS, Stream.PARAMETERS)
    await ClockCycles(dut.clk, engine.pipeline_latency + config.rows + 100)
    feed.start(Stream.ACTIVATIONS)
    traffic = await feed.finish()
    steps = np.diff(traffic.inputs[Stream.ACTIVATIONS])
    assert (steps == 1).all(), f"a bubble after rows {np.flatnonzero(steps != 1)}"
