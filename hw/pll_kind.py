"""What a clock is made with."""

from enum import Enum

__all__ = ["PllKind"]


class PllKind(Enum):
    """The phase-locked loop between a board's oscillator and the design."""

    NONE = "none"
    """No loop: the oscillator's clock is the design's, by any tool."""

    ECP5 = "ecp5"
    """Lattice's EHXPLLL."""

    ICE40 = "ice40"
    """Lattice's SB_PLL40_PAD, which takes the pin itself."""

    GOWIN = "gowin"
    """Gowin's rPLL."""

    XC7 = "xc7"
    """Xilinx' PLLE2_BASE, with a clock buffer behind it."""
