"""Places for the blocks around an array that has places: its memories and its requantizers.

nextpnr places block memories worst, far from each other and from whom they serve. Here each stands
as near as there is room to a place that follows from the array's: what belongs to a column, below
it; its weights, between its rows; activations and the multiplier of their addresses, where they
enter; a program, beside the first column; what the host sends, beside the parameters.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flow.parts import DspGrid, MemoryGrid, Part
from flow.placement import array_places, place_multipliers
from flow.synthesis import Netlist
from hw.config import EngineConfig

__all__ = ["place_around", "place_blocks"]

_PLACE = re.compile(r"X(\d+)/Y(\d+)/")
_MIDDLE = 3  # tiles from the first memory of a few neighbours to their middle
_BELOW = 12  # tiles from a row of DSP blocks to the memories below it

_Site = tuple[int, int, str]


@dataclass(frozen=True)
class _Group:
    """Cells of a name, whose order is that of the numbers in it."""

    kind: str
    name: re.Pattern[str]


_BANKS = _Group("DP16KD", re.compile(r"(?:^|\.)engine\.bank_\d+\."))
_WEIGHTS = _Group("DP16KD", re.compile(r"(?:^|\.)weight_memory\."))
_PARAMETERS = _Group("DP16KD", re.compile(r"(?:^|\.)parameter_memory\."))
_ACTIVATIONS = _Group("DP16KD", re.compile(r"(?:^|\.)activation_memory\."))
_ROWS = _Group("MULT18X18D", re.compile(r"(?:^|\.)activations\.window\.primitive$"))
_PAYLOAD = _Group("DP16KD", re.compile(r"(?:^|\.)link\.buffer\."))
_PROGRAM = _Group("DP16KD", re.compile(r"(?:^|\.)program_memory\."))
_LANES = _Group("MULT18X18D", re.compile(r"(?:^|\.)lane_\d+\.requantizer\..*\.primitive$"))


def place_blocks(netlist: Netlist, config: EngineConfig, part: Part) -> None:
    """Write all places that are known to be good into a netlist: of an array and around it.

    Parameters
    ----------
    netlist : Netlist
        What holds an array.
    config : EngineConfig
        Of the array.
    part : Part
        What it goes into.

    Raises
    ------
    UserError
        The netlist does not hold the array.
    """
    places = array_places(config, part)
    if places is not None:
        place_multipliers(netlist, config, places)
        place_around(netlist, config, places, part)


def place_around(
    netlist: Netlist, config: EngineConfig, places: Mapping[tuple[int, int], str], part: Part
) -> int:
    """Write places into the netlist's file, and return how many; the order is that of urgency.

    Cells beyond what a part has are left to nextpnr, which says so.

    Parameters
    ----------
    netlist : Netlist
        Of what holds the array, for an ECP5.
    config : EngineConfig
        Of the array.
    places : Mapping
        Of the array's multipliers, from `array_places`; they are taken.
    part : Part
        What it goes into.
    """
    if part.memory_grid is None or part.dsp_grid is None:
        return 0
    document = json.loads(netlist.path.read_text(encoding="utf-8"))
    cells = document["modules"][netlist.top]["cells"]
    taken = set(places.values())
    free = {
        "DP16KD": [*_memory_sites(part.memory_grid)],
        "MULT18X18D": [site for site in _multiplier_sites(part.dsp_grid) if site[2] not in taken],
    }
    count = 0
    for group, wanted in _wishes(config, places):
        names = _names(cells, group)
        for number, name in enumerate(names):
            x, y = wanted[number * len(wanted) // len(names)]
            if not free[group.kind]:
                break
            site = min(free[group.kind], key=lambda site: abs(site[0] - x) + abs(site[1] - y))
            free[group.kind].remove(site)
            cells[name]["attributes"]["BEL"] = site[2]
            count += 1
    netlist.path.write_text(json.dumps(document), encoding="utf-8")
    return count


def _wishes(
    config: EngineConfig, places: Mapping[tuple[int, int], str]
) -> Iterator[tuple[_Group, list[tuple[int, int]]]]:
    """Yield the groups and where their cells should be, spread evenly over the tiles named."""
    tiles = {element: _tile(place) for element, place in places.items()}
    top = min(y for _, y in tiles.values())
    bottom = max(y for _, y in tiles.values())
    columns = [tiles[0, col][0] + _MIDDLE for col in range(config.dsp_size[1])]
    yield _BANKS, [(x, bottom + _BELOW) for x in columns]
    yield _LANES, [(x, bottom + 2 * _BELOW) for x in columns]
    yield _WEIGHTS, [(x, (top + bottom) // 2) for x in columns]
    yield _PARAMETERS, [(columns[len(columns) // 2], bottom + _BELOW)]
    yield _ACTIVATIONS, [(columns[0], bottom + _BELOW)]
    yield _ROWS, [(columns[0], bottom)]
    yield _PAYLOAD, [(columns[len(columns) // 2], bottom + _BELOW)]
    yield _PROGRAM, [(columns[0], (top + bottom) // 2)]


def _names(cells: Mapping[str, Any], group: _Group) -> list[str]:
    """The cells of a group, in the order of the numbers in their names."""
    names = [
        name
        for name, cell in cells.items()
        if cell["type"] == group.kind and group.name.search(name)
    ]
    return sorted(names, key=lambda name: ([int(n) for n in re.findall(r"\d+", name)], name))


def _tile(place: str) -> tuple[int, int]:
    match = _PLACE.match(place)
    assert match is not None
    return int(match[1]), int(match[2])


def _memory_sites(grid: MemoryGrid) -> Iterator[_Site]:
    for y in grid.y:
        for x in grid.x:
            for number, offset in enumerate(grid.offsets):
                yield x + offset, y, f"X{x + offset}/Y{y}/EBR{number}"


def _multiplier_sites(grid: DspGrid) -> Iterator[_Site]:
    for y in grid.y:
        for x in grid.x:
            for offset in grid.offsets:
                yield x, y, grid.site(x, y, offset)
