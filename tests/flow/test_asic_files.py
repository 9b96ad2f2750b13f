import json
import re
from types import SimpleNamespace

import pytest

from flow.asic_files import librelane, tinytapeout
from flow.errors import UserError
from hw.tinytapeout import TinyTapeout


def result(area, top="tt_um_lastbit"):
    return SimpleNamespace(netlist=SimpleNamespace(top=top, total=SimpleNamespace(area=area)))


@pytest.mark.parametrize(
    ("area", "tiles", "filled"),
    [(1000, "1x1", 3), (18_790, "1x1", 60), (18_800, "1x2", 30), (199_188, "6x2", 49)],
)
def test_a_tinytapeout_project_takes_the_fewest_tiles_that_leave_room(area, tiles, filled):
    text = tinytapeout(result(area), 20)
    assert f'tiles: "{tiles}"\n' in text
    assert f"Cells fill {filled} % of" in text


def test_the_description_has_the_top_the_clock_and_every_pin():
    text = tinytapeout(result(1000), 20)
    assert 'top_module:  "tt_um_lastbit"\n' in text
    assert '- "tt_um_lastbit.v"\n' in text
    assert "clock_hz:     50000000 " in text
    assert not re.search(r"[{}]", text)
    pins = re.findall(r'^  (u\w+)\[(\d)\]: "(\w+)', text, re.MULTILINE)
    assert [(port, int(bit)) for port, bit, _ in pins] == [
        (port, bit) for port in ("ui", "uo", "uio") for bit in range(8)
    ]
    outputs = sum(1 << int(bit) for port, bit, word in pins if port == "uio" and word == "out")
    assert outputs == TinyTapeout.DIRECTIONS


def test_what_no_project_has_room_for_is_refused():
    with pytest.raises(
        UserError, match="a TinyTapeout project of 8x2 tiles has no room for 400000"
    ):
        tinytapeout(result(400_000), 20)


def test_librelane_is_told_the_clock_and_the_constraints():
    settings = json.loads(librelane(result(1000, "top"), 4.0))
    assert settings["CLOCK_PERIOD"] == 4.0
    assert settings["CLOCK_PORT"] == "clk"
    assert settings["VERILOG_FILES"] == "dir::top.v"
    assert settings["PNR_SDC_FILE"] == settings["SIGNOFF_SDC_FILE"] == "dir::top.sdc"
