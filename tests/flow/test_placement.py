"""Places of an array's multipliers: legal, each once, and where they should be."""

import json

import pytest

from flow.errors import UserError
from flow.parts import PARTS, Family, find_part
from flow.placement import array_places, place_multipliers
from flow.synthesis import Netlist
from hw.config import EngineConfig
from hw.multiplier_kind import MultiplierKind


def config(rows, cols, **options):
    return EngineConfig(rows=rows, cols=cols, multiplier=MultiplierKind.ECP5, **options)


@pytest.mark.parametrize("part", ["LFE5U-12F", "LFE5U-25F", "LFE5U-45F", "LFE5U-85F"])
@pytest.mark.parametrize("rows", [2, 4, 6, 8, 12, 16])
def test_every_array_that_fits_has_legal_places_each_once(part, rows):
    grid = PARTS[part].dsp_grid
    legal = {f"X{x + z}/Y{y}/MULT18_{z}" for x in grid.x for y in grid.y for z in grid.offsets}
    for cols in range(1, 65):
        places = array_places(config(rows, cols), PARTS[part])
        blocks = -(-rows // 4)
        if places is None:
            assert cols * -(-blocks // len(grid.y)) > len(grid.x)
            break
        assert len(set(places.values())) == len(places) == rows * cols
        assert set(places.values()) <= legal


def test_a_column_of_the_array_is_one_of_the_part():
    places = array_places(config(12, 12), find_part("LFE5U-85F"), first=1)
    assert [places[row, 0] for row in (0, 3, 4, 11)] == [
        "X13/Y10/MULT18_0", "X18/Y10/MULT18_5", "X13/Y34/MULT18_0", "X18/Y58/MULT18_5",
    ]  # fmt: skip
    assert places[0, 11] == "X114/Y10/MULT18_0"


def test_only_what_multiplies_with_a_block_has_a_place():
    places = array_places(config(16, 16, dsp_rows=12, dsp_cols=13), find_part("LFE5U-85F"))
    assert places.keys() == {(row, col) for row in range(12) for col in range(13)}
    assert len(set(places.values())) == find_part("LFE5U-85F").multipliers


@pytest.mark.parametrize(("cols", "x"), [(13, 4), (12, 4), (11, 13), (8, 31), (1, 58)])
def test_an_array_stands_in_the_middle(cols, x):
    places = array_places(config(8, cols), find_part("LFE5U-85F"))
    assert places[0, 0] == f"X{x}/Y10/MULT18_0"


@pytest.mark.parametrize(
    ("engine", "part"),
    [
        (EngineConfig(rows=8, cols=8), "LFE5U-85F"),
        (config(8, 8, group=1), "LFE5U-85F"),
        (config(8, 8), "iCE40UP5K"),
        (config(16, 16), "LFE5U-85F"),
        (config(8, 4), "LFE5U-25F"),
    ],
)
def test_none_where_none_is_known(engine, part):
    assert array_places(engine, find_part(part)) is None


@pytest.fixture
def netlist(tmp_path):
    cells = {
        f"dut.element_{g}_{c}.multiplier{r}.primitive": {"type": "MULT18X18D", "attributes": {}}
        for g in range(2) for c in range(2) for r in range(4)
    }  # fmt: skip
    cells["lane.high.primitive"] = {"type": "MULT18X18D", "attributes": {}}
    path = tmp_path / "dut.json"
    path.write_text(json.dumps({"modules": {"dut": {"cells": cells}}}))
    return Netlist(path, "dut", Family.ECP5, {})


def test_places_are_written_into_the_netlist(netlist):
    places = array_places(config(8, 2), find_part("LFE5U-85F"))
    place_multipliers(netlist, config(8, 2), places)
    cells = json.loads(netlist.path.read_text())["modules"]["dut"]["cells"]
    assert cells["dut.element_1_0.multiplier2.primitive"]["attributes"]["BEL"] == places[6, 0]
    assert not cells["lane.high.primitive"]["attributes"]


def test_another_array_is_told(netlist):
    places = array_places(config(8, 3), find_part("LFE5U-85F"))
    with pytest.raises(UserError, match="must hold the multipliers of 8 x 3 elements, not 16 of"):
        place_multipliers(netlist, config(8, 3), places)
