"""The FPGAs that are synthesized for: what each holds, and where its DSP blocks are.

Numbers of the ECP5 are those of Project Trellis' database, which nextpnr places by; the others
those of their data sheets.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import Enum

from flow.errors import UserError

__all__ = ["PARTS", "DspGrid", "Family", "Part", "find_part"]


class Family(Enum):
    """FPGAs that one flow of tools is for."""

    ECP5 = "ecp5"
    ICE40 = "ice40"
    GOWIN = "gowin"
    XC7 = "xc7"


@dataclass(frozen=True)
class DspGrid:
    """Where blocks of four 18-bit multipliers stand: every row of `y` has one at every `x`.

    Parameters
    ----------
    x, y : tuple of int
        Tile of a block's first multiplier.
    offsets : tuple of int
        Tiles from there to each of its multipliers, which are numbered by them.
    """

    x: tuple[int, ...]
    y: tuple[int, ...]
    offsets: tuple[int, ...] = (0, 1, 4, 5)

    def site(self, x: int, y: int, offset: int) -> str:
        """Name of the place (BEL) of a multiplier of the block at a tile."""
        return f"X{x + offset}/Y{y}/MULT18_{offset}"


@dataclass(frozen=True)
class MemoryGrid:
    """Where block memories stand: every row of `y` has them at every `x`.

    Parameters
    ----------
    x, y : tuple of int
        Tile of the first one of a few neighbours.
    offsets : tuple of int
        Tiles from there to each of them.
    """

    x: tuple[int, ...]
    y: tuple[int, ...]
    offsets: tuple[int, ...] = (0, 2, 4, 6)


@dataclass(frozen=True)
class Part:
    """An FPGA.

    Parameters
    ----------
    name : str
        As tools know it.
    family : Family
    luts : int
        Look-up tables: of four inputs, of six in an xc7.
    flip_flops : int
    multipliers : int
        Of 18 bits (ECP5), 16 (iCE40), 9 (Gowin), 25 by 18 (xc7).
    memories : int
        Block memories of `memory_bits` each.
    memory_bits : int
    packages : tuple of str
    speeds : tuple of str
        Speed grades, the slowest first; none where there is only one.
    dsp_grid : DspGrid, optional
    memory_grid : MemoryGrid, optional
    large_memories : int
        Single-port memories beside them, of 256 kbit each.
    """

    name: str
    family: Family
    luts: int
    flip_flops: int
    multipliers: int
    memories: int
    memory_bits: int
    packages: tuple[str, ...] = ()
    speeds: tuple[str, ...] = ()
    dsp_grid: DspGrid | None = field(default=None, repr=False)
    memory_grid: MemoryGrid | None = field(default=None, repr=False)
    large_memories: int = 0


_ECP5_SPEEDS = ("6", "7", "8")
_SMALL = ("CABGA256", "CABGA381", "CSFBGA285")
_GRID_25 = DspGrid(x=(4, 13, 22, 33, 42, 51, 60), y=(13,))
_GRID_45 = DspGrid(x=(4, 13, 22, 31, 42, 51, 60, 69, 78), y=(22, 46))
_GRID_85 = DspGrid(x=(4, 13, 22, 31, 40, 49, 58, 69, 78, 87, 96, 105, 114), y=(10, 34, 58))
_MEMORIES_25 = MemoryGrid(x=_GRID_25.x, y=(25, 37))
_MEMORIES_45 = MemoryGrid(x=_GRID_45.x, y=(10, 34, 58))
_MEMORIES_85 = MemoryGrid(x=_GRID_85.x, y=(22, 46, 70, 82))

_LISTED = (
    # The 12F is a 25F of which the vendor's tools use half.
    *(
        Part(
            name,
            Family.ECP5,
            luts,
            luts,
            multipliers,
            memories,
            18432,
            packages,
            _ECP5_SPEEDS,
            grid,
            memory_grid,
        )
        for name, luts, multipliers, memories, packages, grid, memory_grid in (
            ("LFE5U-12F", 24288, 28, 56, _SMALL, _GRID_25, _MEMORIES_25),
            ("LFE5U-25F", 24288, 28, 56, _SMALL, _GRID_25, _MEMORIES_25),
            (
                "LFE5U-45F",
                43848,
                72,
                108,
                ("CABGA256", "CABGA381", "CABGA554", "CSFBGA285"),
                _GRID_45,
                _MEMORIES_45,
            ),
            (
                "LFE5U-85F",
                83640,
                156,
                208,
                ("CABGA381", "CABGA554", "CABGA756", "CSFBGA285"),
                _GRID_85,
                _MEMORIES_85,
            ),
        )
    ),
    Part("iCE40UP5K", Family.ICE40, 5280, 5280, 8, 30, 4096, ("SG48", "UWG30"), large_memories=4),
    Part("GW1NR-9", Family.GOWIN, 8640, 6480, 40, 26, 18432, ("QN88P", "QN88")),
    Part("xc7a35t", Family.XC7, 20800, 41600, 90, 50, 36864, ("CSG324", "CPG236"), ("1", "2", "3")),
    Part("xc7z020", Family.XC7, 53200, 106400, 220, 140, 36864, ("CLG400",), ("1", "2", "3")),
)

PARTS: Mapping[str, Part] = {part.name: part for part in _LISTED}
"""Every part by its name."""


def find_part(name: str) -> Part:
    """Return the part of that name, in either case.

    Raises
    ------
    UserError
        There is none.
    """
    by_lower = {part.name.lower(): part for part in _LISTED}
    if name.lower() in by_lower:
        return by_lower[name.lower()]
    close = get_close_matches(name.lower(), by_lower, n=1, cutoff=0.4)
    hint = f"; did you mean {by_lower[close[0]].name}?" if close else ""
    raise UserError(f"part must be one of {', '.join(PARTS)}, not {name!r}{hint}")
