"""What a worker is given."""

from dataclasses import dataclass
from pathlib import Path

from flow.explore.point import Point

__all__ = ["Task"]


@dataclass(frozen=True)
class Task:
    """A point to measure, maybe on another machine.

    Parameters
    ----------
    point : Point
    key : str
        Name of its result.
    fingerprint : str
        Of the sources and tools that the result is to be of.
    folder : Path
        Where the worker keeps netlists and works, from where it was started.
    timeout : float
        Seconds for synthesis, and for place and route.
    """

    point: Point
    key: str
    fingerprint: str
    folder: Path
    timeout: float
