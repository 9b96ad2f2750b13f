"""A guess at what went wrong, held against the data."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from golden.compare import same

__all__ = ["Explanation", "Hypothesis", "judge"]

AnyArray = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Hypothesis:
    """One cause and what it predicts.

    Parameters
    ----------
    cause
        A clause without a full stop. `{}` in it stands for the variant.
    predicted
        What `actual` would be, or what `expected` would be if `backward`; of their shape and type.
    variant
        The name of a rule. Hypotheses that differ in the variant only are told in one sentence.
    marks
        Nouns for the differences (`ties`) and where each is true; the first true of all is used.
    backward
        Whether `expected` follows from `actual` and not the other way round.
    """

    cause: str
    predicted: AnyArray
    variant: str = ""
    marks: tuple[tuple[str, npt.NDArray[np.bool_]], ...] = ()
    backward: bool = False


@dataclass(frozen=True)
class Explanation:
    """What one cause explains."""

    sentence: str
    explained: int
    """Differences that the cause reproduces exactly."""
    total: int
    """All differences."""
    spoiled: int
    """Elements that are equal, but would differ if this were the cause."""

    @property
    def complete(self) -> bool:
        """Whether every element of the data is as the cause says."""
        return self.explained == self.total and not self.spoiled

    @property
    def gain(self) -> int:
        """How many more elements are right with the cause than without it."""
        return self.explained - self.spoiled


@dataclass(frozen=True)
class _Verdict:
    """What a hypothesis explains; equal verdicts are told together."""

    cause: str
    noun: str
    explained: int
    spoiled: int


def judge(
    hypotheses: Iterable[Hypothesis], actual: AnyArray, expected: AnyArray
) -> list[Explanation]:
    """Hold each hypothesis against every element; keep the order, merge variants."""
    different = ~same(actual, expected)
    variants: dict[_Verdict, list[str]] = {}
    for hypothesis in hypotheses:
        right = same(hypothesis.predicted, expected if hypothesis.backward else actual)
        explains = right & different
        verdict = _Verdict(
            hypothesis.cause,
            next((noun for noun, where in hypothesis.marks if not (explains & ~where).any()), ""),
            int(explains.sum()),
            int((~right & ~different).sum()),
        )
        variants.setdefault(verdict, []).append(hypothesis.variant)
    total = int(different.sum())
    return [_told(verdict, total, names) for verdict, names in variants.items()]


def _told(verdict: _Verdict, total: int, variants: list[str]) -> Explanation:
    one = total == 1
    what = "difference" if one else "differences"
    if verdict.explained < total:
        how_many = f"{verdict.explained} of {total} {what}"
    else:
        how_many = f"the only {what}" if one else f"all {total} {what}"
    if verdict.noun:
        how_many += f" is one of {verdict.noun}" if one else f" are {verdict.noun}"
    sentence = f"{how_many}: {verdict.cause.format(' or '.join(variants))}"
    if verdict.spoiled:
        sentence += f" (but then {verdict.spoiled} equal elements would differ)"
    return Explanation(sentence, verdict.explained, total, verdict.spoiled)
