"""Instruction check: the first cause of illegal ones, and the runs of legal ones."""

from collections.abc import Iterator
from typing import Any

import cocotb
import numpy as np
from amaranth.lib import data

from golden.program_error import ProgramError
from hw.accelerator_config import AcceleratorConfig
from hw.checked_instruction import CheckResult
from hw.instruction import INSTRUCTION, Opcode
from hw.instruction_check import InstructionCheck
from hw.instruction_fetch import FetchedBeat, InstructionFetch
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
        {"rows": 8, "cols": 8, "depth": 512, "weight_words": 8192, "multiplier": "ecp5"},
        {"rows": 2, "cols": 2, "depth": 8, "activation_bytes": 1000},
    ],
)


def _draw_image(random: np.random.Generator, size: int) -> dict[str, int]:
    """Draw the fields of an image, one of them at what is legal or just beyond."""
    name = str(random.choice(["x_start", "y_start", "row_bytes", "image_rows"]))
    ends = [-size - 1, -size, size - 1, size] if name.endswith("start") else [size, size + 1]
    low, high = INSTRUCTION[name].range
    return {name: min(max(int(random.choice([0, *ends])), low), high)}


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
        legal = draw_matmul(random, config) | _draw_image(random, config.activation_bytes)
        word = corrupted(random, legal) if random.random() < 0.7 else INSTRUCTION.encode(legal)
        words.append(word)
    return words


def _beats(config: AcceleratorConfig, word: int, index: int, outside: int) -> Iterator[int]:
    """Yield an instruction as the fetch puts it out."""
    layout, bits = FetchedBeat(instructions=config.instructions), InstructionFetch.BEAT_BITS
    for number in range(InstructionFetch.BEATS):
        beat = {
            "arrives": 1 << number,
            "data": word >> number * bits & ((1 << bits) - 1),
            "index": index,
            "outside": outside,
        }
        yield int(layout.const(beat).as_bits())


@cocotb.test()
async def first_cause_and_runs(dut: Any) -> None:
    """An instruction comes out `LATENCY` cycles after its last beat, whatever is around it."""
    config = accelerator_config(**parameters())
    words, random = _words(config), generator("bubbles")
    result = CheckResult(config)
    outside = (random.random(COUNT) < 0.01).astype(int).tolist()
    late, quiet = InstructionCheck.LATENCY, InstructionFetch.BEATS
    data_mask = ((1 << InstructionFetch.BEAT_BITS) - 1) << quiet
    beats: list[int] = []
    ends = []
    for word, far in zip(words, outside, strict=True):
        while random.random() < 0.2:
            beats.append(int.from_bytes(random.bytes(20), "little") & data_mask)
        beats += _beats(config, word, int(random.integers(config.instructions + 1)), far)
        ends.append(len(beats) - 1 + late)
    await clock.start(dut)
    seen = await play(dut, {"i": beats + [0] * late}, ["o", "o_valid"])
    assert [cycle for cycle, valid in enumerate(seen["o_valid"]) if valid] == ends
    causes = set()
    for word, end, far in zip(words, ends, outside, strict=True):
        cause = ProgramError.PROGRAM_ADDRESS if far else static_error(word, config)
        causes.add(cause)
        out = data.Const(result, seen["o"][end])
        fields = INSTRUCTION.decode(word)
        assert ProgramError(out.error) is cause, f"{ProgramError(out.error)!r} of {fields}"
        runs = cause is ProgramError.NONE and fields["opcode"] is Opcode.MATMUL
        assert out.runs == runs, f"{fields}"
        if runs:
            _check_runs(out, fields, config)
    assert len(causes) > 7, f"only {causes}"


def _check_runs(out: Any, fields: dict[str, Any], config: AcceleratorConfig) -> None:
    engine = config.engine
    tile = fields["steps_ky"] * fields["steps_kx"] * fields["steps_kc"]
    assert out.weights_minus_1 == fields["tiles_n"] * tile * engine.rows - 1
    if fields["drain"]:
        assert out.parameters_minus_1 == fields["tiles_n"] * engine.cols - 1
    assert out.tiles_minus_1 == fields["tiles_n"] - 1
    assert out.passes_minus_1 == tile - 1
    assert out.rows_minus_1 == fields["rows_y"] * fields["rows_x"] - 1
