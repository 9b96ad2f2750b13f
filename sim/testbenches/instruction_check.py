"""Instruction check: the first cause of illegal ones, and the runs of legal ones."""

from typing import Any

import cocotb
from amaranth.lib import data

from golden.program_error import ProgramError
from hw.accelerator_config import AcceleratorConfig
from hw.instruction import INSTRUCTION, Opcode
from hw.instruction_check import CheckResult, InstructionCheck
from hw.instruction_fetch import Fetched
from sim import clock
from sim.accelerator_parameters import accelerator_config
from sim.environment import generator, parameters
from sim.instruction_rules import corrupted, draw_matmul, static_error
from sim.lockstep import play
from sim.testbench import Testbench

COUNT = 3000


def _build(**sizes: Any) -> Any:
    return InstructionCheck(accelerator_config(**sizes))


TESTBENCH = Testbench(
    build=_build,
    everyday=[{"rows": 4, "cols": 3, "depth": 16, "weight_words": 100, "parameter_words": 24}],
    long=[
        {"rows": 1, "cols": 1, "depth": 2, "weight_words": 2, "parameter_words": 2},
        {"rows": 64, "cols": 64, "depth": 4096, "weight_words": 8192, "parameter_words": 1000},
        {"rows": 8, "cols": 8, "depth": 512, "weight_words": 1 << 20, "parameter_words": 1 << 20},
    ],
)


def _words(config: AcceleratorConfig) -> list[int]:
    """Draw instructions: legal ones, ones with a mistake, and noise."""
    random = generator("words")
    words = [
        0,
        INSTRUCTION.encode({"opcode": Opcode.HALT}),
        INSTRUCTION.encode({"opcode": Opcode.HALT, "tiles_n": 1}),
        (1 << 512) - 1,
        *(int.from_bytes(random.bytes(64), "little") & ~0xF | 1 for _ in range(20)),
    ]
    while len(words) < COUNT:
        legal = draw_matmul(random, config)
        word = corrupted(random, legal) if random.random() < 0.7 else INSTRUCTION.encode(legal)
        words.append(word)
    return words


@cocotb.test()
async def first_cause_and_runs(dut: Any) -> None:
    """One instruction a cycle; each comes out `LATENCY` cycles later, whatever is around it."""
    config = accelerator_config(**parameters())
    words, random = _words(config), generator("bubbles")
    fetched = Fetched(instructions=config.instructions)
    result = CheckResult(config)
    outside = (random.random(COUNT) < 0.01).astype(int).tolist()
    index = random.integers(0, config.instructions + 1, COUNT).tolist()
    valid = (random.random(COUNT) < 0.9).astype(int).tolist()
    vectors = [
        word | (place | far << _bits_of(fetched, "index")) << 512
        for word, place, far in zip(words, index, outside, strict=True)
    ]
    late = InstructionCheck.LATENCY
    await clock.start(dut)
    seen = await play(
        dut,
        {"i": vectors + [0] * late, "i_valid": valid + [0] * late},
        ["o", "o_valid"],
    )
    assert seen["o_valid"][late:] == valid
    causes = set()
    for n, word in enumerate(words):
        cause = ProgramError.PROGRAM_ADDRESS if outside[n] else static_error(word, config)
        causes.add(cause)
        out = data.Const(result, seen["o"][n + late])
        fields = INSTRUCTION.decode(word)
        assert ProgramError(out.error) is cause, f"{ProgramError(out.error)!r} of {fields}"
        if cause is ProgramError.NONE and fields["opcode"] is Opcode.MATMUL:
            _check_runs(out, fields, config)
    assert len(causes) > 6, f"only {causes}"


def _bits_of(layout: Any, member: str) -> int:
    """Return the bits of a member."""
    return int(layout[member].width)


def _check_runs(out: Any, fields: dict[str, Any], config: AcceleratorConfig) -> None:
    engine = config.engine
    tile = fields["steps_ky"] * fields["steps_kx"] * fields["steps_kc"]
    assert out.weights_minus_1 == fields["tiles_n"] * tile * engine.rows - 1
    if fields["drain"]:
        assert out.parameters_minus_1 == fields["tiles_n"] * engine.cols - 1
    assert out.tiles_minus_1 == fields["tiles_n"] - 1
    assert out.passes_minus_1 == tile - 1
    assert out.rows_minus_1 == fields["rows_y"] * fields["rows_x"] - 1
