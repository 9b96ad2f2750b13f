"""What the accelerator's readers and writers do with a job, written down naively.

A job is a mapping of the names of `hw.instruction.INSTRUCTION` to integers. The loops are those of
`docs/accelerator.md`.
"""

from collections.abc import Iterator, Mapping
from itertools import product

import numpy as np
import numpy.typing as npt

__all__ = ["Job", "OutsideError", "read_rows", "window_addresses", "writes"]

Job = Mapping[str, int]


class OutsideError(ValueError):
    """A job reads or writes outside the memory."""


def window_addresses(job: Job, width: int) -> Iterator[list[int | None]]:
    """Yield the addresses of the bytes of each row of the array; None is padding."""
    counts = ("tiles_n", "steps_ky", "steps_kx", "steps_kc", "rows_y", "rows_x")
    for n, ky, kx, kc, y, x in product(*(range(job[name]) for name in counts)):
        row = job["y_start"] + y * job["step_y"] + ky * job["step_ky"]
        offset = (
            job["x_start"]
            + x * job["step_x"]
            + kx * job["step_kx"]
            + kc * job["step_kc"]
            + n * job["step_n"]
        )
        inside = 0 <= row < job["image_rows"]
        yield [
            job["activation_address"] + row * job["row_bytes"] + offset + i
            if inside and 0 <= offset + i < job["row_bytes"]
            else None
            for i in range(width)
        ]


def read_rows(memory: npt.NDArray[np.int8], job: Job, width: int) -> Iterator[list[int]]:
    """Yield each row of the array that a job reads, until one takes a byte from outside the memory.

    Raises
    ------
    OutsideError
        There is such a row; all before it were yielded.
    """
    for index, addresses in enumerate(window_addresses(job, width)):
        if any(address is not None and address >= len(memory) for address in addresses):
            raise OutsideError(f"row {index} of the job reads outside the memory")
        yield [job["padding"] if address is None else int(memory[address]) for address in addresses]


def writes(job: Job) -> Iterator[tuple[int, int]]:
    """Yield the address and the width of each write of a job."""
    for n, y, x in product(*(range(job[name]) for name in ("tiles_n", "rows_y", "rows_x"))):
        address = (
            job["output_address"]
            + y * job["output_pitch_y"]
            + x * job["output_pitch_x"]
            + n * job["output_step_n"]
        )
        yield address, job["last_width" if n == job["tiles_n"] - 1 else "width"]
