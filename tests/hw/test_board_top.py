"""The accelerator between a board's pins: what is known before anything is simulated."""

import re
from fractions import Fraction

import pytest

from hw.accelerator_config import AcceleratorConfig
from hw.board_top import BoardTop, baud_divisor
from hw.config import EngineConfig
from hw.emit import emit_verilog
from hw.pll_kind import PllKind

CONFIG = AcceleratorConfig(
    EngineConfig(rows=1, cols=1, depth=4),
    activation_bytes=8,
    weight_words=2,
    parameter_words=2,
    program_words=32,
)


def top(**options):
    given = {"pll": PllKind.NONE, "clock": 12, "frequency": 12, "baud": 1_000_000} | options
    return BoardTop(CONFIG, **given)


@pytest.mark.parametrize(
    ("mhz", "baud", "divisor"),
    [(12, 1_000_000, 12), (100, 115200, 868), (Fraction(135, 8), 10**6, 17)],
)
def test_the_divisor_is_the_nearest(mhz, baud, divisor):
    assert baud_divisor(mhz, baud) == divisor


@pytest.mark.parametrize(
    ("mhz", "baud", "sentence"),
    [
        (27, 2_000_000, "over a whole number, not 2000000: take 1928571$"),
        (12, 100_000_000, "^baud must be within 2 % of 12 MHz .*, not 100000000: take 3000000$"),
    ],
)
def test_a_speed_that_the_clock_cannot_make_is_told(mhz, baud, sentence):
    with pytest.raises(ValueError, match=sentence):
        baud_divisor(mhz, baud)


@pytest.mark.long
def test_its_ports_are_pins_and_no_clock_or_reset_is_among_them():
    board = top(pll=PllKind.ICE40, frequency=24, light_on=0, ties={"boot": 1})
    assert (board.frequency, board.divisor) == (24, 24)
    text = emit_verilog(board, "board")
    ports = re.search(r"module board\((.*?)\);", text)[1].split(", ")
    assert sorted(ports) == ["i_clk", "i_rx", "o_boot", "o_light", "o_tx"]
    assert "assign o_boot = 1'h1;" in text
    assert re.search(r"accelerator \(\n    \.clk\((\w+)\),.*?\.rst\(o_reset\)", text, re.DOTALL)
    assert re.search(r"assign o_light = ~ ", text)


def test_a_board_without_a_light_has_no_port_for_it():
    assert not hasattr(top(light=False), "o_light")
