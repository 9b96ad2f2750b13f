"""Residual addition: diagonal tiles that hold the limbs of the two multipliers.

    accumulator = a * high_a + b * high_b
    accumulator = accumulator * 256 + a * middle_a + b * middle_b
    accumulator = accumulator * 256 + a * low_a + b * low_b

Each product is an instruction, since the two tensors are at unrelated places. Both are taken as one
row of bytes, in parts as wide as the diagonal: where channels begin does not matter.
"""

from collections.abc import Iterator

import numpy as np

from flow.layers import ResidualAdd, TensorType
from flow.lowering.nest import Nest, even_parts
from flow.lowering.parameters import folded_parameters, tiled_parameters
from golden.accumulate_operation import AccumulateOperation
from golden.residual import limbs
from hw.config import EngineConfig
from hw.instruction import INSTRUCTION

__all__ = ["lower_residual"]


def lower_residual(
    layer: ResidualAdd, read: tuple[TensorType, TensorType], engine: EngineConfig
) -> list[Nest]:
    """Nests of at most `depth` rows, those of a part of the tensors one after the other."""
    together = min(engine.rows, engine.cols, read[0].bytes)
    rows, tail = divmod(read[0].bytes, together)
    longest = min(engine.depth, int(INSTRUCTION["row_bytes"].range[1]) // together)
    nests: list[Nest] = []
    for first, count in even_parts(rows, longest):
        nests += _part(layer, read, engine, (first * together, together, count))
    if tail:
        nests += _part(layer, read, engine, (rows * together, tail, 1))
    return nests


def _part(
    layer: ResidualAdd,
    read: tuple[TensorType, TensorType],
    engine: EngineConfig,
    where: tuple[int, int, int],
) -> Iterator[Nest]:
    """The nests of `count` rows of `width` bytes that start at the byte `start`."""
    start, width, count = where
    weights = np.array([layer.multipliers], np.int64).T
    zero_points = [types.zero_point for types in read]
    words = folded_parameters(weights, layer.requantization, zero_points, engine)
    parameters = tiled_parameters(words * width, width, engine.cols)
    split = [limbs(multiplier) for multiplier in layer.multipliers]
    for level in range(3):
        for operand, source in enumerate(layer.inputs):
            tile = np.zeros((1, 1, 1, 1, engine.rows, engine.cols), np.int8)
            every = np.arange(width)
            tile[..., every, every] = split[operand][level]
            yield Nest(
                source=source,
                source_offset=start,
                target_offset=start,
                image_rows=1,
                row_bytes=count * width,
                rows_y=1,
                rows_x=count,
                step_x=width,
                first=_operation(level, operand),
                tiles=tile,
                parameters=parameters if (level, operand) == (2, 1) else (),
                channels=width,
                width=width,
                last_width=width,
            )


def _operation(level: int, operand: int) -> AccumulateOperation:
    """The first operand of a level moves what is there one limb up."""
    if operand:
        return AccumulateOperation.ADD
    return AccumulateOperation.SHIFT_ADD if level else AccumulateOperation.SET
