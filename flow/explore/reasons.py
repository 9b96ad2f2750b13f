"""Why designs have no Fmax and combinations are left out, each reason once."""

from collections.abc import Sequence

from flow.explore.measurement import Outcome
from flow.explore.space import Refused
from flow.explore.summary import Summary

__all__ = ["reasons"]

_NAMED = 3


def reasons(summaries: Sequence[Summary], refused: Sequence[Refused]) -> list[str]:
    """One sentence for each reason, with the names of the first that it is of."""
    named: dict[tuple[str, str], list[str]] = {}
    for each in summaries:
        ends = {(found.outcome, found.reason) for found in each.found.values()}
        for seed, found in each.found.items():
            name = each.design.name if len(ends) == 1 else f"{each.design.name}, seed {seed}"
            names = named.setdefault((found.outcome.value, found.reason), [])
            if found.outcome is not Outcome.ROUTED and name not in names:
                names.append(name)
    for left in refused:
        named.setdefault(("left out", left.reason), []).append(left.name)
    return [
        f"{_listed(names)}: {what}: {reason}" for (what, reason), names in named.items() if names
    ]


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return "; ".join([*names[:_NAMED], *([f"{more} more"] if more > 0 else [])])
