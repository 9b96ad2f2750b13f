"""Which instructions are legal, as plain arithmetic on their fields, and how to draw them."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from golden.program_error import ProgramError
from hw.accelerator_config import AcceleratorConfig
from hw.instruction import INSTRUCTION, AccumulateOperation, Opcode
from hw.narrow_instruction import NarrowInstruction

__all__ = ["FOLDED", "corrupted", "draw_matmul", "narrowed", "static_error"]

FOLDED = (
    "activation_address", "output_address", "output_step_n", "output_pitch_y", "output_pitch_x",
    "step_x", "step_kx", "step_kc", "step_n", "step_y", "step_ky",
)  # fmt: skip
"""Fields of which it only counts that they are too large, if they are."""

_COUNTS = ("tiles_n", "steps_ky", "steps_kx", "steps_kc", "rows_y", "rows_x")


def static_error(word: int, config: AcceleratorConfig) -> ProgramError:
    """Return why an instruction in the program memory is illegal, addresses of bytes aside."""
    fields, engine = INSTRUCTION.decode(word), config.engine
    if not isinstance(fields["opcode"], Opcode):
        return ProgramError.OPCODE
    if word & INSTRUCTION.reserved:
        return ProgramError.RESERVED
    if fields["opcode"] is Opcode.HALT:
        return ProgramError.NONE
    if any(fields[name] == 0 for name in _COUNTS):
        return ProgramError.COUNT
    if fields["rows_y"] * fields["rows_x"] > engine.depth:
        return ProgramError.ROWS
    drains = bool(fields["drain"])
    if drains and not all(1 <= fields[name] <= engine.cols for name in ("width", "last_width")):
        return ProgramError.WIDTH
    size = config.activation_bytes
    if fields["row_bytes"] > size or fields["image_rows"] > size:
        return ProgramError.IMAGE
    if any(not -size <= fields[name] < size for name in ("x_start", "y_start")):
        return ProgramError.IMAGE
    tile = fields["steps_ky"] * fields["steps_kx"] * fields["steps_kc"]
    words = fields["tiles_n"] * tile * engine.rows
    if fields["weight_address"] + words > config.weight_words:
        return ProgramError.WEIGHT_ADDRESS
    channels = fields["tiles_n"] * engine.cols
    if drains and fields["parameter_address"] + channels > config.parameter_words:
        return ProgramError.PARAMETER_ADDRESS
    return ProgramError.NONE


def narrowed(narrow: NarrowInstruction, fields: Mapping[str, int]) -> dict[str, int]:
    """Return fields as the units get them: of one that is too large, that it is."""
    values = dict(fields)
    for name in FOLDED:
        bits = narrow[name].width
        if name in values and bits < INSTRUCTION[name].bits and values[name] >> (bits - 1):
            values[name] = 1 << (bits - 1) | values[name] % (1 << (bits - 1))
    return values


def draw_matmul(random: np.random.Generator, config: AcceleratorConfig) -> dict[str, Any]:
    """Draw a MATMUL that `static_error` finds legal, often one at a limit."""
    engine = config.engine
    passes = config.weight_words // engine.rows
    channels = config.parameter_words // engine.cols
    tiles = int(random.integers(1, min(passes, channels, 4) + 1))
    kc = int(random.integers(1, min(passes // tiles, 4) + 1))
    ky = int(random.integers(1, min(passes // (tiles * kc), 3) + 1))
    kx = int(random.integers(1, min(passes // (tiles * kc * ky), 3) + 1))
    words, parameters = tiles * kc * ky * kx * engine.rows, tiles * engine.cols
    rows_y = int(random.integers(1, engine.depth + 1))
    rows_x = int(random.integers(1, engine.depth // rows_y + 1))
    at_end = random.random() < 0.3
    operations = list(AccumulateOperation)
    return {
        "opcode": Opcode.MATMUL,
        "first": operations[random.integers(4)],
        "rest": operations[random.integers(4)],
        "drain": int(random.random() < 0.7),
        "padding": int(random.integers(-128, 128)),
        "weight_address": _place(random, config.weight_words - words, at_end),
        "parameter_address": _place(random, config.parameter_words - parameters, at_end),
        "tiles_n": tiles,
        "steps_ky": ky,
        "steps_kx": kx,
        "steps_kc": kc,
        "rows_y": rows_y,
        "rows_x": rows_x,
        "width": int(random.integers(1, engine.cols + 1)),
        "last_width": int(random.integers(1, engine.cols + 1)),
    }


def corrupted(random: np.random.Generator, fields: dict[str, Any]) -> int:
    """Return an instruction with one field, or one bit of no field, changed."""
    word = int(INSTRUCTION.encode(fields))
    if random.random() < 0.1:
        reserved = [bit for bit in range(512) if INSTRUCTION.reserved >> bit & 1]
        return word ^ 1 << int(reserved[random.integers(len(reserved))])
    field = INSTRUCTION.fields[random.integers(len(INSTRUCTION.fields))]
    low, high = field.range
    old = field.unpack(word)
    old = old.value if field.kind and isinstance(old, field.kind) else old
    near = [0, low, high, old + 1, old - 1, 2 * old, int(random.integers(low, high + 1))]
    near.append(old + (1 << int(random.integers(field.bits))))  # the same, but for a high bit
    value = min(max(near[random.integers(len(near))], low), high)
    mask = int(field.pack(-1 if field.signed else high))
    return word & ~mask | int(field.pack(value))


def _place(random: np.random.Generator, last: int, at_end: bool) -> int:
    return last if at_end else int(random.integers(last + 1))
