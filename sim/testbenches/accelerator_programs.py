"""Accelerator: random programs, legal and not, end as golden says they end."""

from typing import Any

import cocotb
import numpy as np

from golden.program import Memories
from golden.program_error import ProgramError
from hw.accelerator import Accelerator
from hw.accelerator_config import AcceleratorConfig
from hw.host_port import HostMemory
from hw.instruction import INSTRUCTION, AccumulateOperation
from sim import clock
from sim.accelerator_bench import (
    DONE,
    HostDriver,
    Outcome,
    draw_memories,
    expected_outcome,
    words_of,
)
from sim.accelerator_parameters import accelerator_config
from sim.environment import generator, parameters
from sim.program_draws import HALT, ONE, draw_bad_program, draw_channels, draw_program
from sim.stalls import StallPattern
from sim.testbench import Testbench

PATIENCE = 60_000


def _build(**sizes: Any) -> Any:
    return Accelerator(accelerator_config(**sizes))


SMALL = {
    "activation_bytes": 1024,
    "weight_words": 96,
    "parameter_words": 24,
    "program_words": 512,
}

SMALLEST = {
    "activation_bytes": 256,
    "weight_words": 32,
    "parameter_words": 8,
    "program_words": 256,
}

TESTBENCH = Testbench(
    build=_build,
    everyday=[{"rows": 2, "cols": 2, "lanes": 1, "depth": 4, **SMALLEST}],
    long=[
        {"rows": 4, "cols": 3, "depth": 16, **SMALL},
        {"rows": 1, "cols": 1, "depth": 2, **SMALL},
        {"rows": 8, "cols": 8, "depth": 32, **SMALL},
        {"rows": 3, "cols": 6, "depth": 9, **SMALL},
        {"rows": 6, "cols": 2, "group": 1, "depth": 20, **SMALL},
        {"rows": 4, "cols": 6, "lanes": 2, "depth": 12, **SMALL},
        {"rows": 4, "cols": 4, "lanes": 1, "depth": 9, **SMALL},
    ],
)


async def _check(
    host: HostDriver,
    config: AcceleratorConfig,
    memories: Memories,
    program: list[int],
) -> Outcome:
    """Run a program that is loaded; it must end, and the memory be, as golden says.

    If an instruction has a bad address, it must be in its first row, so that it writes nothing.
    """
    expected, counters = expected_outcome(config, memories, program)
    await host.start()
    outcome = await host.finish(within=PATIENCE)
    assert outcome in expected, f"{outcome}, not {expected}"
    actual = await host.read_bytes(config.activation_bytes)
    wrong = np.flatnonzero(actual != memories.activation)
    assert not len(wrong), (
        f"{len(wrong)} bytes differ, the first at {wrong[0]}: {actual[wrong[0]]}, "
        f"not {memories.activation[wrong[0]]}"
    )
    if outcome == DONE:
        registers = await host.registers()
        counted = {name: registers[name] for name in vars(counters)}
        assert counted == vars(counters)
    return outcome


@cocotb.test()
@cocotb.parametrize(part=[1, 2, 3])
async def legal_programs(dut: Any, part: int) -> None:
    """Every field drawn, instruction on instruction, each on the outputs of the one before.

    What is before an illegal instruction is done as well.
    """
    config = accelerator_config(**parameters())
    random = generator(f"legal {part}")
    bad_read = ONE | {"row_bytes": 1, "activation_address": config.activation_bytes}
    bad_write = ONE | {"output_address": config.activation_bytes}
    ends = [HALT, 0, INSTRUCTION.encode(bad_read), INSTRUCTION.encode(bad_write)]
    await clock.start(dut)
    host = HostDriver(dut)
    for n, end in enumerate(ends):
        fields = draw_program(random, config, 6)
        program = [*(INSTRUCTION.encode(each) for each in fields), end, HALT]
        memories = draw_memories(random, config, draw_channels(random))
        await host.load(config, memories, program)
        outcome = await _check(host, config, memories, program)
        assert outcome == DONE if n == 0 else outcome.address == 6 * INSTRUCTION.words


@cocotb.test()
async def many_short_instructions(dut: Any) -> None:
    """One row each: as many are under way at a time as there can be, then one reads them all.

    If one of them reads outside the memory, it is named, although the reader is far ahead.
    """
    config = accelerator_config(**parameters())
    random, half = generator("short"), config.activation_bytes // 2
    engine, count = config.engine, config.instructions - 2
    await clock.start(dut)
    host = HostDriver(dut)
    whole = {"row_bytes": half, "width": engine.cols, "last_width": engine.cols}
    # More weights than rows: the reader gets ahead of the weights, and of the other units.
    whole |= {"steps_kc": min(config.passes, 4), "rest": AccumulateOperation.ADD}
    short = [
        ONE
        | whole
        | {"output_address": half + n * engine.cols, "x_start": int(random.integers(half))}
        for n in range(count)
    ]
    reader = (
        ONE
        | whole
        | {"activation_address": half, "rows_x": min(engine.depth, 4), "step_x": engine.rows}
        | {"wait": 1, "output_pitch_x": engine.cols}
    )
    every = [
        (None, 1),
        (None, 3),
        *((bad, each) for bad in (0, 7, count - 1) for each in (1, 3, 64)),
    ]
    for bad, each in every:
        steps = [
            fields
            | {"drain": int(n % each == 0)}
            | ({"activation_address": config.activation_bytes} if n == bad else {})
            for n, fields in enumerate(short)
        ]
        program = [*(INSTRUCTION.encode(fields) for fields in [*steps, reader]), HALT]
        memories = draw_memories(random, config, draw_channels(random))
        await host.load(config, memories, program)
        outcome = await _check(host, config, memories, program)
        assert outcome.address == (bad or 0) * INSTRUCTION.words


@cocotb.test()
async def illegal_programs_end_in_a_named_error(dut: Any) -> None:
    """Nothing hangs, the cause and the place are golden's, and a good program runs after it."""
    config = accelerator_config(**parameters())
    random = generator("illegal")
    await clock.start(dut)
    host = HostDriver(dut, requests=StallPattern.BURSTS)
    good = [*(INSTRUCTION.encode(each) for each in draw_program(random, config, 2)), HALT]
    memories = draw_memories(random, config, draw_channels(random))
    held = [*good, *[0] * (config.instructions - len(good))]
    await host.load(config, memories, held)
    seen = set()
    for n in range(150):
        program = draw_bad_program(random, config)
        held[: len(program)] = program
        await host.write(HostMemory.PROGRAM, words_of(program, 512))
        address = int(random.choice([0] * 20 + [16, 8, config.program_words, 1 << 31]))
        expected, _ = expected_outcome(config, _copy(memories), held, address)
        await host.start(address)
        outcome = await host.finish(within=PATIENCE)
        assert outcome in expected, f"program {n}: {outcome}, not {expected}"
        seen.add(outcome.error)
        if n % 15 == 14:
            held[: len(good)] = good
            await host.write(HostMemory.PROGRAM, words_of(good, 512))
            await host.write_bytes(memories.activation)
            assert await _check(host, config, _copy(memories), good) == DONE
    missing = set(ProgramError) - seen
    assert not missing, f"never seen: {missing}"


def _copy(memories: Memories) -> Memories:
    return Memories(memories.activation.copy(), memories.weights, memories.parameters)
