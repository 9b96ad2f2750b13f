"""Synthesis by Yosys: a component to a netlist of a family's cells, and what it holds."""

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flow.errors import UserError
from flow.memory_registers import DISTINCT_ADDRESSES, absorb_registers
from flow.parts import Family
from hw.emit import emit_rtlil
from hw.yosys import run_yosys

__all__ = ["CellCounts", "Netlist", "count_cells", "synthesize"]

# A Gowin part has an enable and a reset for two flip-flops, and each of these only behind its own
# look-up table, in place of which it stands if it has none. So enables that few share, and the
# multiplexers between tables, cost places: tables in front do the same.
_FEW = 9
_CLOCKED = (
    "$_DFF_?_ 0",
    "$_DFFE_?P_ 0",
    "$_SDFF_?P?_ r",
    "$_SDFFE_?P?P_ r",
    "$_DFF_?P?_ r",
    "$_DFFE_?P?P_ r",
)
_WITHOUT_FEW = " ".join(
    (f"dfflegalize -mince {_FEW} -minsrst {_FEW}", *(f"-cell {kind}" for kind in _CLOCKED))
)

# Yosys 0.70 loses a product that has two registers behind it: it puts both into SB_MAC16, and then
# nothing drives what reads the second one. It does not take it if what the first one holds is kept.
_KEEP_PRODUCTS = (
    "setattr -set keep 1 t:$mul %co:+[Y] t:$mul %d %co:+[D] t:$*dff* %i %co:+[Q] w:* %i"
)

# Yosys keeps one of equal registers, though each drives a net that is to be kept: the registers
# themselves have to be. They are copies for places that are far apart.
_KEEP_COPIES = ("proc", "setattr -set keep 1 a:keep w:* %i %ci t:$*dff* %i")

# Of a net that is to be kept, Yosys 0.70 loses the bits that begin as 1 for an iCE40, whose
# registers begin as 0: whatever reads them is driven by nothing. So none is kept there.
_KEEP_NOTHING = "setattr -unset keep w:*"

_SYNTHESIS: Mapping[Family, tuple[str, ...]] = {
    Family.ECP5: (*_KEEP_COPIES, "synth_ecp5 -abc9"),
    Family.ICE40: (
        _KEEP_NOTHING,
        "synth_ice40 -abc9 -device u -dsp -spram -run begin:coarse",
        "opt_clean",
        _KEEP_PRODUCTS,
        "synth_ice40 -abc9 -device u -dsp -spram -run coarse:",
    ),
    Family.GOWIN: (
        "synth_gowin -nowidelut -run begin:map_ffs",
        _WITHOUT_FEW,
        "opt_clean",
        "synth_gowin -nowidelut -run map_ffs:",
    ),
    Family.XC7: ("synth_xilinx -family xc7 -flatten -noiopad",),
}

# ABC9 names bit 3 of a net `x` as Amaranth names element 3 of an array `x`: Yosys 0.70 then takes
# one net for the other, and stops at an assertion.
_DISTINCT_NAMES = "rename -hide w:*[[]*"

# Yosys 0.70 puts the adder behind an SB_MAC16 that stands in the design into it, in whatever mode
# that is: with another name it leaves such a block alone.
_BEFORE = {
    Family.ICE40: (
        "read_verilog -lib +/ice40/cells_sim.v",
        "rename SB_MAC16 KEPT_MAC16",
        "chtype -set KEPT_MAC16 t:SB_MAC16",
    )
}
_AFTER = {Family.ICE40: ("chtype -set SB_MAC16 t:KEPT_MAC16",)}

# What a cell counts for, in look-up tables: a carry cell of the ECP5 is made of two of them.
_LUTS: Mapping[Family, Mapping[str, int]] = {
    Family.ECP5: {"LUT4": 1, "CCU2C": 2},
    Family.ICE40: {"SB_LUT4": 1},
    Family.GOWIN: {"LUT1": 1, "LUT2": 1, "LUT3": 1, "LUT4": 1, "ALU": 1},
    Family.XC7: {f"LUT{n}": 1 for n in range(1, 7)},
}
_OTHERS = {
    Family.ECP5: ("TRELLIS_FF", "MULT18X18D", "DP16KD", "TRELLIS_DPR16X4"),
    Family.ICE40: ("SB_DFF.*", "SB_MAC16", "SB_RAM.*", "-", "SB_SPRAM.*"),
    Family.GOWIN: ("DFF.*", "MULT.*", "(?:SDP|DP|SP)B?X?9?B?", "RAM16.*"),
    Family.XC7: ("FD[RSCP]E", "DSP48E1", "RAMB.*", "RAM(?:16|32|64|128).*"),
}


@dataclass(frozen=True)
class CellCounts:
    """What a netlist takes of a part.

    Parameters
    ----------
    luts : int
        Look-up tables; on an ECP5 LUT4 + 2 CCU2C.
    flip_flops : int
        Those outside of other blocks.
    multipliers : int
    memories : int
        Block memories.
    lut_memories : int
        Cells of memory made of look-up tables, which `luts` does not count.
    large_memories : int
        Those beside the block memories, which an iCE40UP5K has.
    """

    luts: int
    flip_flops: int
    multipliers: int
    memories: int
    lut_memories: int
    large_memories: int = 0


@dataclass(frozen=True)
class Netlist:
    """A netlist in the JSON format of Yosys."""

    path: Path
    top: str
    family: Family
    cells: Mapping[str, int]
    """How many there are of each type."""

    @property
    def counts(self) -> CellCounts:
        """What it takes of a part."""
        return count_cells(self.cells, self.family)


def count_cells(cells: Mapping[str, int], family: Family) -> CellCounts:
    """Sum up cells by what they are made of."""

    def matching(pattern: str) -> int:
        return sum(count for kind, count in cells.items() if re.fullmatch(pattern, kind))

    luts = sum(cells.get(kind, 0) * worth for kind, worth in _LUTS[family].items())
    return CellCounts(luts, *(matching(pattern) for pattern in _OTHERS[family]))


def synthesize(
    component: Any,
    top: str,
    family: Family,
    folder: Path,
    *,
    yosys: Callable[..., str] = run_yosys,
) -> Netlist:
    """Synthesize a component and leave `top.json` in `folder`.

    Parameters
    ----------
    component : wiring.Component
        What is synthesized.
    top : str
        Name of its module.
    family : Family
        Whose cells it becomes.
    folder : Path
        Made if it is not there.
    yosys : callable
        Runs Yosys' commands.

    Raises
    ------
    UserError
        Yosys fails, or leaves no netlist: it may end well and have done nothing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    source, target = folder / f"{top}.il", folder / f"{top}.json"
    steps = _SYNTHESIS[family]
    source.write_text(emit_rtlil(component, top), encoding="utf-8")
    target.unlink(missing_ok=True)
    try:
        yosys(
            f"read_rtlil {source}",
            _DISTINCT_NAMES,
            DISTINCT_ADDRESSES,
            *_BEFORE.get(family, ()),
            *(f"{step} -top {top}" if step.startswith("synth_") else step for step in steps),
            *_AFTER.get(family, ()),
            f"write_json {target}",
        )
    except RuntimeError as error:
        raise UserError(f"{top} cannot be synthesized for {family.value}: {error}") from error
    return Netlist(target, top, family, _cells(target, top))


def _cells(path: Path, top: str) -> Mapping[str, int]:
    """Finish a netlist, and count its cells."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        cells = document["modules"][top]["cells"]
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"yosys must leave a netlist of {top} in {path}, and did not") from error
    if not cells:
        raise UserError(f"the netlist of {top} in {path} must hold cells, and holds none")
    if absorb_registers(document["modules"][top]):
        path.write_text(json.dumps(document), encoding="utf-8")
    return Counter(cell["type"] for cell in cells.values())
