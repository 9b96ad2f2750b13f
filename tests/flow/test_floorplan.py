"""Places of what is around an array: legal, each once, near whom they serve."""

import json
import re

import pytest

from flow.floorplan import place_around, place_blocks
from flow.parts import PARTS, Family, find_part
from flow.placement import array_places
from flow.synthesis import Netlist
from hw.config import EngineConfig
from hw.multiplier_kind import MultiplierKind

ECP5 = ["LFE5U-12F", "LFE5U-25F", "LFE5U-45F", "LFE5U-85F"]
SITE = re.compile(r"X(\d+)/Y(\d+)/(EBR|MULT18_)(\d)")


def array(rows, cols):
    return EngineConfig(rows=rows, cols=cols, multiplier=MultiplierKind.ECP5)


def names(cols, *, banks=1, weights=0, activations=0, lanes=0):
    """Cells as Yosys names them, of each kind."""
    engine = "dut.core.datapath.engine"
    lane = f"{engine}.lanes.lane_{{}}.requantizer.wide_multiplier.{{}}.primitive"
    return {
        "DP16KD": [
            "dut.core.program_memory.words.0.0",
            "dut.link.link.buffer.0.0",
            *(f"{engine}.bank_{col}.words.0.{n}" for col in range(cols) for n in range(banks)),
            *(f"dut.core.weight_memory.words.0.{n}" for n in range(weights)),
            *(f"dut.core.activation_memory.bank_{n}.0.0" for n in range(activations)),
        ],
        "MULT18X18D": [
            "dut.core.datapath.activations.window.primitive",
            *(lane.format(n, limb) for n in range(lanes) for limb in ("high", "low", "a", "b")),
        ],
    }


def placed(tmp_path, config, part, cells):
    """The places of cells, by their names."""
    path = tmp_path / "dut.json"
    module = {
        "cells": {
            name: {"type": kind, "attributes": {}}
            for kind, names in cells.items()
            for name in names
        }
    }
    path.write_text(json.dumps({"modules": {"dut": module}}))
    places = array_places(config, part)
    count = place_around(Netlist(path, "dut", Family.ECP5, {}), config, places, part)
    cells = json.loads(path.read_text())["modules"]["dut"]["cells"]
    found = {n: c["attributes"]["BEL"] for n, c in cells.items() if c["attributes"]}
    assert len(found) == count
    assert not set(found.values()) & set(places.values())
    return found


@pytest.mark.parametrize("part", ECP5)
@pytest.mark.parametrize(("rows", "cols"), [(1, 1), (4, 4), (8, 8), (12, 12)])
def test_every_place_is_legal_and_taken_once(tmp_path, part, rows, cols):
    part = PARTS[part]
    config = array(rows, cols)
    if array_places(config, part) is None:
        return
    found = placed(tmp_path, config, part, names(cols, weights=40, activations=32, lanes=cols))
    assert len(set(found.values())) == len(found)
    for place in found.values():
        x, y, kind, number = SITE.fullmatch(place).groups()
        grid = part.memory_grid if kind == "EBR" else part.dsp_grid
        offset = grid.offsets[int(number)] if kind == "EBR" else int(number)
        assert int(x) - offset in grid.x
        assert int(y) in grid.y
        assert offset in grid.offsets


def test_what_belongs_to_a_column_is_at_its_end(tmp_path):
    found = placed(tmp_path, array(8, 8), find_part("LFE5U-85F"), names(8, weights=32, lanes=8))
    engine = "dut.core.datapath.engine"
    for col, x in enumerate((31, 40, 49, 58, 69, 78, 87, 96)):
        assert SITE.fullmatch(found[f"{engine}.bank_{col}.words.0.0"])[1] == str(x + 2)
        lane = f"{engine}.lanes.lane_{col}.requantizer.wide_multiplier"
        assert found[f"{lane}.a.primitive"] == f"X{x}/Y58/MULT18_0"
        weights = {found[f"dut.core.weight_memory.words.0.{4 * col + n}"] for n in range(4)}
        assert weights == {f"X{x + 2 * n}/Y22/EBR{n}" for n in range(4)}


def test_activations_are_where_they_enter(tmp_path):
    found = placed(tmp_path, array(8, 8), find_part("LFE5U-85F"), names(8, activations=8))
    bytes_ = [place for name, place in found.items() if "activation_memory" in name]
    assert all(18 <= int(SITE.fullmatch(place)[1]) <= 49 for place in bytes_)
    assert {int(SITE.fullmatch(place)[2]) for place in bytes_} == {46}


def test_the_program_is_beside_the_array_and_what_the_host_sends_below_it(tmp_path):
    found = placed(tmp_path, array(8, 8), find_part("LFE5U-85F"), names(8, banks=1, weights=32))
    assert found["dut.core.program_memory.words.0.0"].startswith("X28/Y22/")
    assert found["dut.link.link.buffer.0.0"].startswith("X73/Y46/")


def test_the_multiplier_of_addresses_is_beside_the_array(tmp_path):
    found = placed(tmp_path, array(8, 8), find_part("LFE5U-85F"), names(8, lanes=8))
    assert found["dut.core.datapath.activations.window.primitive"].startswith("X22/Y34/")


def test_what_there_is_no_room_for_is_left_to_nextpnr(tmp_path):
    part = find_part("LFE5U-25F")
    found = placed(tmp_path, array(4, 4), part, names(4, weights=60, lanes=4))
    memories = [place for place in found.values() if "EBR" in place]
    assert len(memories) == part.memories
    assert len(found) - len(memories) == part.multipliers - 16


def test_other_parts_have_no_places(tmp_path):
    path = tmp_path / "dut.json"
    netlist = Netlist(path, "dut", Family.ICE40, {})
    assert place_around(netlist, array(4, 4), {}, find_part("iCE40UP5K")) == 0
    assert not path.exists()


def test_an_array_and_what_is_around_it_get_places_together(tmp_path):
    path, part = tmp_path / "dut.json", find_part("LFE5U-25F")
    elements = [
        f"dut.element_0_{col}.multiplier{row}.primitive" for col in range(2) for row in range(4)
    ]
    cells = {name: {"type": "MULT18X18D", "attributes": {}} for name in elements}
    cells["dut.engine.bank_1.words.0.0"] = {"type": "DP16KD", "attributes": {}}
    path.write_text(json.dumps({"modules": {"dut": {"cells": cells}}}))
    netlist = Netlist(path, "dut", Family.ECP5, {})

    place_blocks(netlist, EngineConfig(rows=4, cols=2), part)
    assert "BEL" not in path.read_text()
    place_blocks(netlist, array(4, 2), part)
    placed_cells = json.loads(path.read_text())["modules"]["dut"]["cells"]
    assert all("BEL" in cell["attributes"] for cell in placed_cells.values())
