"""A look at the array while a program runs: after each pass, and after each drain."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from golden.accumulate_operation import AccumulateOperation

__all__ = ["Drain", "ObservedPass", "Observer"]

Int8Array = npt.NDArray[np.int8]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ObservedPass:
    """A pass that is done.

    Parameters
    ----------
    instruction : index in the program
    tile : column tile
    number : of the pass in its column tile
    activations : (rows, R)
    weights : (R, C)
    operation : what was done with the sums, activations @ weights
    accumulators : (rows, C), after it; what is changed in them is changed for the program
    """

    instruction: int
    tile: int
    number: int
    activations: Int8Array
    weights: Int8Array
    operation: AccumulateOperation
    accumulators: Integers


@dataclass(frozen=True, eq=False)
class Drain:
    """Accumulators that were requantized.

    Parameters
    ----------
    instruction : index in the program
    tile : column tile
    accumulators : (rows, C), without the bias
    parameter : address of column 0's parameters
    address : (rows, width), where the first columns' results go
    """

    instruction: int
    tile: int
    accumulators: Integers
    parameter: int
    address: Integers


class Observer(Protocol):
    """What `golden.program.Interpreter` tells."""

    def after_pass(self, done: ObservedPass) -> None:
        """See a pass."""

    def after_drain(self, drain: Drain) -> None:
        """See what was drained."""
