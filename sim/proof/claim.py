"""A statement about all inputs, and what a solver says to it."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import bitwuzla

from sim.proof.word import TERMS, Condition, Truth, Word

__all__ = ["Claim", "RefutedError", "processor_seconds", "prove"]


class RefutedError(AssertionError):
    """A claim is false; `values` holds inputs that show it."""

    def __init__(self, claim: str, values: Mapping[str, int]) -> None:
        self.values = dict(values)
        numbers = ", ".join(f"{name} = {value}" for name, value in values.items())
        super().__init__(f"{claim} is false for {numbers}")


@dataclass(frozen=True)
class Claim:
    """`goal` holds wherever all the `assumptions` do.

    Parameters
    ----------
    name : str
        What is claimed, in a few words.
    goal : Condition
    assumptions : sequence of Condition
    shown : Mapping of str to Word
        The numbers that a counterexample is reported with.

    """

    name: str
    goal: Truth
    assumptions: Sequence[Truth] = ()
    shown: Mapping[str, Word] = field(default_factory=dict)


def prove(claim: Claim) -> float:
    """Prove a claim with Bitwuzla; return its processor time, raise `RefutedError` if it is false.

    The assumptions are checked to allow anything at all: with none to satisfy, all would be true.
    """
    start = processor_seconds()
    if _solve(claim.assumptions) is None:
        raise ValueError(f"the assumptions of {claim.name} must not contradict each other")
    model = _solve([*claim.assumptions, Condition.of(claim.goal).negated()])
    if model is not None:
        values = {name: _value(model, word) for name, word in claim.shown.items()}
        raise RefutedError(claim.name, values)
    return processor_seconds() - start


def processor_seconds() -> float:
    """Processor time of this process and of those it has started and waited for."""
    return sum(os.times()[:4])


def _solve(conditions: Sequence[Truth]) -> bitwuzla.Bitwuzla | None:
    """Return a solver that has a model of the conditions, or None if there is no model."""
    options = bitwuzla.Options()
    options.set(bitwuzla.Option.PRODUCE_MODELS, True)
    solver = bitwuzla.Bitwuzla(TERMS, options)
    for condition in conditions:
        solver.assert_formula(Condition.of(condition).term)
    return solver if solver.check_sat() == bitwuzla.Result.SAT else None


def _value(model: bitwuzla.Bitwuzla, word: Word) -> int:
    value = int(model.get_value(word.term).value(2), 2)
    return value - ((value >> (word.width - 1)) << word.width)
