"""Faults of the array, and what a layer would be with each: hypotheses about a difference.

The accumulator after a pass is changed as the fault does, in golden, and the results are those of
the columns in which there are differences.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from flow.mismatch_replay import LayerReplay
from golden.accumulate import wrap
from golden.accumulate_operation import AccumulateOperation
from golden.hypothesis import Explanation, Hypothesis, judge
from golden.program_observer import Drain, ObservedPass

__all__ = ["explain_by_faults"]

Int8Array = npt.NDArray[np.int8]
Integers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_FEWEST_DIFFERENCES = 3
"""Among so many faults there is one for any fewer."""
_WORK = 1 << 21
"""Products of all the instructions that are tried with every fault, unless one has more."""


class _Fault(Protocol):
    """Something in the array that is broken: an observer that changes accumulators."""

    @property
    def sentence(self) -> str:
        """What is broken."""

    def after_pass(self, done: ObservedPass) -> None:
        """Change the accumulators."""

    def after_drain(self, drain: Drain) -> None:
        """See a drain."""


class _Linear:
    """A fault of sums, which mean nothing in maxima."""

    def after_drain(self, drain: Drain) -> None:
        """Sums do not depend on it."""


@dataclass
class _SilentRow(_Linear):
    """A row of the array adds nothing."""

    row: int
    bits: int

    @property
    def sentence(self) -> str:
        return f"row {self.row} of the array adds nothing"

    def after_pass(self, done: ObservedPass) -> None:
        products = np.outer(done.activations[:, self.row], done.weights[self.row].astype(np.int64))
        if done.operation is not AccumulateOperation.MAX:
            done.accumulators[:] = wrap(done.accumulators - products, self.bits)


@dataclass
class _OtherPassWeights(_Linear):
    """Weights are those of the pass before."""

    bits: int
    before: Int8Array | None = None

    @property
    def sentence(self) -> str:
        return "weights are those of the pass before"

    def after_pass(self, done: ObservedPass) -> None:
        weights = done.weights if self.before is None else self.before
        change = weights.astype(np.int64) - done.weights
        self.before = done.weights
        if done.operation is not AccumulateOperation.MAX:
            sums = done.activations.astype(np.int64) @ change
            done.accumulators[:] = wrap(done.accumulators + sums, self.bits)


@dataclass
class _LostPass(_Linear):
    """A pass of each column tile leaves the accumulators as they were."""

    number: int
    bits: int

    @property
    def sentence(self) -> str:
        return f"the sums of pass {self.number} are lost"

    def after_pass(self, done: ObservedPass) -> None:
        if done.number == self.number and done.operation is not AccumulateOperation.MAX:
            sums = done.activations.astype(np.int64) @ done.weights.astype(np.int64)
            done.accumulators[:] = wrap(done.accumulators - sums, self.bits)


@dataclass
class _LostAccumulators:
    """Each pass begins anew: what accumulated is lost."""

    @property
    def sentence(self) -> str:
        return "sums are not added to those before, so that the last pass is all there is"

    def after_pass(self, done: ObservedPass) -> None:
        done.accumulators[:] = done.activations.astype(np.int64) @ done.weights.astype(np.int64)

    def after_drain(self, drain: Drain) -> None:
        """It is in no pass."""


@dataclass
class _StuckSum(_Linear):
    """A bit of the sums that leave the array."""

    bit: int
    value: int
    bits: int

    @property
    def sentence(self) -> str:
        return f"bit {self.bit} of the array's sums is stuck at {self.value}"

    def after_pass(self, done: ObservedPass) -> None:
        mask = 1 << self.bit
        sums = done.activations.astype(np.int64) @ done.weights.astype(np.int64)
        stuck = sums | mask if self.value else sums & ~mask
        if done.operation is not AccumulateOperation.MAX:
            done.accumulators[:] = wrap(done.accumulators + stuck - sums, self.bits)


@dataclass
class _StuckBit:
    """A bit of the accumulators."""

    bit: int
    value: int
    bits: int

    @property
    def sentence(self) -> str:
        return f"bit {self.bit} of the accumulators is stuck at {self.value}"

    def after_pass(self, done: ObservedPass) -> None:
        mask = 1 << self.bit
        stuck = done.accumulators | mask if self.value else done.accumulators & ~mask
        done.accumulators[:] = wrap(stuck, self.bits)

    def after_drain(self, drain: Drain) -> None:
        """It shows in the passes."""


def explain_by_faults(
    replay: LayerReplay, actual: Int8Array, expected: Int8Array
) -> list[Explanation]:
    """Return the faults that explain every difference, or else most of them, best first."""
    part, known, columns = _wanted(replay, actual != expected)
    different = known & (actual != expected)
    if different.sum() < _FEWEST_DIFFERENCES:
        return []
    wrong = sorted(set(columns[different].tolist()))
    inside = np.isin(columns, wrong)[known]
    right = expected[known]
    named = _columns(wrong, len(set(columns[known].tolist())))

    def hypotheses() -> Iterator[Hypothesis]:
        for fault in _faults(replay, part):
            outputs = np.where(inside, replay.run(fault, part)[known], right)
            yield Hypothesis(f"{fault.sentence}{named}", outputs)
        yield from _exchanged(expected, known, columns, wrong, replay)

    found = judge(hypotheses(), actual[known], right)
    complete = [each for each in found if each.complete]
    partial = [each for each in found if 2 * each.gain >= each.total]
    return complete or sorted(partial, key=lambda each: -each.gain)


def _wanted(replay: LayerReplay, different: Mask) -> tuple[range, Mask, Integers]:
    """The instructions to try, the elements they compute, and the columns those are in."""
    places = replay.places()
    wrong = set(places.instruction[different].tolist())
    runs = list(replay.runs())
    first = next(n for n, run in enumerate(runs) if set(run) & wrong)
    last, work = first, _products(replay, runs[first])
    while last + 1 < len(runs) and work + _products(replay, runs[last + 1]) <= _WORK:
        last += 1
        work += _products(replay, runs[last])
    part = range(runs[first].start, runs[last].stop)
    known = np.isin(places.instruction, part)
    return part, known, places.column


def _products(replay: LayerReplay, part: range) -> int:
    engine = replay.program.config.engine
    steps = [replay.program.instructions[index] for index in part]
    return int(sum(step.passes * step.rows for step in steps) * engine.rows * engine.cols)


def _faults(replay: LayerReplay, part: range) -> Iterator[_Fault]:
    """All that are known, those that are easiest to believe first."""
    engine = replay.program.config.engine
    steps = [replay.program.instructions[index] for index in part]
    bits = engine.accumulator_bits
    for row in range(engine.rows):
        yield _SilentRow(row, bits)
    yield _OtherPassWeights(bits)
    yield _LostAccumulators()
    for number in range(min(max(step.passes // step.tiles_n for step in steps), engine.depth)):
        yield _LostPass(number, bits)
    for bit in range(bits):
        for value in (0, 1):
            yield _StuckSum(bit, value, bits)
            yield _StuckBit(bit, value, bits)


def _exchanged(
    expected: Int8Array, known: Mask, columns: Integers, wrong: list[int], replay: LayerReplay
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
