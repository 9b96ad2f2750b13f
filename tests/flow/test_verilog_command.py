import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from flow.cli import main


def lastbit(*arguments):
    return CliRunner().invoke(main, ["verilog", *map(str, arguments)])


def test_writes_verilog_port_table_and_waivers(tmp_path):
    out = tmp_path / "new" / "folder"
    result = lastbit("--rows", 2, "--cols", 3, "--name", "gemm", "--out", out)
    assert result.exit_code == 0, result.output
    assert result.output.split() == [str(out / f"gemm.{end}") for end in ("v", "md", "vlt")]
    assert "module gemm(" in (out / "gemm.v").read_text()
    assert sorted(path.name for path in out.iterdir()) == ["gemm.md", "gemm.v", "gemm.vlt"]


def test_the_models_of_primitives_are_written_beside_it(tmp_path):
    result = lastbit("--rows", 4, "--cols", 1, "--multiplier", "ecp5", "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert "module MULT18X18D (" in (tmp_path / "mult18x18d.v").read_text()
    assert "module MULT18X18D" not in (tmp_path / "lastbit_gemm.v").read_text()
    assert "To simulate it, add mult18x18d.v;" in (tmp_path / "lastbit_gemm.md").read_text()


SMALL = ["--rows", 2, "--cols", 3, "--depth", 4]
MEMORIES = [
    *("--activation-bytes", 256),
    *("--weight-words", 8),
    *("--parameter-words", 8),
    *("--program-words", 32),
]


@pytest.mark.parametrize(
    ("options", "name", "ports"),
    [
        ([], "lastbit_gemm", 18),
        pytest.param(
            ["--top", "axi", *MEMORIES], "lastbit_accelerator", 29, marks=pytest.mark.long
        ),
        pytest.param(
            ["--top", "uart", "--divisor", 99, *MEMORIES],
            "lastbit_accelerator",
            4,
            marks=pytest.mark.long,
        ),
    ],
)
def test_the_table_has_every_port_with_its_width(tmp_path, options, name, ports):
    result = lastbit(*SMALL, *options, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    table = (tmp_path / f"{name}.md").read_text()
    rows = [line.split(" | ") for line in table.splitlines() if line.startswith("| ")][1:]
    text = (tmp_path / f"{name}.v").read_text()
    top = text[text.index(f"module {name}(") :]
    top = top[: top.index("endmodule")]
    declared = re.findall(r"^  (in|out)put (?:signed )?(?:\[(\d+):0\] )?(\w+);", top, re.MULTILINE)
    expected = {(name, direction, str(int(high or 0) + 1)) for direction, high, name in declared}
    assert {(row[0].removeprefix("| "), row[1], row[2]) for row in rows} == expected
    assert len(rows) == ports


def test_the_same_bytes_twice(tmp_path):
    for name in ("a", "b"):
        assert lastbit("--rows", 3, "--cols", 2, "--out", tmp_path / name).exit_code == 0
    for file in ("lastbit_gemm.v", "lastbit_gemm.md", "lastbit_gemm.vlt"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--rows", 0], "rows must be from 1 to 64, not 0"),
        (["--rows", 65], "rows must be from 1 to 64, not 65"),
        (["--cols", 65], "columns must be from 1 to 64, not 65"),
        (["--depth", 1], "depth must be from 2 to 4096, not 1"),
        (["--group", 3], "rows must be grouped by 1, 2 or 4, not 3"),
        (["--schemes", "float32,half"], "scheme must be one of"),
        (
            ["--schemes", "q31_double"],
            "schemes must be one or more of fixed, float32, shift, not q31_double",
        ),
        (["--top", "axi", "--weight-words", 7], "weight_words must be from 8 to 1048576, not 7"),
        (["--top", "uart", "--divisor", 3], "divisor must be from 4 to 65535 cycles, not 3"),
        (["--name", "8x8"], "a module name must be a Verilog identifier, not '8x8'"),
    ],
)
def test_bad_input_is_one_sentence_and_writes_nothing(tmp_path, arguments, sentence):
    out = tmp_path / "out"
    result = lastbit(*arguments, "--out", out)
    assert result.exit_code == 2
    assert sentence in result.output
    assert len(result.output.splitlines()) == 1
    assert not out.exists()


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    result = lastbit("--rows", 1, "--cols", 1, "--out", blocked / "out")
    assert result.exit_code == 2
    assert "cannot be made" in result.output


def test_nothing_of_the_machine_is_in_the_files(tmp_path):
    assert lastbit("--rows", 1, "--cols", 1, "--out", tmp_path).exit_code == 0
    for path in tmp_path.iterdir():
        assert str(Path(__file__).parent.parent.parent) not in path.read_text()
