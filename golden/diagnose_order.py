"""Hypotheses about where elements stand: missing, transposed, rotated, late, tiled."""

from collections import Counter
from collections.abc import Iterator
from itertools import permutations
from typing import Any

import numpy as np
import numpy.typing as npt

from golden.hypothesis import Hypothesis

__all__ = ["missing_hypotheses", "order_hypotheses"]

AnyArray = npt.NDArray[Any]

MAX_AXES = 4
MAX_TILE = 64
SMALL = 256
"""Up to this size every rotation is tried."""
NEEDLE = 16
"""Elements of a run of `actual` that is looked for in `expected`."""
NEEDLES = 32
TAIL = 4
"""A shorter run of one value at the end is not taken for missing data."""


def order_hypotheses(actual: AnyArray, expected: AnyArray) -> Iterator[Hypothesis]:
    """Yield what `actual` would be if elements of `expected` had moved, the simplest first."""
    yield from _transposed(expected)
    yield from _reversed(expected)
    yield from _moved(actual, expected)
    yield from _rotated_rows(expected)
    yield from _skewed(expected)
    yield from _tiled(expected)


def missing_hypotheses(actual: AnyArray, expected: AnyArray) -> Iterator[Hypothesis]:
    """Yield that the data ends early, if `actual` ends in a run of one value."""
    flat = actual.ravel()
    last = flat[-1]
    others = np.flatnonzero(flat != last)
    start = int(others[-1]) + 1 if others.size else 0
    if flat.size - start < TAIL:
        return
    predicted = expected.ravel().copy()
    predicted[start:] = last
    index = ", ".join(map(str, map(int, np.unravel_index(start, actual.shape))))
    where = f"everything from [{index}] on" if start else "every element"
    yield Hypothesis(
        f"{where} is {last.item()!r}, as if it had not been written",
        predicted.reshape(expected.shape),
    )


def _transposed(expected: AnyArray) -> Iterator[Hypothesis]:
    if not 2 <= expected.ndim <= MAX_AXES:
        return
    shape = expected.shape
    for axes in permutations(range(expected.ndim)):
        if axes == tuple(range(expected.ndim)):
            continue
        order = "the data is transposed" if expected.ndim == 2 else f"the axes stand as {axes}"
        inner = tuple(shape[axis] for axis in axes)
        written = expected.transpose(axes).reshape(shape)
        if expected.ndim == 2 and inner == shape:
            yield Hypothesis(order, written)  # and so is the other way round
            return
        read = expected.reshape(inner).transpose(tuple(np.argsort(axes))).reshape(shape)
        yield Hypothesis(f"{order} in the hardware's memory", written)
        yield Hypothesis(f"{order} in the model's memory", read)


def _reversed(expected: AnyArray) -> Iterator[Hypothesis]:
    for axis, name in enumerate(_axis_names(expected.ndim)):
        yield Hypothesis(f"the {name} are in reverse order", np.flip(expected, axis))
    if expected.ndim > 1:
        yield Hypothesis("all elements are in reverse order", np.flip(expected))
    for size in _divisors(expected.shape[-1]):
        if size == expected.shape[-1]:
            continue  # the whole axis, as above
        groups = expected.reshape(-1, size)[:, ::-1]
        yield Hypothesis(
            f"in every group of {size} the elements are in reverse order",
            groups.reshape(expected.shape),
        )


def _moved(actual: AnyArray, expected: AnyArray) -> Iterator[Hypothesis]:
    size = expected.size
    flat = expected.ravel()
    for turn in _turns(actual.ravel(), flat):
        nearest = turn if turn <= size // 2 else turn - size
        yield Hypothesis(
            f"the data is rotated by {_elements(nearest)}",
            np.roll(flat, turn).reshape(expected.shape),
        )
        for late in (turn, turn - size):
            predicted = np.roll(flat, late)
            predicted[: max(late, 0)] = 0
            predicted[size + min(late, 0) :] = 0
            word = "late" if late > 0 else "early"
            yield Hypothesis(
                f"the data is {_elements(abs(late))} {word}, with zeros in the gap",
                predicted.reshape(expected.shape),
            )


def _turns(actual: AnyArray, expected: AnyArray) -> list[int]:
    """Rotations worth a try: all of a small array, else those that runs of elements vote for."""
    size = actual.size
    if size <= SMALL:
        return sorted(range(1, size), key=lambda turn: min(turn, size - turn))
    hay = np.concatenate((expected, expected[:NEEDLE])).tobytes()
    votes: Counter[int] = Counter()
    for start in range(0, size - NEEDLE, max(1, size // NEEDLES)):
        run = actual[start : start + NEEDLE]
        if (run == run[0]).all():
            continue
        needle, found = run.tobytes(), -1
        for _ in range(8):
            found = hay.find(needle, found + 1)
            if found < 0:
                break
            if found % actual.itemsize == 0:
                votes[(start - found // actual.itemsize) % size] += 1
    del votes[0]
    return [turn for turn, _ in votes.most_common(8)]


def _rotated_rows(expected: AnyArray) -> Iterator[Hypothesis]:
    if expected.ndim < 2:
        return
    columns = expected.shape[-1]
    most = min(columns - 1, MAX_TILE if expected.size < 1 << 16 else 8)
    for turn in sorted({*range(1, most + 1), *range(max(1, columns - most), columns)}):
        nearest = turn if turn <= columns // 2 else turn - columns
        yield Hypothesis(
            f"every row is rotated by {_elements(nearest)}", np.roll(expected, turn, axis=-1)
        )


def _skewed(expected: AnyArray) -> Iterator[Hypothesis]:
    if expected.ndim != 2 or 1 in expected.shape:
        return
    rows, columns = np.ogrid[: expected.shape[0], : expected.shape[1]]
    for sign, word in ((1, "late"), (-1, "early")):
        source = rows - sign * columns
        inside = (source >= 0) & (source < expected.shape[0])
        turned = expected[source % expected.shape[0], columns]
        cause = f"column c is c rows {word}: a missing or a second skew"
        yield Hypothesis(f"{cause}, with zeros in the gaps", np.where(inside, turned, 0))
        yield Hypothesis(f"{cause}, going round", turned)


def _tiled(expected: AnyArray) -> Iterator[Hypothesis]:
    if expected.ndim < 2:
        return
    shape, columns = expected.shape, expected.shape[-1]
    for width in _divisors(columns):
        if width == columns:
            continue
        tiles = expected.reshape(-1, columns // width, width)
        stored = expected.reshape(columns // width, -1, width)
        for cause, moved in (
            ("the tiles of {} columns are stored one after the other", tiles.transpose(1, 0, 2)),
            ("the model stores the tiles of {} columns one after the other", stored.swapaxes(0, 1)),
            ("the tiles of {} columns are in reverse order", tiles[:, ::-1]),
            ("columns that are {} apart stand side by side", tiles.transpose(0, 2, 1)),
        ):
            yield Hypothesis(cause.format(width), moved.reshape(shape))
    for height in _divisors(shape[0]):
        if height < shape[0]:
            blocks = expected.reshape(shape[0] // height, -1)[::-1]
            yield Hypothesis(
                f"the tiles of {height} rows are in reverse order", blocks.reshape(shape)
            )


def _divisors(size: int) -> list[int]:
    return [n for n in range(2, min(size, MAX_TILE) + 1) if size % n == 0]


def _axis_names(axes: int) -> tuple[str, ...]:
    if axes <= 2:
        return (("elements",), ("rows", "columns"))[axes - 1] if axes else ()
    return tuple(f"elements along axis {axis}" for axis in range(axes))


def _elements(count: int) -> str:
    return f"{count} element" if abs(count) == 1 else f"{count} elements"
