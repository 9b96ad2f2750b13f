"""Drawing jobs of the activation reader: small images, awkward places, fields of any size."""

from typing import Any

import numpy as np

from hw.activation_reader import ActivationReader
from hw.job_layout import job_layout
from sim.loop_nest import window_addresses

__all__ = ["COUNTS", "JOB", "draw_job", "draw_job_at_the_end"]

JOB = job_layout(*ActivationReader.FIELDS, wait_for=4)
"""Jobs with fields as wide as the instruction's."""

COUNTS = ("tiles_n", "steps_ky", "steps_kx", "steps_kc", "rows_y", "rows_x")
"""The counts of the loops, from the outermost on."""

_EXTREMES = (
    "x_start", "y_start", "step_x", "step_kx", "step_kc", "step_n", "step_y", "step_ky",
    "row_bytes", "image_rows",
)  # fmt: skip


def _draw_any_job(random: np.random.Generator, rows: int, size: int) -> dict[str, int]:
    """Draw a job of up to a few hundred rows, most of them on a small image in memory."""
    row_bytes = int(random.choice([1, rows, rows + 1, int(random.integers(1, 3 * rows + 2))]))
    image_rows = int(random.integers(1, max(2, min(9, size // row_bytes))))
    spare = size - image_rows * row_bytes
    job = {
        "padding": int(random.choice([-128, -1, 0, 127, int(random.integers(-128, 128))])),
        "activation_address": int(random.choice([0, spare, int(random.integers(spare + 1))])),
        "row_bytes": row_bytes,
        "image_rows": image_rows,
        "y_start": int(random.integers(-3, 3)),
        "x_start": max(int(random.integers(-2 * rows, row_bytes + 1)), -size),
        **{name: int(random.integers(4)) for name in ("step_y", "step_ky")},
        **{
            name: int(random.choice([0, 1, 2, rows, int(random.integers(2 * rows + 1))]))
            for name in ("step_x", "step_kx", "step_kc", "step_n")
        },
        **{name: int(random.choice([1, 1, 2, 3])) for name in COUNTS},
        "wait": 0,
        "wait_for": int(random.integers(16)),
    }
    if random.random() < 0.5:
        # Far away, or of the largest size: sums of too few bits would come back to the image.
        name = str(random.choice(_EXTREMES))
        shape: Any = JOB[name].shape
        high = (1 << (shape.width - shape.signed)) - 1
        if not name.startswith("step"):
            high = min(high, size - 1 if shape.signed else size)
        job[name] = int(random.choice([high, high - 1, -high - 1 if shape.signed else high // 2]))
    return job


def draw_job(random: np.random.Generator, *, rows: int, size: int) -> dict[str, int]:
    """Draw a job that reads only what is in a memory of ``size`` bytes."""
    while True:
        job = _draw_any_job(random, rows, size)
        addresses = {address for row in window_addresses(job, rows) for address in row}
        if all(address is None or address < size for address in addresses):
            return job


def draw_job_at_the_end(random: np.random.Generator, *, rows: int, size: int) -> dict[str, int]:
    """Draw a job whose image reaches over the end of the memory, or lies far behind it."""
    job = _draw_any_job(random, rows, size)
    image = job["image_rows"] * job["row_bytes"]
    places = [size, size - 1, size - image + 1, size - image // 2, (1 << 32) - 1, (1 << 32) - image]
    return job | {"activation_address": max(0, int(random.choice(places)))}
