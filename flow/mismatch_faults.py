"""Which fault of the array explains differences: what a layer would be with each is tried.

A fault is tried in the columns in which there are differences.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from flow.array_faults import (
    Fault,
    LostAccumulators,
    LostPass,
    OtherPassWeights,
    SilentRow,
    StuckBit,
    StuckSum,
)
from flow.mismatch_replay import ElementPlaces, LayerReplay
from golden.hypothesis import Explanation, Hypothesis, judge

__all__ = ["explain_by_faults"]

Int8Array = npt.NDArray[np.int8]
Integers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_FEWEST_DIFFERENCES = 3
"""Among so many faults there is one for any fewer."""
_MOST_PASSES = 32
_WORK = 1 << 18
"""Products of all the instructions that are tried with every fault, unless one has more."""


def explain_by_faults(
    replay: LayerReplay, places: ElementPlaces, actual: Int8Array, expected: Int8Array
) -> list[Explanation]:
    """Return the faults that explain every difference, or else most of them, best first.

    Simple faults come first: no others are tried if one of them explains everything.
    """
    part = _wanted(replay, places, actual != expected)
    known = np.isin(places.instruction, part)
    columns, different = places.column, known & (actual != expected)
    if different.sum() < _FEWEST_DIFFERENCES:
        return []
    wrong = sorted(set(columns[different].tolist()))
    inside = np.isin(columns, wrong)[known]
    right = expected[known]
    named = _columns(wrong, len(set(columns[known].tolist())))

    def with_faults(faults: Iterable[Fault]) -> Iterator[Hypothesis]:
        for fault in faults:
            outputs = np.where(inside, replay.run(fault, part)[known], right)
            yield Hypothesis(f"{fault.sentence}{named}", outputs)

    partial: list[Explanation] = []
    for level in (
        _exchanged(expected, known, columns, wrong),
        with_faults(_simple_faults(replay, part)),
        with_faults(_stuck_bits(replay)),
    ):
        found = judge(level, actual[known], right)
        complete = [each for each in found if each.complete]
        if complete:
            return complete
        partial += [each for each in found if 2 * each.gain >= each.total]
    return sorted(partial, key=lambda each: -each.gain)


def _wanted(replay: LayerReplay, places: ElementPlaces, different: Mask) -> range:
    """The instructions to try: from the first difference on, as many as are not too much work."""
    wrong = set(places.instruction[different].tolist())
    runs = list(replay.runs())
    first = next(n for n, run in enumerate(runs) if set(run) & wrong)
    last, work = first, _products(replay, runs[first])
    while last + 1 < len(runs) and work + _products(replay, runs[last + 1]) <= _WORK:
        last += 1
        work += _products(replay, runs[last])
    return range(runs[first].start, runs[last].stop)


def _products(replay: LayerReplay, part: range) -> int:
    engine = replay.program.config.engine
    steps = [replay.program.instructions[index] for index in part]
    return int(sum(step.passes * step.rows for step in steps) * engine.rows * engine.cols)


def _simple_faults(replay: LayerReplay, part: range) -> Iterator[Fault]:
    engine = replay.program.config.engine
    steps = [replay.program.instructions[index] for index in part]
    bits = engine.accumulator_bits
    for row in range(engine.rows):
        yield SilentRow(row, bits)
    yield OtherPassWeights(bits)
    yield LostAccumulators()
    for number in range(min(max(step.passes // step.tiles_n for step in steps), _MOST_PASSES)):
        yield LostPass(number, bits)


def _stuck_bits(replay: LayerReplay) -> Iterator[Fault]:
    engine = replay.program.config.engine
    for bit in range(engine.accumulator_bits):
        for value in (0, 1):
            if bit < engine.sum_shape(engine.rows).width:
                yield StuckSum(bit, value, engine.accumulator_bits)
            yield StuckBit(bit, value, engine.accumulator_bits)


def _exchanged(
    expected: Int8Array, known: Mask, columns: Integers, wrong: list[int]
) -> Iterator[Hypothesis]:
    """One column that has the results of another one of its tile."""
    if len(wrong) != 1:
        return
    channels = expected.shape[3]
    for distance in range(-columns.max(), columns.max() + 1):
        source = columns + distance
        moved = np.arange(channels) + distance
        valid = (source >= 0) & (source <= columns.max()) & (moved >= 0) & (moved < channels)
        others = expected[..., moved.clip(0, channels - 1)]
        predicted = np.where(valid & (columns == wrong[0]), others, expected)
        if distance:
            cause = f"column {wrong[0]} has the results of column {wrong[0] + distance}"
            yield Hypothesis(cause, predicted[known])


def _columns(wrong: list[int], used: int) -> str:
    if len(wrong) == used and used > 1:
        return ""
    names = ", ".join(map(str, wrong))
    return f" in column{'s' * (len(wrong) > 1)} {names}"
