import json
import os

import pytest
from click.testing import CliRunner
from tiny_liberty import tiny_liberty

from flow.cli import main


def lastbit(*arguments):
    return CliRunner().invoke(main, ["asic", *map(str, arguments)])


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--rows", 65], "rows must be from 1 to 64, not 65"),
        (["--lanes", 3], "lanes must divide the 4 columns, which 3 does not: take one of 1, 2, 4"),
        (["--schemes", "exact"], "must be one of"),
        (["--period", 0], "--period must be from 0.1 to 1000 ns, not 0"),
        (["--seed", -1], "--seed must be 0 or more, not -1"),
        ([], "No such file or directory; name a readable .lib file"),
    ],
)
def test_bad_input_is_told_in_a_sentence(tmp_path, options, sentence):
    out = tmp_path / "out"
    result = lastbit("--liberty", tmp_path / "none.lib", "--out", out, *options)
    assert result.exit_code == 2
    assert sentence in result.output
    assert len(result.output.splitlines()) == 1
    assert not out.exists()


def test_a_file_that_is_no_liberty_is_refused(tmp_path):
    path = tmp_path / "cells.lib"
    path.write_text("hello\n")
    result = lastbit("--liberty", path, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert f"{path}: not a Liberty file: library is expected, not 'hello'" in result.output


TINY = ["--rows", 1, "--cols", 1, "--depth", 2, "--schemes", "shift"]


@pytest.mark.long
def test_a_library_without_a_gate_that_is_needed_writes_nothing(tmp_path):
    path, out = tmp_path / "cells.lib", tmp_path / "out"
    path.write_text(tiny_liberty(without=["NAND2", "NOR2", "INV"]))
    result = lastbit("--liberty", path, "--out", out, *TINY)
    assert result.exit_code == 2
    assert len(result.output.splitlines()) == 1
    assert not out.exists()


@pytest.mark.long
def test_everything_is_written_and_the_netlist_runs_a_product(tmp_path):
    out = tmp_path / "out"
    liberty = os.environ.get("LASTBIT_LIBERTY")
    if liberty is None:
        pytest.skip("LASTBIT_LIBERTY names no Liberty file")
    result = lastbit("--liberty", liberty, "--out", out, *TINY)
    assert result.exit_code == 0, result.output
    assert "to the last bit" in result.output
    assert "transitions of a net in a cycle, over " in result.output
    for block in ("array", "accumulators", "requantizer lanes", "output buffer", "all"):
        assert f"\n{block} " in result.output
    names = {"lastbit_gemm.v", "lastbit_gemm_gates.v", "lastbit_gemm_cells.v", "lastbit_gemm.sdc"}
    assert names | {"config.json"} <= {path.name for path in out.iterdir()}
    assert "create_clock -name clk -period 5 " in (out / "lastbit_gemm.sdc").read_text()
    settings = json.loads((out / "config.json").read_text())
    assert settings["DESIGN_NAME"] == "lastbit_gemm"
    assert settings["CLOCK_PERIOD"] == 5.0
