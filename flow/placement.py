"""Places for the multipliers of an array among a part's DSP blocks.

A column of the array is one column of blocks, or several side by side: so the sums of a column
go straight down, and what passes right goes to the next block.
"""

import json
import re
from collections.abc import Mapping

from flow.errors import UserError
from flow.parts import Part
from flow.synthesis import Netlist
from hw.config import EngineConfig
from hw.multiplier_kind import MultiplierKind

__all__ = ["array_places", "place_multipliers"]

_CELL = re.compile(r"(?:^|\.)element_(\d+)_(\d+)\.multiplier(\d+)\.primitive$")


def array_places(
    config: EngineConfig, part: Part, *, first: int | None = None
) -> Mapping[tuple[int, int], str] | None:
    """Return the place (BEL) of the multiplier of each row and column of an array.

    None where nothing is known to be good: the multipliers are no primitives, the part's DSP blocks
    are unknown or too few, or rows have a swap each, which is more clock enables than a block has.

    Parameters
    ----------
    config : EngineConfig
        Of the array.
    part : Part
        What it goes into.
    first : int
        Column of blocks that the array begins with; in the middle of the part if not given.
    """
    grid = part.dsp_grid
    if config.multiplier is not MultiplierKind.ECP5 or grid is None or config.group == 1:
        return None
    size = len(grid.offsets)
    rows, cols = config.dsp_size
    blocks = -(-rows // size)
    beside = -(-blocks // len(grid.y))
    spare = len(grid.x) - beside * cols
    if first is None:
        # With one column to spare, nextpnr did better from the edge.
        first = (spare + 1) // 2 if spare > 1 else 0
    if first > spare:
        return None
    places = {}
    for row in range(rows):
        block, slot = divmod(row, size)
        across, down = divmod(block, len(grid.y))
        offset = grid.offsets[slot]
        for col in range(cols):
            x = grid.x[first + beside * col + across]
            places[row, col] = grid.site(x, grid.y[down], offset)
    return places


def place_multipliers(
    netlist: Netlist, config: EngineConfig, places: Mapping[tuple[int, int], str]
) -> None:
    """Write the places into the netlist's file, as attributes that nextpnr obeys.

    Raises
    ------
    UserError
        The netlist does not hold exactly the multipliers that have places.
    """
    document = json.loads(netlist.path.read_text(encoding="utf-8"))
    found = set()
    for name, cell in document["modules"][netlist.top]["cells"].items():
        match = _CELL.search(name)
        if match is None or cell["type"] != "MULT18X18D":
            continue
        group, col, row = map(int, match.groups())
        row += group * config.group
        found.add((row, col))
        if (row, col) in places:
            cell["attributes"]["BEL"] = places[row, col]
    if found != places.keys():
        rows, cols = config.dsp_size
        raise UserError(
            f"{netlist.path} must hold the multipliers of {rows} x {cols} elements, "
            f"not {len(found)} of them"
        )
    netlist.path.write_text(json.dumps(document), encoding="utf-8")
