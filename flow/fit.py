"""Whether a part has what a netlist takes, as far as that is certain before place and route."""

from dataclasses import dataclass

from flow.parts import Part
from flow.synthesis import CellCounts

__all__ = ["Lack", "lacking"]


@dataclass(frozen=True)
class Lack:
    """What a part has too little of.

    Parameters
    ----------
    said : str
        What a netlist needs and the part has, for people: "needs 9 multipliers, and P has 8".
    is_memory : bool
        Smaller memories help, and not a smaller array.
    """

    said: str
    is_memory: bool


def lacking(counts: CellCounts, part: Part) -> Lack | None:
    """Return what there is most too little of, by its part; None if there is enough of all."""
    needs = (
        ("look-up tables", counts.luts, part.luts, False),
        ("flip-flops", counts.flip_flops, part.flip_flops, False),
        ("multipliers", counts.multipliers, part.multipliers, False),
        ("block memories", counts.memories, part.memories, True),
        ("large memories", counts.large_memories, part.large_memories, True),
    )
    what, needed, there, is_memory = max(needs, key=lambda need: need[1] / max(need[2], 1))
    if needed <= there:
        return None
    said = f"needs {needed:,} {what}, and {part.name} has {there:,}"
    return Lack(said, is_memory)
