"""Times of several ways to do one thing, taken in turn so that they share the machine's moods."""

import statistics
import time
from collections.abc import Callable, Mapping

__all__ = ["interleaved_medians", "print_table"]


def interleaved_medians(
    candidates: Mapping[str, Callable[[], object]], *, rounds: int = 25, budget: float = 2.0
) -> dict[str, float]:
    """The median seconds of each candidate over `rounds` rounds, after one round to warm up.

    A candidate that has used up `budget` seconds drops out, so a slow one is timed at least once
    but not often.
    """
    times: dict[str, list[float]] = {name: [] for name in candidates}
    for number in range(rounds + 1):
        for name, candidate in candidates.items():
            if sum(times[name]) > budget:
                continue
            start = time.perf_counter()
            candidate()
            elapsed = time.perf_counter() - start
            if number > 0 or elapsed > budget:
                times[name].append(elapsed)
    return {name: statistics.median(taken) for name, taken in times.items()}


def print_table(header: list[str], rows: list[list[str]]) -> None:
    """Print columns as wide as their widest cell: the first to the left, the others right."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    for row in [header, *rows]:
        first, *others = zip(row, widths, strict=True)
        cells = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
        print("  ".join(cells))
