"""How a matrix product is cut into what the memories of a GEMM accelerator hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from flow.gemm_product import MatrixProduct
from flow.lowering.nest import even_parts
from hw.gemm_accelerator_config import GemmAcceleratorConfig
from hw.gemm_job import JOB

__all__ = ["Block", "ProductPlan", "Tiles", "plan_product"]

_TILE_HEIGHTS = 4
"""A block is not to have fewer rows than so many heights of the array for the sake of more tiles:
weights take as many cycles as the array has rows."""


@dataclass(frozen=True)
class Block:
    """Rows of the operand that one job takes, and where it has them.

    Parameters
    ----------
    first, rows : of the operand
    activation_address, output_address : of its words, and of its results'
    """

    first: int
    rows: int
    activation_address: int
    output_address: int


@dataclass(frozen=True)
class Tiles:
    """Column tiles that are computed together."""

    first: int
    count: int


@dataclass(frozen=True)
class ProductPlan:
    """A product in turns: in each, some rows are multiplied with some tiles of weights.

    Parameters
    ----------
    steps : passes of a tile, R of K each
    tiles : all of them, in parts that the memories hold
    groups : all rows, in parts that the activation memory holds, each in blocks
    turns : pairs of indices into groups and tiles, in the order that sends fewer bytes
    """

    steps: int
    tiles: Sequence[Tiles]
    groups: Sequence[tuple[Block, ...]]
    turns: Sequence[tuple[int, int]]


def plan_product(of: MatrixProduct, config: GemmAcceleratorConfig) -> ProductPlan:
    """Cut a product.

    The reduction axis is not cut: a job drains what it has added up.

    Raises ValueError, in a sentence about "it", if a memory is too small for one row or one tile.
    """
    engine = config.engine
    (k, n), m = of.weights.shape, of.m
    steps, tiles = -(-k // engine.rows), -(-n // engine.cols)
    for name, needed in (
        ("activation_words", steps + 1),
        ("weight_words", steps * engine.rows),
        ("parameter_words", engine.cols),
        ("job_words", 2 * JOB.words),
    ):
        if getattr(config, name) < needed:
            raise ValueError(f"it needs {needed} {name}, and there are {getattr(config, name)}")
    possible = config.activation_words // (steps + 1)
    wanted = min(m, engine.depth, _TILE_HEIGHTS * engine.rows, possible)
    most = min(
        tiles,
        config.weight_words // (steps * engine.rows),
        config.parameter_words // engine.cols,
        config.activation_words // wanted - steps,
    )
    parts = [Tiles(first, count) for first, count in even_parts(tiles, most)]
    groups = _groups(m, steps, parts[0].count, config)
    return ProductPlan(steps, parts, groups, _turns(len(groups), len(parts), m=m, n=n))


def _groups(
    m: int, steps: int, tiles: int, config: GemmAcceleratorConfig
) -> list[tuple[Block, ...]]:
    """All rows; in a group the operands of all blocks are first, then their results."""
    words = config.activation_words // (steps + tiles)
    blocks = even_parts(m, min(config.engine.depth, words))
    together = min(words // blocks[0][1], config.job_words // JOB.words - 1)
    groups = []
    for first in range(0, len(blocks), together):
        group = blocks[first : first + together]
        start, results = group[0][0], steps * sum(rows for _, rows in group)
        groups.append(
            tuple(
                Block(row, rows, steps * (row - start), results + tiles * (row - start))
                for row, rows in group
            )
        )
    return groups


def _turns(groups: int, parts: int, *, m: int, n: int) -> list[tuple[int, int]]:
    """Operands are sent again for each part of the tiles, or weights for each group of rows."""
    if (groups - 1) * n <= (parts - 1) * m:
        return list(product(range(groups), range(parts)))
    return [(group, part) for part, group in product(range(parts), range(groups))]
