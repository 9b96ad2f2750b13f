import pytest

from flow.errors import UserError
from flow.parts import PARTS, Family, find_part


@pytest.mark.parametrize("name", ["LFE5U-85F", "lfe5u-85f"])
def test_a_part_by_its_name(name):
    part = find_part(name)
    assert (part.family, part.multipliers, part.luts) == (Family.ECP5, 156, 83640)


@pytest.mark.parametrize("part", [p for p in PARTS.values() if p.dsp_grid], ids=lambda p: p.name)
def test_the_grid_holds_every_multiplier(part):
    grid = part.dsp_grid
    assert len(grid.x) * len(grid.y) * len(grid.offsets) == part.multipliers


@pytest.mark.parametrize("part", [p for p in PARTS.values() if p.dsp_grid], ids=lambda p: p.name)
def test_the_grid_holds_every_memory(part):
    grid = part.memory_grid
    assert len(grid.x) * len(grid.y) * len(grid.offsets) == part.memories


def test_an_unknown_part_is_told():
    sentence = "^part must be one of LFE5U-12F, .*, not 'LFE5U-85'; did you mean LFE5U-85F[?]$"
    with pytest.raises(UserError, match=sentence):
        find_part("LFE5U-85")
