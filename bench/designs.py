"""What area and Fmax are measured of."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from golden.scheme import Scheme
from hw.config import EngineConfig
from hw.multiplier_kind import MultiplierKind
from hw.processing_element import ProcessingElement
from hw.requantizer import Requantizer
from hw.systolic_array import SystolicArray

__all__ = ["DESIGNS", "Design"]


@dataclass(frozen=True)
class Design:
    """A component to measure.

    Parameters
    ----------
    name : str
    build : callable
        Makes it, with multipliers of a kind.
    frequency : float
        What place and route aims at, in MHz: a little more than it reaches.
    rows, cols : int
        Elements of an array; 0 if it is none.
    """

    name: str
    build: Callable[[MultiplierKind], Any]
    frequency: float
    rows: int = 0
    cols: int = 0

    def config(self, kind: MultiplierKind) -> EngineConfig | None:
        """The configuration of an array, whose multipliers have places."""
        if not self.rows:
            return None
        return EngineConfig(rows=self.rows, cols=self.cols, multiplier=kind)


def _array(rows: int, cols: int, frequency: float) -> Design:
    return Design(
        f"array {rows} x {cols}",
        lambda kind: SystolicArray(EngineConfig(rows=rows, cols=cols, multiplier=kind)),
        frequency,
        rows,
        cols,
    )


def _lane(name: str, *schemes: Scheme) -> Design:
    return Design(
        f"requantizer, {name}",
        lambda kind: Requantizer(schemes=schemes, multiplier_kind=kind),
        280,
    )


DESIGNS = (
    Design(
        "element, four rows",
        lambda kind: ProcessingElement(EngineConfig(multiplier=kind), above=4),
        320,
    ),
    _array(8, 8, 320),
    _array(12, 12, 300),
    _lane("float32", Scheme.FLOAT32),
    _lane("three modes", Scheme.FLOAT32, Scheme.FIXED, Scheme.SHIFT),
)
"""All of them."""
