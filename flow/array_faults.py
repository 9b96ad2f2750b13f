"""Faults of the array: observers that change golden's accumulators as broken hardware would."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from golden.accumulate import wrap
from golden.accumulate_operation import AccumulateOperation
from golden.program_observer import Drain, ObservedPass

__all__ = [
    "Fault",
    "LostAccumulators",
    "LostPass",
    "OtherPassWeights",
    "SilentRow",
    "StuckBit",
    "StuckSum",
]

Int8Array = npt.NDArray[np.int8]


class Fault(Protocol):
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
class SilentRow(_Linear):
    """A row of the array adds nothing."""

    row: int
    bits: int

    @property
    def sentence(self) -> str:
        """The clause about it."""
        return f"row {self.row} of the array adds nothing"

    def after_pass(self, done: ObservedPass) -> None:
        """Take the row's products away."""
        products = np.outer(done.activations[:, self.row], done.weights[self.row].astype(np.int64))
        if done.operation is not AccumulateOperation.MAX:
            done.accumulators[:] = wrap(done.accumulators - products, self.bits)


@dataclass
class OtherPassWeights(_Linear):
    """Weights are those of the pass before."""

    bits: int
    before: Int8Array | None = None

    @property
    def sentence(self) -> str:
        """The clause about it."""
        return "weights are those of the pass before"

    def after_pass(self, done: ObservedPass) -> None:
        """Multiply by the tile before."""
        weights = done.weights if self.before is None else self.before
        change = weights.astype(np.int64) - done.weights
        self.before = done.weights
        if done.operation is not AccumulateOperation.MAX:
            sums = done.activations.astype(np.int64) @ change
            done.accumulators[:] = wrap(done.accumulators + sums, self.bits)


@dataclass
class LostPass(_Linear):
    """A pass of each column tile leaves the accumulators as they were."""

    number: int
    bits: int

    @property
    def sentence(self) -> str:
        """The clause about it."""
        return f"the sums of pass {self.number} are lost"

    def after_pass(self, done: ObservedPass) -> None:
        """Take the sums of the pass away."""
        if done.number == self.number and done.operation is not AccumulateOperation.MAX:
            sums = done.activations.astype(np.int64) @ done.weights.astype(np.int64)
            done.accumulators[:] = wrap(done.accumulators - sums, self.bits)


@dataclass
class LostAccumulators:
    """Each pass begins anew: what accumulated is lost."""

    @property
    def sentence(self) -> str:
        """The clause about it."""
        return "sums are not added to those before, so that the last pass is all there is"

    def after_pass(self, done: ObservedPass) -> None:
        """Keep only the sums."""
        done.accumulators[:] = done.activations.astype(np.int64) @ done.weights.astype(np.int64)

    def after_drain(self, drain: Drain) -> None:
        """It is in no pass."""


@dataclass
class StuckSum(_Linear):
    """A bit of the sums that leave the array."""

    bit: int
    value: int
    bits: int

    @property
    def sentence(self) -> str:
        """The clause about it."""
        return f"bit {self.bit} of the array's sums is stuck at {self.value}"

    def after_pass(self, done: ObservedPass) -> None:
        """Change the sums."""
        mask = 1 << self.bit
        sums = done.activations.astype(np.int64) @ done.weights.astype(np.int64)
        stuck = sums | mask if self.value else sums & ~mask
        if done.operation is not AccumulateOperation.MAX:
            done.accumulators[:] = wrap(done.accumulators + stuck - sums, self.bits)


@dataclass
class StuckBit:
    """A bit of the accumulators."""

    bit: int
    value: int
    bits: int

    @property
    def sentence(self) -> str:
        """The clause about it."""
        return f"bit {self.bit} of the accumulators is stuck at {self.value}"

    def after_pass(self, done: ObservedPass) -> None:
        """Change the accumulators."""
        mask = 1 << self.bit
        stuck = done.accumulators | mask if self.value else done.accumulators & ~mask
        done.accumulators[:] = wrap(stuck, self.bits)

    def after_drain(self, drain: Drain) -> None:
        """It shows in the passes."""
