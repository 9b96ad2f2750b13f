"""Random legal programs, for tests of when things happen: they read nothing but padding."""

import numpy as np

from flow.instruction_words import decode
from golden.instruction import Instruction, Opcode
from hw.accelerator_config import AcceleratorConfig
from hw.instruction import INSTRUCTION
from sim.instruction_rules import draw_matmul

__all__ = ["random_program"]

_PLACES = (
    "activation_address",
    "output_address",
    "output_pitch_y",
    "output_pitch_x",
    "output_step_n",
    "x_start",
    "y_start",
    "step_x",
    "step_y",
    "step_kx",
    "step_ky",
    "step_kc",
    "step_n",
    "image_rows",
    "row_bytes",
)


def random_program(rng: np.random.Generator, config: AcceleratorConfig) -> list[Instruction]:
    """A program of a mood: mostly short instructions, single passes, few drains, many waits."""
    short, single, drains, waits = rng.choice(
        [
            (0.2, 0.0, 0.7, 0.15),
            (0.8, 0.0, 0.7, 0.15),
            (0.9, 0.9, 0.9, 0.05),
            (0.9, 0.9, 0.9, 0.5),
            (0.5, 0.5, 0.15, 0.15),
        ]
    )
    count = int(rng.integers(1, min(40, config.instructions)))
    program = []
    for _ in range(count):
        fields = draw_matmul(rng, config) | dict.fromkeys(_PLACES, 0)
        if rng.random() < short:
            fields |= {"rows_y": 1, "rows_x": int(rng.integers(1, 3))}
        if rng.random() < single:
            fields |= dict.fromkeys(("tiles_n", "steps_ky", "steps_kx", "steps_kc"), 1)
        fields |= {"drain": int(rng.random() < drains), "wait": int(rng.random() < waits)}
        if fields["drain"]:
            # Drawn for more channels than there are parameters if it did not drain.
            last = config.parameter_words - fields["tiles_n"] * config.engine.cols
            fields["parameter_address"] = min(fields["parameter_address"], last)
        program.append(decode(INSTRUCTION.encode(fields)))
    return [*program, Instruction(opcode=Opcode.HALT)]
