"""`lastbit verilog --board`: what is written for each board."""

import re
import subprocess

import pytest
from click.testing import CliRunner

import flow.board_files
from flow.board import Toolchain
from flow.board_catalog import board_names, find_board
from flow.board_files import board_files, board_verilog, top_name
from flow.board_options import changed_board
from flow.board_scripts import board_scripts
from flow.cli import main
from flow.parts import Family
from flow.pin_files import pin_files

NAMES = board_names()
TINY = {
    "rows": 1,
    "cols": 1,
    "lanes": 1,
    "depth": 4,
    "activation_bytes": 8,
    "weight_words": 2,
    "parameter_words": 2,
    "program_words": 32,
}
OPTIONS = [
    text for key, value in TINY.items() for text in (f"--{key.replace('_', '-')}", str(value))
]


def verilog(*arguments):
    return CliRunner().invoke(main, ["verilog", *arguments])


@pytest.mark.parametrize("name", NAMES)
def test_a_script_names_files_that_are_written_and_says_that_nobody_ran_it(name):
    board = find_board(name)
    top = top_name(board)
    scripts = board_scripts(board, top)
    there = {f"{top}.v", *scripts, *(f"{top}{suffix}" for suffix in pin_files(board))}
    for script, text in scripts.items():
        assert "lastbit does not run it" in text, script
        read = set(re.findall(rf"\b{top}(?:\.pins)?\.(?:v|xdc|lpf|pcf|cst|sdc|tcl)\b", text))
        assert read <= there
    if board.toolchain is not Toolchain.NEXTPNR:
        assert board.device in "".join(scripts.values())


@pytest.mark.parametrize("name", [n for n in NAMES if find_board(n).toolchain is Toolchain.NEXTPNR])
def test_make_would_run_the_familys_tools(tmp_path, name):
    board = find_board(name)
    top = top_name(board)
    for file, text in {**board_scripts(board, top), f"{top}.v": "", f"{top}.x": ""}.items():
        (tmp_path / file).write_text(text)
    for suffix, text in pin_files(board).items():
        (tmp_path / f"{top}{suffix}").write_text(text)
    try:
        done = subprocess.run(
            ["make", "--no-print-directory", "--dry-run"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
    except FileNotFoundError:
        pytest.skip("make is not installed; get it with `apt-get install make`")
    steps = [line.split()[0] for line in done.stdout.splitlines()]
    packer = {Family.ECP5: "ecppack", Family.ICE40: "icepack", Family.GOWIN: "gowin_pack"}
    assert steps[0] == "yosys"
    assert steps[1].startswith("nextpnr-")
    assert steps[2] == packer[board.family]


def test_what_is_not_given_is_the_boards(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(
        flow.board_files, "board_files", lambda board, top: seen.append(board) or {}
    )
    result = verilog("--board", "ulx3s-12f", "--rows", "2", "--out", str(tmp_path))
    assert result.exit_code == 0, result.output
    assert seen == [changed_board(find_board("ulx3s-12f"), {"rows": 2})]


@pytest.mark.long
def test_everything_of_a_board_is_written(tmp_path):
    result = verilog("--board", "arty-z7-20", *OPTIONS, "--out", str(tmp_path))
    assert result.exit_code == 0, result.output
    top = "lastbit_arty_z7_20"
    expected = {f"{top}{suffix}" for suffix in (".v", ".md", ".vlt", ".xdc", ".tcl")}
    expected |= {"bufg.v", "lastbit_pll.v", "plle2_base.v"}
    assert {path.name for path in tmp_path.iterdir()} == expected
    board = changed_board(find_board("arty-z7-20"), TINY)
    assert (tmp_path / f"{top}.v").read_text() == board_verilog(board, top)
    page = (tmp_path / f"{top}.md").read_text()
    assert "| i_rx | Y18 | LVCMOS33 |" in page
    assert "1 x 1 array" in page


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--board", "arty"], "--board must be one of "),
        (["--board", "arty-a7-35t", "--top", "axi"], "--top is not for a board: it follows"),
        (["--board", "arty-a7-35t", "--divisor", "9"], "--divisor is not for a board"),
        (["--board", "arty-a7-35t", "--rows", "65"], "rows must be from 1 to 64, not 65"),
        (["--board", "arty-a7-35t", "--mhz", "90"], "without a PLL the clock must be the board's"),
        (["--board", "arty-a7-35t", "--name", "a b"], "a module name must be a Verilog identifier"),
        (["--mhz", "90"], "--mhz is for a board; name one with --board"),
        (["--baud", "90"], "--baud is for a board; name one with --board"),
    ],
)
def test_what_cannot_be_written_is_told(tmp_path, arguments, sentence):
    result = verilog(*arguments, "--out", str(tmp_path / "out"))
    assert result.exit_code == 2
    assert sentence in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.long
def test_the_files_name_the_models_that_a_simulation_needs():
    board = changed_board(find_board("ulx3s-12f"), TINY)
    files = board_files(board, "top")
    assert "ehxplll.v, lastbit_pll.v" in files["top.md"]
    assert "EHXPLLL" in files["top.v"]
    assert "module EHXPLLL" not in files["top.v"]
