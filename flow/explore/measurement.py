"""What became of a point."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any

from flow.synthesis import CellCounts

__all__ = ["Measurement", "Outcome"]


class Outcome(Enum):
    """How the way of a point through the tools ended."""

    ROUTED = "routed"
    DOES_NOT_FIT = "does not fit"
    TIMED_OUT = "not routed in time"
    FAILED = "failed"
    KILLED = "killed"
    """Its process was killed every time, as it is where memory runs out."""


@dataclass(frozen=True)
class Measurement:
    """What became of a point.

    Parameters
    ----------
    outcome : Outcome
    fmax : float or None
        In MHz, if it was routed.
    counts : CellCounts or None
        If it was synthesized.
    reason : str
        Why there is no Fmax, as a sentence without its end.
    seconds : float
        That place and route took.
    """

    outcome: Outcome
    fmax: float | None = None
    counts: CellCounts | None = None
    reason: str = ""
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """As numbers and strings."""
        return asdict(self) | {"outcome": self.outcome.name}

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> "Measurement":
        """The reverse; KeyError, TypeError or ValueError if it is something else."""
        counts = told["counts"]
        return cls(
            outcome=Outcome[told["outcome"]],
            fmax=None if told["fmax"] is None else float(told["fmax"]),
            counts=None if counts is None else CellCounts(**counts),
            reason=str(told["reason"]),
            seconds=float(told["seconds"]),
        )
