"""Accelerator: random programs, legal and not, end as golden says they end."""

from typing import Any

import cocotb
import numpy as np

from golden.channel_parameters import ChannelParameters
from golden.program import Memories
from golden.program_error import ProgramError
from golden.rounding import Rounding
from golden.scheme import Scheme
from hw.accelerator import Accelerator
from hw.accelerator_config import AcceleratorConfig
from hw.host_port import HostMemory
from hw.instruction import INSTRUCTION, AccumulateOperation, Opcode
from sim import clock
from sim.accelerator_bench import (
    HostDriver,
    Outcome,
    draw_memories,
    expected_outcome,
    words_of,
)
from sim.accelerator_parameters import accelerator_config
from sim.environment import generator, parameters
from sim.instruction_rules import corrupted, draw_matmul
from sim.stalls import StallPattern
from sim.testbench import Testbench

DONE = Outcome(ProgramError.NONE, 0)
HALT = INSTRUCTION.encode({"opcode": Opcode.HALT})
PATIENCE = 60_000

ONE = dict.fromkeys(("tiles_n", "steps_ky", "steps_kx", "steps_kc", "rows_y", "rows_x"), 1) | {
    "opcode": Opcode.MATMUL,
    "drain": 1,
    "image_rows": 1,
    "width": 1,
    "last_width": 1,
}
"""An instruction of one row."""


def _build(**sizes: Any) -> Any:
    return Accelerator(accelerator_config(**sizes))


SMALL = {
    "activation_bytes": 1024,
    "weight_words": 96,
    "parameter_words": 24,
    "program_words": 512,
}

TESTBENCH = Testbench(
    build=_build,
    everyday=[{"rows": 4, "cols": 3, "depth": 16, **SMALL}],
    long=[
        {"rows": 1, "cols": 1, "depth": 2, **SMALL},
        {"rows": 8, "cols": 8, "depth": 32, **SMALL},
        {"rows": 3, "cols": 6, "depth": 9, **SMALL},
        {"rows": 6, "cols": 2, "group": 1, "depth": 20, **SMALL},
        {"rows": 4, "cols": 6, "lanes": 2, "depth": 12, **SMALL},
        {"rows": 4, "cols": 4, "lanes": 1, "depth": 9, **SMALL},
    ],
)


def _channels(random: np.random.Generator) -> list[ChannelParameters]:
    """Draw parameters of all schemes that bring results into the range, or out of it."""
    schemes = [Scheme.FLOAT32, Scheme.FIXED, Scheme.SHIFT]
    channels = []
    for _ in range(24):
        scheme = schemes[random.integers(3)]
        ties = [Rounding.HALF_EVEN] if scheme is Scheme.FLOAT32 else list(_TIES)
        shift = int(random.integers(4, 12))
        is_shift = scheme is Scheme.SHIFT
        channels.append(
            ChannelParameters(
                scheme=scheme,
                bias=int(random.integers(-5000, 5000)),
                multiplier=None if is_shift else int(random.integers(1 << 23, 1 << 24)),
                shift=shift if is_shift else shift + 24,
                tie=ties[random.integers(len(ties))],
                zero_point=int(random.integers(-128, 128)),
                low=int(random.integers(-128, -60)),
                high=int(random.integers(60, 128)),
            )
        )
    return channels


_TIES = (Rounding.HALF_EVEN, Rounding.HALF_UP, Rounding.HALF_AWAY)


def _draw_program(
    random: np.random.Generator, config: AcceleratorConfig, count: int
) -> list[dict[str, Any]]:
    """Draw legal instructions.

    Each reads one half of the memory and writes the other, in turn, when the one before is written.
    """
    half, rows = config.activation_bytes // 2, config.engine.rows
    program: list[dict[str, Any]] = []
    known = 0  # rows of accumulators that hold something
    for n in range(count):
        fields = draw_matmul(random, config)
        used = fields["rows_y"] * fields["rows_x"]
        # A drain leaves accumulators in no stated condition.
        if used > known or (fields["drain"] and fields["tiles_n"] > 1):
            fields["first"] = AccumulateOperation.SET
        known = 0 if fields["drain"] else max(known, used) if known else used
        row_bytes = int(random.integers(1, 40))
        image_rows = int(random.integers(1, half // row_bytes + 1))
        spare = half - image_rows * row_bytes
        fields |= {
            "wait": 1,
            "activation_address": n % 2 * half + int(random.integers(spare + 1)),
            "row_bytes": row_bytes,
            "image_rows": image_rows,
            "x_start": int(random.integers(-2 * rows, row_bytes + 1)),
            "y_start": int(random.integers(-3, image_rows)),
            **{name: int(random.integers(4)) for name in ("step_y", "step_ky")},
            **{
                name: int(random.integers(2 * rows + 1))
                for name in ("step_x", "step_kx", "step_kc", "step_n")
            },
        }
        fields |= _place_outputs(random, fields, (n + 1) % 2 * half, half)
        program.append(fields)
    # What is not drained before HALT need not be done.
    program[-1] |= {"drain": 1, "first": AccumulateOperation.SET}
    return program


def _place_outputs(
    random: np.random.Generator, fields: dict[str, Any], start: int, size: int
) -> dict[str, int]:
    """Draw where outputs go so that none leaves so many bytes from a start on."""
    counts = [fields[name] for name in ("rows_y", "rows_x", "tiles_n")]
    pitches = [int(random.integers((size - 64) // (4 * count) + 1)) for count in counts]
    reach = sum((count - 1) * pitch for count, pitch in zip(counts, pitches, strict=True))
    width = max(fields["width"], fields["last_width"])
    place = start + int(random.integers(size - reach - width + 1))
    names = ("output_pitch_y", "output_pitch_x", "output_step_n")
    return {"output_address": place, **dict(zip(names, pitches, strict=True))}


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
async def legal_programs(dut: Any) -> None:
    """Every field drawn, instruction on instruction, each on the outputs of the one before.

    What is before an illegal instruction is done as well.
    """
    config = accelerator_config(**parameters())
    random = generator("legal")
    bad_read = ONE | {"row_bytes": 1, "activation_address": config.activation_bytes}
    bad_write = ONE | {"output_address": config.activation_bytes}
    ends = [HALT, 0, INSTRUCTION.encode(bad_read), INSTRUCTION.encode(bad_write)]
    await clock.start(dut)
    host = HostDriver(dut)
    for n in range(12):
        fields = _draw_program(random, config, 6)
        program = [*(INSTRUCTION.encode(each) for each in fields), ends[n % 4], HALT]
        memories = draw_memories(random, config, _channels(random))
        await host.load(config, memories, program)
        outcome = await _check(host, config, memories, program)
        assert outcome == DONE if n % 4 == 0 else outcome.address == 6 * INSTRUCTION.words


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
        memories = draw_memories(random, config, _channels(random))
        await host.load(config, memories, program)
        outcome = await _check(host, config, memories, program)
        assert outcome.address == (bad or 0) * INSTRUCTION.words


def _mistakes(random: np.random.Generator, config: AcceleratorConfig) -> list[dict[str, int]]:
    """Draw, for every cause that a field can have, what is changed in an instruction."""
    near_end = int(random.integers(config.activation_bytes - 50, config.activation_bytes + 2))
    return [
        {"tiles_n": 0},
        {"rows_y": config.engine.depth + 1},
        {"drain": 1, "width": config.engine.cols + 1},
        {"drain": 1, "last_width": 0},
        {"weight_address": config.weight_words - config.engine.rows + 1},
        {"drain": 1, "parameter_address": config.parameter_words - config.engine.cols + 1},
        {"activation_address": near_end, "y_start": 0, "x_start": 0},
        {"drain": 1, "output_address": near_end},
        {"drain": 1, "output_pitch_x": near_end},
        {"drain": 1, "activation_address": near_end, "output_step_n": near_end},
    ]


def _draw_bad_program(random: np.random.Generator, config: AcceleratorConfig) -> list[int]:
    """Draw a program with a mistake in some instruction, or words that are noise."""
    kind, count = random.integers(8), int(random.integers(1, 5))
    if kind == 0:
        noise = [int.from_bytes(random.bytes(64), "little") for _ in range(count)]
        return noise if random.random() < 0.5 else [word & ~0xF | 1 for word in noise]
    drawn = _draw_program(random, config, count)
    program = [INSTRUCTION.encode(fields) for fields in drawn]
    victim = int(random.integers(count))
    if kind == 1:
        return program  # no HALT: what is left of an earlier program, and then the end
    if kind == 2:
        program[victim] = corrupted(random, drawn[victim])
    else:
        mistakes = _mistakes(random, config)
        mistake = mistakes[random.integers(len(mistakes))]
        program[victim] = INSTRUCTION.encode(drawn[victim] | mistake)
    return [*program, HALT]


@cocotb.test()
async def illegal_programs_end_in_a_named_error(dut: Any) -> None:
    """Nothing hangs, the cause and the place are golden's, and a good program runs after it."""
    config = accelerator_config(**parameters())
    random = generator("illegal")
    await clock.start(dut)
    host = HostDriver(dut, requests=StallPattern.BURSTS, replies=StallPattern.BURSTS)
    good = [*(INSTRUCTION.encode(each) for each in _draw_program(random, config, 2)), HALT]
    memories = draw_memories(random, config, _channels(random))
    held = [*good, *[0] * (config.instructions - len(good))]
    await host.load(config, memories, held)
    seen = set()
    for n in range(150):
        program = _draw_bad_program(random, config)
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
