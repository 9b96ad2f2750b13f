"""GemmAccelerator: random jobs leave golden's results, in the cycles that are predicted."""

from typing import Any

import cocotb
import numpy as np

from golden.channel_parameters import ChannelParameters
from hw.gemm_accelerator import GemmAccelerator
from hw.gemm_accelerator_config import GemmAcceleratorConfig
from hw.gemm_job import JOB
from hw.gemm_timing import GemmTiming
from hw.host_port import HostMemory
from hw.identification import identification
from hw.parameter_word import Parameters
from hw.register_map import REGISTERS, State
from sim import clock
from sim.accelerator_bench import DONE, HostDriver, words_of
from sim.accelerator_parameters import gemm_accelerator_config
from sim.environment import generator, parameters
from sim.gemm_memories import GemmMemories
from sim.lanes import pack, unpack
from sim.program_draws import draw_channels
from sim.stimulus import weighted
from sim.testbench import Testbench

Job = dict[str, int]

PATIENCE = 60_000
POKES = 100
"""Cycles in which the host asks for some things."""
WEIGHTS = 128
"""Words of the weight memory, its last ones, that are written: there are memories of many."""

SMALL = {"activation_words": 256, "weight_words": 128, "parameter_words": 16, "job_words": 64}


def _build(**sizes: Any) -> Any:
    return GemmAccelerator(gemm_accelerator_config(**sizes))


LARGE = {"activation_words": 256, "weight_words": 256, "parameter_words": 64, "job_words": 64}
SMALLEST = {"activation_words": 64, "weight_words": 32, "parameter_words": 8, "job_words": 32}

TESTBENCH = Testbench(
    build=_build,
    everyday=[{"rows": 2, "cols": 2, "lanes": 1, "depth": 16, **SMALLEST}],
    long=[
        {"rows": 4, "cols": 4, "lanes": 1, "depth": 9, **SMALL},
        {"rows": 4, "cols": 4, "lanes": 4, "depth": 16, **SMALL},
        {"rows": 8, "cols": 8, "lanes": 2, "depth": 32, "schemes": ["FLOAT32"], **SMALL},
        {"rows": 16, "cols": 16, "lanes": 1, "depth": 20, "schemes": ["SHIFT"], **LARGE},
        {
            "rows": 4,
            "cols": 4,
            "lanes": 1,
            "depth": 16,
            "multiplier": "ice40",
            "dsp_cols": 2,
            **SMALL,
        },
        {"rows": 1, "cols": 1, "depth": 8, **SMALL},
        {"rows": 2, "cols": 2, "lanes": 1, "depth": 16, "accumulator_bits": 20, **SMALL},
    ],
)


def _draw_memories(random: np.random.Generator, config: GemmAcceleratorConfig) -> GemmMemories:
    engine = config.engine
    channels: list[ChannelParameters] = []
    while len(channels) < config.parameter_words:
        channels += [each for each in draw_channels(random) if each.scheme in engine.schemes]
    activations = weighted(random, (config.activation_words, engine.rows))
    weights = np.zeros((config.weight_words, engine.cols), np.int64)
    weights[-WEIGHTS:] = weighted(random, weights[-WEIGHTS:].shape)
    return GemmMemories(
        activations.astype(np.int8), weights.astype(np.int8), channels[: config.parameter_words]
    )


def _draw_job(random: np.random.Generator, config: GemmAcceleratorConfig) -> Job:
    """Draw a job that stays within the memories; its results may be where its operand was."""
    engine = config.engine
    side = engine.rows
    words, half = min(WEIGHTS, config.weight_words), config.activation_words // 2
    most = words // side
    tiles = int(random.integers(1, min(config.parameter_entries, most) + 1))
    steps = int(random.integers(1, min(half, most // tiles) + 1))
    rows = int(random.choice([1, 2, 3, engine.depth, random.integers(1, engine.depth + 1)]))
    rows = min(rows, half // max(tiles, steps))
    operand, result = random.permutation([0, half])
    return {
        "rows": rows,
        "tiles_n": tiles,
        "steps_k": steps,
        "activation_address": int(operand + random.integers(half - steps * rows + 1)),
        "weight_address": config.weight_words
        - words
        + int(random.integers(words - tiles * steps * side + 1)),
        "parameter_address": side * int(random.integers(config.parameter_entries - tiles + 1)),
        "output_address": int(result + random.integers(half - tiles * rows + 1)),
    }


async def _load(host: HostDriver, config: GemmAcceleratorConfig, memories: GemmMemories) -> None:
    bits = 8 * config.engine.cols
    word = config.parameter_word
    encoded = [word.encode(Parameters(**vars(each))) for each in memories.parameters]
    weights = [pack(row, 8) for row in memories.weights[-WEIGHTS:].tolist()]
    activations = [pack(row, 8) for row in memories.activations.tolist()]
    first = (config.weight_words - len(weights)) * len(words_of([0], bits))
    await host.write(HostMemory.WEIGHT, words_of(weights, bits), first)
    await host.write(HostMemory.ACTIVATION, words_of(activations, bits))
    await host.write(HostMemory.PARAMETER, words_of(encoded, word.width))


async def _read(host: HostDriver, config: GemmAcceleratorConfig) -> Any:
    side = config.engine.rows
    stride = len(words_of([0], 8 * side))
    words = await host.read(HostMemory.ACTIVATION, config.activation_words * stride)
    rows = [
        unpack(sum(word << 32 * n for n, word in enumerate(words[first : first + stride])), side, 8)
        for first in range(0, len(words), stride)
    ]
    return np.array(rows, np.int8)


def _writes(write: int) -> list[dict[str, Any]]:
    """Requests that write the first word of every memory, or read it."""
    memories = list(HostMemory)[:4]
    return [
        {"memory": memory, "write": write, "address": 0, "data": 1 << 30} for memory in memories
    ]


@cocotb.test()
async def lists_of_jobs(dut: Any) -> None:
    """Every word of the activation memory is golden's, and the cycles are those predicted."""
    config = gemm_accelerator_config(**parameters())
    timing = GemmTiming(config)
    random = generator("jobs")
    await clock.start(dut)
    host = HostDriver(dut)
    memories = _draw_memories(random, config)
    await _load(host, config, memories)
    most = config.job_words // JOB.words - 1
    for count in (1, 0, most, *random.integers(1, most + 1, 6).tolist()):
        jobs = [_draw_job(random, config) for _ in range(count)]
        address = JOB.words * int(random.integers(most - count + 1))
        words = words_of([*(JOB.encode(job) for job in jobs), 0], 32 * JOB.words)
        await host.write(HostMemory.PROGRAM, words, address)
        await host.start(address)
        expected = timing.list_cycles((job["rows"], job["tiles_n"], job["steps_k"]) for job in jobs)
        if expected > POKES:
            replies = await host.ask(_writes(1))
            assert all(refused for _, refused in replies), "a write while it runs"
        assert await host.finish(within=PATIENCE) == DONE
        for job in jobs:
            memories.run(job, config)
        actual = await _read(host, config)
        wrong = np.flatnonzero((actual != memories.activations).any(axis=1))
        assert not wrong.size, f"word {wrong[0]} of {wrong.size} that differ, after {jobs}"
        cycles = (await host.registers())["cycles"]
        assert cycles == expected, f"{cycles} cycles, not {expected}, of {jobs}"


@cocotb.test()
async def identification_and_states(dut: Any) -> None:
    """Registers say what was built; a running accelerator refuses all but their reading."""
    config = gemm_accelerator_config(**parameters())
    await clock.start(dut)
    host = HostDriver(dut)
    registers = await host.registers()
    for name, value in identification(config).items():
        assert registers[name] == value, name
    assert registers["state"] is State.IDLE
    job = {"rows": config.engine.depth, "tiles_n": 1, "steps_k": 8}
    await host.write(HostMemory.PROGRAM, words_of([JOB.encode(job), 0], 32 * JOB.words))
    run = {"memory": HostMemory.REGISTER, "write": 1, "address": REGISTERS["run"].word, "data": 0}
    others = [*_writes(1), *_writes(0)]
    replies = await host.ask([run, *others[2:6], run, run | {"address": 0}, run | {"write": 0}])
    assert [refused for _, refused in replies] == [False, *[True] * 6, False]
    assert await host.finish(within=PATIENCE) == DONE
    replies = await host.ask([run | {"address": 0}, *others])
    assert [refused for _, refused in replies] == [True, *[False] * 8]


@cocotb.test()
async def addresses_outside(dut: Any) -> None:
    """The word behind every memory is refused."""
    config = gemm_accelerator_config(**parameters())
    await clock.start(dut)
    host = HostDriver(dut)
    stride = len(words_of([0], 8 * config.engine.rows))
    for memory, size in (
        (HostMemory.PROGRAM, config.job_words),
        (HostMemory.WEIGHT, config.weight_words * stride),
        (
            HostMemory.PARAMETER,
            config.parameter_words * len(words_of([0], config.parameter_word.width)),
        ),
        (HostMemory.ACTIVATION, config.activation_words * stride),
        (HostMemory.REGISTER, REGISTERS.words),
    ):
        for address, refused in ((size - 1, False), (size, True), (1 << 31, True)):
            writes = memory is not HostMemory.REGISTER  # what is not written is unknown
            request = {"memory": memory, "write": writes, "address": address, "data": 0}
            replies = await host.ask([request])
            assert replies[0][1] is refused, (memory, address)
