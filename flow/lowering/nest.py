"""A layer as the loop nest of the accelerator, and its cut into instructions."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from golden.accumulate_operation import AccumulateOperation
from golden.channel_parameters import ChannelParameters
from golden.instruction import Instruction, Opcode

__all__ = ["Addresses", "Nest", "even_parts", "instructions"]


@dataclass(frozen=True, kw_only=True)
class Nest:
    """The loop nest over a batch of images; `docs/accelerator.md` has the fields' meaning.

    Images follow each other without a gap, and so do the outputs, `channels` bytes each.

    Parameters
    ----------
    source, source_offset : the tensor that is read, and the byte of it where row 0 starts
    target_offset : the byte of the layer's tensor where the outputs start
    images : how many
    rows_y, rows_x : outputs of an image, however many
    tiles : int8 weights (tiles_n, steps_ky, steps_kx, steps_kc, R, C)
    parameters : C for each of tiles_n if it drains, otherwise none
    """

    source: str
    source_offset: int = 0
    target_offset: int = 0
    images: int = 1
    image_rows: int
    row_bytes: int
    rows_y: int
    rows_x: int
    y_start: int = 0
    x_start: int = 0
    step_y: int = 0
    step_x: int = 0
    step_ky: int = 0
    step_kx: int = 0
    step_kc: int = 0
    step_n: int = 0
    padding: int = 0
    first: AccumulateOperation = AccumulateOperation.SET
    rest: AccumulateOperation = AccumulateOperation.ADD
    tiles: npt.NDArray[np.int8]
    parameters: tuple[ChannelParameters, ...]
    channels: int
    width: int
    last_width: int

    @property
    def passes(self) -> int:
        """Weight tiles, each of which is applied to all rows."""
        return int(np.prod(self.tiles.shape[:4]))


@dataclass(frozen=True, kw_only=True)
class Addresses:
    """Where a nest's tensors and constants are."""

    source: int
    target: int
    weights: int
    parameters: int


def instructions(nest: Nest, at: Addresses, depth: int) -> Iterator[Instruction]:
    """Cut a nest into instructions of at most `depth` rows.

    The weights are the same in each, so pieces of about equal size keep the array busiest.
    """
    image_bytes = nest.image_rows * nest.row_bytes
    output_bytes = nest.rows_y * nest.rows_x * nest.channels
    for image in range(nest.images):
        for (y, rows_y), (x, rows_x) in _pieces(nest.rows_y, nest.rows_x, depth):
            place = (nest.rows_x * y + x) * nest.channels
            yield Instruction(
                **_fixed(nest, at),
                **_steps(nest, rows_y, rows_x),
                **_rows(nest, y, rows_y, at.source + nest.source_offset + image * image_bytes),
                x_start=nest.x_start + x * nest.step_x,
                output_address=at.target + nest.target_offset + image * output_bytes + place,
            )


def even_parts(length: int, limit: int) -> list[tuple[int, int]]:
    """Cut a length into the fewest parts of at most `limit`, (start, length) each.

    >>> even_parts(10, 4)
    [(0, 4), (4, 3), (7, 3)]
    """
    count = -(-length // limit)
    small, larger = divmod(length, count)
    sizes = [small + 1] * larger + [small] * (count - larger)
    starts = np.cumsum([0, *sizes]).tolist()
    return list(zip(starts, sizes, strict=False))


def _pieces(
    rows_y: int, rows_x: int, depth: int
) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Rectangles of at most `depth` outputs: whole rows if one fits, otherwise parts of one."""
    for y in even_parts(rows_y, max(depth // rows_x, 1)):
        for x in even_parts(rows_x, depth):
            yield y, x


def _rows(nest: Nest, y: int, rows_y: int, image: int) -> dict[str, Any]:
    """The fields that say which image rows are read.

    Counted from the first row that is read, so that large images do not need large numbers.
    """
    start = nest.y_start + y * nest.step_y
    base = min(max(start, 0), nest.image_rows - 1)
    last = start + (rows_y - 1) * nest.step_y + (nest.tiles.shape[1] - 1) * nest.step_ky
    return {
        "y_start": start - base,
        "image_rows": max(min(nest.image_rows - 1, last) - base + 1, 1),
        "activation_address": image + base * nest.row_bytes,
    }


def _steps(nest: Nest, rows_y: int, rows_x: int) -> dict[str, Any]:
    """Counts, and for each count above 1 what a step is in bytes or rows."""
    tiles_n, steps_ky, steps_kx, steps_kc = nest.tiles.shape[:4]
    loops = (
        ("tiles_n", tiles_n, {"step_n": nest.step_n, "output_step_n": nest.width}),
        ("steps_ky", steps_ky, {"step_ky": nest.step_ky}),
        ("steps_kx", steps_kx, {"step_kx": nest.step_kx}),
        ("steps_kc", steps_kc, {"step_kc": nest.step_kc}),
        ("rows_y", rows_y, {"step_y": nest.step_y, "output_pitch_y": nest.rows_x * nest.channels}),
        ("rows_x", rows_x, {"step_x": nest.step_x, "output_pitch_x": nest.channels}),
    )
    fields: dict[str, Any] = {name: count for name, count, _ in loops}
    for _, count, steps in loops:
        if count > 1:
            fields |= steps
    return fields


def _fixed(nest: Nest, at: Addresses) -> dict[str, Any]:
    """The fields that all pieces share."""
    return {
        "opcode": Opcode.MATMUL,
        "first": nest.first,
        "rest": nest.rest,
        "drain": int(bool(nest.parameters)),
        "padding": nest.padding,
        "weight_address": at.weights,
        "parameter_address": at.parameters,
        "width": nest.width,
        "last_width": nest.last_width,
        "row_bytes": nest.row_bytes,
    }
