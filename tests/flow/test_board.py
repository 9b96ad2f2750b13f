"""Boards: their files, the sentences about bad ones, and pins that are equal to others' tables."""

import importlib
import re
from dataclasses import replace
from fractions import Fraction

import pytest

from flow.board import Toolchain
from flow.board_catalog import FOLDER, board_names, find_board
from flow.board_options import changed_board
from flow.errors import UserError
from flow.parts import Family
from flow.pin_files import pin_files
from hw.multiplier_kind import MultiplierKind

NAMES = board_names()
ICEBREAKER = (FOLDER / "icebreaker.toml").read_text()

# The module and class of amaranth-boards, and its resources for clock, serial line and light.
CRAB = (("io", "0", "1"), "rgb_led.g")
ORACLES = {
    "ulx3s-85f": ("ulx3s", "ULX3S_85F_Platform", ("uart", "led")),
    "ulx3s-12f": ("ulx3s", "ULX3S_12F_Platform", ("uart", "led")),
    "orangecrab-25f": ("orangecrab_r0_2", "OrangeCrabR0_2_25FPlatform", CRAB),
    "orangecrab-85f": ("orangecrab_r0_2", "OrangeCrabR0_2_85FPlatform", CRAB),
    "icebreaker": ("icebreaker", "ICEBreakerPlatform", ("uart", "led_g")),
    "tang-nano-9k": ("tang_nano_9k", "TangNano9kPlatform", ("uart", "led")),
    "arty-a7-35t": ("arty_a7", "ArtyA7_35Platform", ("uart", "led")),
    "arty-z7-20": ("arty_z7", "ArtyZ720Platform", (("pmod", "1", "2"), "led")),
    "de10-lite": ("de10_lite", "DE10LitePlatform", (("gpio", "1", "2"), "led")),
}  # fmt: skip


def resource(platform, name):
    name, _, part = name.partition(".")
    found = next(r for r in platform.resources if (r.name, r.number) == (name, 0))
    return next(io for io in found.ios if io.name == part) if part else found


def clock(platform):
    found = next(r for r in platform.resources if r.name == platform.default_clk)
    return found.ios[0].names[0], Fraction(found.clock.frequency) / 10**6


def serial(platform, place):
    """Pins of the board's input and output."""
    if place == "uart":
        parts = {io.name: io.ios[0].names[0] for io in resource(platform, "uart").ios if io.ios}
        return parts["rx"], parts["tx"]
    connector, rx, tx = place
    found = next(c for c in platform.connectors if (c.name, c.number) == (connector, 0))
    return found.mapping[rx], found.mapping[tx]


def light(platform, name):
    """A light's pin and the level at which it shines."""
    pins = resource(platform, name).ios[0]
    return pins.names[0], 0 if pins.invert else 1


@pytest.mark.parametrize("name", NAMES)
def test_pins_are_those_of_amaranth_boards(name):
    pytest.importorskip("amaranth_boards", reason="get it with `pip install amaranth-boards`")
    module, cls, (line, lamp) = ORACLES[name]
    platform = getattr(importlib.import_module(f"amaranth_boards.{module}"), cls)
    board = find_board(name)
    pins = {pin.port: pin.place for pin in board.pins}
    assert (pins["i_clk"], board.clock) == clock(platform)
    assert (pins["i_rx"], pins["o_tx"]) == serial(platform, line)
    assert (pins["o_light"], board.light_on) == light(platform, lamp)
    if name.startswith("ulx3s"):
        parts = {io.name: io.ios[0].names[0] for io in resource(platform, "esp32").ios if io.ios}
        assert pins["o_wifi_gpio0"] == parts["gpio0"]


@pytest.mark.parametrize("name", NAMES)
def test_the_part_is_that_of_amaranth_boards(name):
    pytest.importorskip("amaranth_boards", reason="get it with `pip install amaranth-boards`")
    module, cls, _ = ORACLES[name]
    platform = getattr(importlib.import_module(f"amaranth_boards.{module}"), cls)
    board = find_board(name)
    if board.family is Family.ECP5:
        assert board.part.name == platform.device
        assert board.speed == platform.speed
        assert board.package == {"BG381": "CABGA381", "MG285": "CSFBGA285"}[platform.package]
    elif board.family is Family.ICE40:
        assert (board.part.name, board.package) == (platform.device, platform.package)
    elif board.family is Family.GOWIN:
        assert platform.part == f"GW1NR-LV9{board.package}{board.speed}"
    elif board.toolchain is Toolchain.VIVADO:
        parts = (platform.device, platform.package, "-", platform.speed)
        assert board.device == "".join(parts)
    else:
        parts = (platform.device, platform.package, platform.speed, platform.suffix)
        assert board.device == "".join(parts)


@pytest.mark.parametrize("name", NAMES)
def test_every_board_has_a_clock_and_a_serial_line_within_its_limits(name):
    board = find_board(name)
    top = board.top()
    assert top.frequency <= board.frequency
    assert abs(top.frequency * 10**6 / top.divisor / board.baud - 1) <= Fraction(2, 100)
    assert {pin.port for pin in board.pins} == {
        path[0] for path, _, _ in top.signature.flatten(top)
    }


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.toml")), ids=lambda path: path.stem)
def test_a_reason_stands_beside_each_number_and_each_pin(path):
    for line in path.read_text().splitlines():
        key, _, value = line.partition(" = ")
        if re.match(r"\d", value) or key in ("pin", "rx", "tx"):
            assert "# " in value or key == "level", line


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ('pin = "35"', "pin = 35", "clock.pin must be a text, not 35$"),
        ("\nmhz = 12", '\nmhz = "12"', "clock.mhz must be a number, not '12'$"),
        ('[uart]', "[serial_line]", "uart is missing$"),
        ("rows = 2", "rows = 65", "rows must be from 1 to 64, not 65$"),
        ("[array]", "[array]\nrowes = 2", "array.rowes is not known; take it out$"),
        ('"jobs"', '"job"', "accelerator must be one of programs, jobs, not 'job'$"),
        ("program_words = 512", "job_words = 512", "memory.job_words is not known; take it out$"),
        ("activation_bytes = 4096", "activation_bytes = 4095",
         "activation_bytes must be a multiple of the 2 rows, not 4095$"),
        ('pll = "ice40"', 'pll = "own"', "pll must be one of none, ecp5, ice40, .*, not 'own'$"),
        ('pll = "ice40"', 'pll = "ice40"\nphase = 1', "clock.phase is not known; take it out$"),
        ('part = "iCE40UP5K"', 'part = "UP5K"', "^part must be one of LFE5U-12F"),
        ('title = "iCEBreaker"', "title =", "must be TOML: "),
    ],
)  # fmt: skip
def test_a_bad_file_is_told_in_a_sentence(tmp_path, old, new, sentence):
    assert old in ICEBREAKER
    path = tmp_path / "mine.toml"
    path.write_text(ICEBREAKER.replace(old, new, 1))
    with pytest.raises(UserError, match=sentence):
        find_board(str(path))


def test_a_file_of_ones_own_is_a_board(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(ICEBREAKER)
    assert replace(find_board(str(path)), name="icebreaker") == find_board("icebreaker")


def test_a_variant_of_a_file_is_named_behind_a_colon(tmp_path):
    path = tmp_path / "ulx3s.toml"
    path.write_text((FOLDER / "ulx3s.toml").read_text())
    assert find_board(f"{path}:12f") == find_board("ulx3s-12f")
    with pytest.raises(UserError, match=r"^--board must be one of .*ulx3s.toml:85f, .*:12f, not"):
        find_board(str(path))


def test_an_unknown_board_is_told_with_the_nearest():
    with pytest.raises(UserError, match=r"not 'ulx3s'; did you mean ulx3s-\d\df\?$"):
        find_board("ulx3s")


def test_a_board_can_have_another_accelerator():
    board = find_board("ulx3s-85f")
    changed = changed_board(
        board, {"rows": 2, "cols": 3, "schemes": "shift", "program_words": 64}, mhz=62.5, baud=10**5
    )
    engine = changed.config.engine
    assert (engine.rows, engine.cols, engine.lanes, engine.group) == (2, 3, 3, 2)
    assert engine.multiplier is MultiplierKind.ECP5
    assert changed.config.program_words == 64
    assert changed.config.weight_words == board.config.weight_words
    assert (changed.top().frequency, changed.baud) == (Fraction(125, 2), 10**5)
    assert changed_board(board, {}) == board


def test_sizes_of_the_accelerator_of_jobs_have_the_same_names():
    board = find_board("icebreaker")
    changed = changed_board(board, {"rows": 4, "cols": 4, "program_words": 64})
    assert changed.config.activation_bytes == board.config.activation_bytes
    assert changed.config.activation_words == board.config.activation_words // 2
    assert changed.config.job_words == changed.config.program_words == 64
    assert changed.config.engine.schemes == board.config.engine.schemes
    assert changed_board(board, {}) == board
    with pytest.raises(UserError, match=r"^rows and columns of a GEMM accelerator must be equal"):
        changed_board(board, {"rows": 4})
    with pytest.raises(UserError, match=r"^activation_bytes must be a multiple of the 2 rows"):
        changed_board(board, {"activation_bytes": 1001})


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"mhz": 0}, "^--mhz must be above 0, not 0$"),
        ({"baud": -1}, "^--baud must be above 0, not -1$"),
    ],
)
def test_bad_options_of_a_board_are_told(options, sentence):
    with pytest.raises(UserError, match=sentence):
        changed_board(find_board("icebreaker"), {}, **options)


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("ulx3s-12f", ('FREQUENCY PORT "i_clk" 25 MHZ;', 'LOCATE COMP "i_rx" SITE "M1";',
                       'IOBUF PORT "i_rx" IO_TYPE=LVCMOS33 PULLMODE=UP;')),
        ("icebreaker", ("set_frequency i_clk 12", "set_io -pullup yes i_rx 6", "set_io o_tx 9")),
        ("tang-nano-9k", ('IO_LOC "o_tx" 17;', 'IO_PORT "o_light" IO_TYPE=LVCMOS18;')),
        ("arty-a7-35t", ("create_clock -name i_clk -period 10.000 [get_ports {i_clk}]",)),
        ("de10-lite", ("set_location_assignment PIN_V10 -to i_rx",)),
    ],
)  # fmt: skip
def test_pins_as_the_tools_want_them(name, lines):
    board = find_board(name)
    text = next(iter(pin_files(board).values()))
    for line in lines:
        assert line in text.splitlines()
    assert all(re.search(rf"\b{pin.port}\b.*|.*\b{pin.place}\b", text) for pin in board.pins)
