"""Designs with what was found of them: medians over seeds, throughput, the Pareto front."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flow.explore.measurement import Measurement, Outcome
from flow.explore.point import Design, Point
from flow.synthesis import CellCounts

__all__ = ["Summary", "pareto_front", "summarize"]


@dataclass(frozen=True)
class Summary:
    """A design, and what became of it with each seed.

    Parameters
    ----------
    design : Design
    found : by seed
    on_front : whether no other design is better; see `summarize`
    """

    design: Design
    found: Mapping[int, Measurement]
    on_front: bool = False

    @property
    def outcome(self) -> Outcome:
        """ROUTED if there is an Fmax."""
        outcomes = [each.outcome for each in self.found.values()]
        failed = next((each for each in outcomes if each is not Outcome.ROUTED), Outcome.ROUTED)
        return Outcome.ROUTED if self.fmax is not None else failed

    @property
    def fmax(self) -> float | None:
        """Median over the seeds in MHz; a seed that was not routed counts as 0, a median of 0 not.

        Of an even number of seeds it is the lower one in the middle.
        """
        found = [each.fmax or 0.0 for each in self.found.values()]
        return statistics.median_low(found) or None

    @property
    def fmax_range(self) -> tuple[float, float] | None:
        """The slowest and the fastest seed that was routed."""
        found = [each.fmax for each in self.found.values() if each.fmax is not None]
        return (min(found), max(found)) if found else None

    @property
    def counts(self) -> CellCounts | None:
        """What it takes of the part, if it was synthesized."""
        return next((each.counts for each in self.found.values() if each.counts), None)

    @property
    def inferences(self) -> float | None:
        """In a second, without the time of the link."""
        return None if self.fmax is None else self.fmax * 1e6 / self.design.work.cycles

    @property
    def gmacs(self) -> float | None:
        """Useful multiply-accumulates in a second, 10^9 of them."""
        return (
            None if self.inferences is None else self.inferences * self.design.work.products / 1e9
        )


def summarize(found: Mapping[Point, Measurement]) -> list[Summary]:
    """Put points together by design, in their order, and mark the Pareto front.

    On it are designs that none beats in look-up tables, multipliers, block memories or inferences a
    second without being beaten by it in another of these.
    """
    by_design: dict[Design, dict[int, Measurement]] = {}
    for point, measured in found.items():
        by_design.setdefault(point.design, {})[point.seed] = measured
    summaries = [Summary(design, seeds) for design, seeds in by_design.items()]
    values = [_costs(each) for each in summaries]
    front = pareto_front([costs for costs in values if costs])
    marks = iter(front)
    return [
        Summary(each.design, each.found, bool(costs) and next(marks))
        for each, costs in zip(summaries, values, strict=True)
    ]


def _costs(summary: Summary) -> tuple[float, ...]:
    counts, inferences = summary.counts, summary.inferences
    if counts is None or inferences is None:
        return ()
    return (counts.luts, counts.multipliers, counts.memories, -inferences)


def pareto_front(costs: Sequence[Sequence[float]]) -> list[bool]:
    """Say of each whether no other is as good in everything and better in something.

    >>> pareto_front([(1, 9), (2, 5), (2, 6), (3, 5), (4, 1)])
    [True, True, False, False, True]
    """
    return [
        not any(
            other != mine and all(o <= m for o, m in zip(other, mine, strict=True))
            for other in map(tuple, costs)
        )
        for mine in map(tuple, costs)
    ]
