"""The designs of a space: every combination of its axes that is legal."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flow.errors import UserError
from flow.explore.point import Design
from flow.explore.workload import Workload
from flow.model_memories import MEMORIES
from flow.parts import PARTS, Family, Part
from hw.config import EngineConfig
from hw.multiplier_kind import MultiplierKind

__all__ = ["Refused", "Space", "designs_of"]


@dataclass(frozen=True)
class Refused:
    """A combination that is left out.

    Parameters
    ----------
    name : of it, for a person
    reason : the sentence of the check that it fails
    """

    name: str
    reason: str


@dataclass(frozen=True)
class Space:
    """What there is to explore.

    Parameters
    ----------
    designs : each once
    refused : combinations that are not legal
    """

    designs: Sequence[Design]
    refused: Sequence[Refused]


def designs_of(axes: Mapping[str, Sequence[Any]], workload: Workload) -> Space:
    """Combine the values of axes, all but the seeds.

    Parameters
    ----------
    axes : mapping
        As `flow.explore.axes.parse_axes` returns them.
    workload : Workload
        That every design has to run.
    """
    names = [name for name in axes if name != "seeds"]
    designs: dict[Design, None] = {}
    refused = []
    for values in itertools.product(*(axes[name] for name in names)):
        chosen = dict(zip(names, values, strict=True))
        try:
            designs[_design(chosen, workload)] = None
        except (UserError, ValueError) as error:
            refused.append(Refused(_name(chosen, axes), str(error)))
    return Space(list(designs), refused)


def _design(chosen: Mapping[str, Any], workload: Workload) -> Design:
    part = PARTS[chosen["part"]]
    engine = EngineConfig(
        rows=chosen["rows"],
        cols=chosen["cols"],
        group=chosen["group"],
        lanes=chosen["lanes"],
        schemes=chosen["schemes"],
        multiplier=_multiplier(chosen["multiplier"], part),
        dsp_rows=chosen["dsp_rows"],
        dsp_cols=chosen["dsp_cols"],
        depth=chosen["depth"],
    )
    speed = _speed(chosen["speed"], part)
    sizes = {name: chosen[name] for name in MEMORIES if chosen[name] is not None}
    config, work = workload.fit(engine, sizes)
    return Design(config, part.name, speed, work)


def _multiplier(asked: MultiplierKind | None, part: Part) -> MultiplierKind:
    kinds = {kind.value: kind for kind in MultiplierKind}
    if asked is None:
        return kinds.get(part.family.value, MultiplierKind.PORTABLE)
    # A kind of one family is named after it.
    if asked.value.partition("_")[0] in {family.value for family in Family} - {part.family.value}:
        raise ValueError(
            f"multiplier {asked.value} must go into a part of that family, not into {part.name}: "
            f"take {MultiplierKind.PORTABLE.value}"
        )
    return asked


def _speed(asked: str | None, part: Part) -> str:
    if asked is None:
        return part.speeds[0] if part.speeds else ""
    if asked not in part.speeds:
        legal = ", ".join(part.speeds) or "slowest"
        raise ValueError(f"speed of {part.name} must be one of {legal}, not {asked}")
    return asked


def _name(chosen: Mapping[str, Any], axes: Mapping[str, Sequence[Any]]) -> str:
    """The array and the part, and what else has several values."""
    words = [f"{chosen['rows']}x{chosen['cols']}", chosen["part"]]
    for name, value in chosen.items():
        if name not in ("rows", "cols", "part") and len(axes[name]) > 1 and value is not None:
            words.append(f"{name.replace('_', ' ')} {_text(value)}")
    return ", ".join(words)


def _text(value: Any) -> str:
    if isinstance(value, frozenset):
        return "+".join(sorted(each.value for each in value))
    return str(getattr(value, "value", value))
