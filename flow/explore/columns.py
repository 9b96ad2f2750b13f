"""What the tables of the terminal and of the page have in common: headings and words.

All memories have one column, KiB.
"""

from collections.abc import Sequence

from flow.explore.records import design_fields
from flow.explore.summary import Summary
from flow.model_memories import MEMORIES

__all__ = ["Columns"]

_ALWAYS = ("rows", "cols", "lanes")
_NUMBERS = ("KiB", "LUT", "FF", "DSP", "RAM", "MHz", "cycles", "inferences/s", "GMAC/s")


class Columns:
    """The columns of some designs: parameters that are the same in all have none.

    Parameters
    ----------
    summaries : sequence of Summary
        The designs.
    """

    def __init__(self, summaries: Sequence[Summary]) -> None:
        self._fields = [design_fields(each.design) for each in summaries]
        names = list(self._fields[0]) if self._fields else []
        self._varying = [
            name
            for name in names
            if name not in (*_ALWAYS, *MEMORIES) and len({each[name] for each in self._fields}) > 1
        ]
        self._shared = [name for name in names if name not in (*_ALWAYS, *MEMORIES, *self._varying)]

    @property
    def shared(self) -> dict[str, str]:
        """The other parameters, and what they are in all designs."""
        first = self._fields[0] if self._fields else {}
        return {name: str(first[name]) for name in self._shared if first[name] != ""}

    @property
    def headings(self) -> list[str]:
        """Of the columns."""
        varying = [name.replace("_", " ") for name in self._varying]
        return ["array", "lanes", *varying, *_NUMBERS, "front"]

    def words(self, summary: Summary) -> list[str]:
        """A design in words, one for each column; the outcome if it has no Fmax."""
        fields = design_fields(summary.design)
        words = [f"{fields['rows']}x{fields['cols']}", str(fields["lanes"])]
        words += [str(fields[name]) for name in self._varying]
        return [*words, *_numbers(summary), "*" if summary.on_front else ""]

    def label(self, summary: Summary) -> str:
        """A design in a few words, for a chart that has colours for parts."""
        named = dict(zip(self.headings, self.words(summary), strict=True))
        names = ["array", "lanes", *(name for name in self._varying if name != "part")]
        return " / ".join(named[name.replace("_", " ")] for name in names)


def _numbers(summary: Summary) -> list[str]:
    counts, fmax, spread = summary.counts, summary.fmax, summary.fmax_range
    words = [f"{summary.design.memory_bytes / 1024:.0f}", *[""] * 4]
    if counts:
        cells = (counts.luts, counts.flip_flops, counts.multipliers, counts.memories)
        words[1:] = [f"{count:,}" for count in cells]
    if fmax is None or summary.inferences is None or summary.gmacs is None:
        return [*words, summary.outcome.value, f"{summary.design.work.cycles:,}", "", ""]
    speed = f"{fmax:.0f}"
    if len(summary.found) > 1 and spread:
        speed += f" ({spread[0]:.0f}-{spread[1]:.0f})"
    return [
        *words,
        speed,
        f"{summary.design.work.cycles:,}",
        f"{summary.inferences:,.0f}",
        f"{summary.gmacs:.2f}",
    ]
