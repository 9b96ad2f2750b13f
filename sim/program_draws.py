"""Programs of the accelerator, drawn: legal ones, and ones with a mistake."""

from typing import Any

import numpy as np

from golden.channel_parameters import ChannelParameters
from golden.rounding import Rounding
from golden.scheme import Scheme
from hw.accelerator_config import AcceleratorConfig
from hw.instruction import INSTRUCTION, AccumulateOperation, Opcode
from sim.instruction_rules import corrupted, draw_matmul

__all__ = ["HALT", "ONE", "draw_bad_program", "draw_channels", "draw_program"]

HALT = int(INSTRUCTION.encode({"opcode": Opcode.HALT}))
"""The end of a program."""

ONE = dict.fromkeys(("tiles_n", "steps_ky", "steps_kx", "steps_kc", "rows_y", "rows_x"), 1) | {
    "opcode": Opcode.MATMUL,
    "drain": 1,
    "image_rows": 1,
    "width": 1,
    "last_width": 1,
}
"""An instruction of one row."""


_TIES = (Rounding.HALF_EVEN, Rounding.HALF_UP, Rounding.HALF_AWAY)


def draw_channels(random: np.random.Generator) -> list[ChannelParameters]:
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


def draw_program(
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


def _mistakes(random: np.random.Generator, config: AcceleratorConfig) -> list[dict[str, int]]:
    """Draw, for every cause that a field can have, what is changed in an instruction."""
    near_end = int(random.integers(config.activation_bytes - 50, config.activation_bytes + 2))
    return [
        {"tiles_n": 0},
        {"rows_y": config.engine.depth + 1},
        {"drain": 1, "width": config.engine.cols + 1},
        {"drain": 1, "last_width": 0},
        {"x_start": config.activation_bytes},
        {"x_start": -config.activation_bytes - 1},
        {"weight_address": config.weight_words - config.engine.rows + 1},
        {"drain": 1, "parameter_address": config.parameter_words - config.engine.cols + 1},
        {"activation_address": near_end, "y_start": 0, "x_start": 0},
        {"drain": 1, "output_address": near_end},
        {"drain": 1, "output_pitch_x": near_end},
        {"drain": 1, "activation_address": near_end, "output_step_n": near_end},
    ]


def draw_bad_program(random: np.random.Generator, config: AcceleratorConfig) -> list[int]:
    """Draw a program with a mistake in some instruction, or words that are noise."""
    kind, count = random.integers(8), int(random.integers(1, 5))
    if kind == 0:
        noise = [int.from_bytes(random.bytes(64), "little") for _ in range(count)]
        return noise if random.random() < 0.5 else [word & ~0xF | 1 for word in noise]
    drawn = draw_program(random, config, count)
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
