"""What area and Fmax are measured of."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from amaranth.hdl import signed

from golden.scheme import Scheme
from hw.accelerator_axi import AcceleratorAxi
from hw.accelerator_config import AcceleratorConfig
from hw.accelerator_uart import AcceleratorUart
from hw.config import EngineConfig
from hw.multiplier import Multiplier
from hw.multiplier_kind import MultiplierKind
from hw.processing_element import ProcessingElement
from hw.requantizer import Requantizer
from hw.systolic_array import SystolicArray

__all__ = ["ACCELERATORS", "DESIGNS", "Design"]


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
    dsp_rows, dsp_cols : int, optional
        Those that multiply with DSP blocks.
    """

    name: str
    build: Callable[[MultiplierKind], Any]
    frequency: float
    rows: int = 0
    cols: int = 0
    dsp_rows: int | None = None
    dsp_cols: int | None = None

    def config(self, kind: MultiplierKind) -> EngineConfig | None:
        """The configuration of an array, whose multipliers have places."""
        if not self.rows:
            return None
        sizes = {name: getattr(self, name) for name in ("rows", "cols", "dsp_rows", "dsp_cols")}
        return EngineConfig(**sizes, multiplier=kind)


def _array(rows: int, cols: int, frequency: float, **blocks: int) -> Design:
    def build(kind: MultiplierKind) -> SystolicArray:
        return SystolicArray(EngineConfig(rows=rows, cols=cols, multiplier=kind, **blocks))

    return Design(f"array {rows} x {cols}", build, frequency, rows, cols, **blocks)


def _lane(name: str, *schemes: Scheme) -> Design:
    return Design(
        f"requantizer, {name}",
        lambda kind: Requantizer(schemes=schemes, multiplier_kind=kind.for_wide),
        280,
    )


DESIGNS = (
    Design(
        "multiplier of look-up tables",
        lambda kind: Multiplier(signed(8), signed(8), kind=kind.tables),
        250,
    ),
    Design(
        "element, four rows",
        lambda kind: ProcessingElement(EngineConfig(multiplier=kind), above=4),
        320,
    ),
    _array(8, 8, 320),
    _array(12, 12, 300),
    # As many of its elements as an LFE5U-85F has blocks, in columns of three.
    _array(16, 16, 200, dsp_rows=12, dsp_cols=13),
    _lane("float32", Scheme.FLOAT32),
    _lane("three modes", Scheme.FLOAT32, Scheme.FIXED, Scheme.SHIFT),
)
"""The components."""


def _accelerator(name: str, make: Callable[[AcceleratorConfig], Any]) -> Design:
    def build(kind: MultiplierKind) -> Any:
        return make(AcceleratorConfig(engine=EngineConfig(rows=8, cols=8, multiplier=kind)))

    return Design(f"accelerator 8 x 8, {name}", build, 200, rows=8, cols=8)


ACCELERATORS = (
    _accelerator("UART", lambda config: AcceleratorUart(config, divisor=16)),
    _accelerator("AXI", AcceleratorAxi),
)
"""Whole accelerators, with the default memories and a link."""
