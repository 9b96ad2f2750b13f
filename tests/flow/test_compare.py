"""`lastbit compare`, through click's runner and as a real process."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from flow.cli import main
from flow.files import write_array
from flow.word_format import WordFormat
from golden.rounding import Rounding, round_shift

RNG = np.random.default_rng(3)
ACC = RNG.integers(-2000, 2000, (16, 12)).astype(np.int32)
MODEL = round_shift(ACC, 4, Rounding.HALF_EVEN).astype(np.int8)
HARDWARE = round_shift(ACC, 4, Rounding.HALF_UP).astype(np.int8)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The current folder, with model.*, hardware.* and acc.* in every kind."""
    monkeypatch.chdir(tmp_path)
    for name, values in (("model", MODEL), ("hardware", HARDWARE), ("acc", ACC)):
        for suffix in (".npy", ".hex", ".bin", ".csv"):
            write_array(tmp_path / (name + suffix), values)
    return tmp_path


def run(*arguments):
    result = CliRunner().invoke(main, ["compare", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def check_refused(sentence, *arguments):
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("lastbit: ")
    assert sentence in result.stderr


@pytest.mark.parametrize("first", [".npy", ".hex", ".bin", ".csv"])
@pytest.mark.parametrize("second", [".npy", ".hex", ".bin", ".csv"])
@pytest.mark.usefixtures("folder")
def test_every_pair_of_kinds(first, second):
    result = run(f"model{first}", f"model{second}", "--format", "int8")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("equal: 192 elements (")
    result = run(f"hardware{first}", f"model{second}", "--format", "int8")
    count = np.sum(HARDWARE != MODEL)
    assert result.exit_code == 1
    assert result.stdout.startswith(f"{count} of 192 elements differ")


@pytest.mark.parametrize("suffix", [".hex", ".bin", ".csv"])
@pytest.mark.usefixtures("folder")
def test_a_npy_gives_format_and_shape(suffix):
    for pair in ((f"model{suffix}", "model.npy"), ("model.npy", f"model{suffix}")):
        result = run(*pair)
        assert result.exit_code == 0
        assert result.stdout == "equal: 192 elements (16 x 12)\n"


@pytest.mark.usefixtures("folder")
def test_the_report_has_place_size_histogram_and_list():
    wrong = MODEL.copy()
    wrong[2, 3] += 2
    wrong[15, 11] -= 1
    np.save("wrong.npy", wrong)
    lines = run("wrong.npy", "model.npy", "--limit", 9).stdout.splitlines()
    a, b = int(wrong[2, 3]), int(wrong[15, 11])
    assert lines == [
        "2 of 192 elements differ (1.04 % of 16 x 12)",
        f"first    [2, 3] actual {a}, expected {a - 2}, difference +2",
        f"largest  [2, 3] actual {a}, expected {a - 2}, difference +2",
        "actual - expected, in units of the last place:",
        "        -1  1  ########################################",
        "  +2 to +3  1  ########################################",
        "the first 2:",
        f"  [2, 3] actual {a}, expected {a - 2}, difference +2",
        f"  [15, 11] actual {b}, expected {b + 1}, difference -1",
        "no single cause that is known explains the differences",
    ]


@pytest.mark.usefixtures("folder")
def test_the_cause_is_told():
    np.save("turned.npy", np.roll(MODEL, 3))
    assert "cause:\n  all " in run("turned.npy", "model.npy").stdout
    assert "the data is rotated by 3 elements" in run("turned.npy", "model.npy").stdout
    np.save("moved.npy", MODEL.astype(np.int16) - 5)
    told = run("moved.npy", "model.npy", "--zero-point", 5).stdout
    assert "the zero point 5 is missing" in told


@pytest.mark.parametrize("before", ["acc.npy", "acc.hex", "acc.bin", "acc.csv"])
@pytest.mark.usefixtures("folder")
def test_rounding_rules_are_named_with_what_was_rounded(before):
    told = run("hardware.hex", "model.npy").stdout
    assert "--before FILE names the rule" in told
    told = run("hardware.hex", "model.npy", "--before", before, "--shift", 4).stdout
    count = np.sum(HARDWARE != MODEL)
    assert f"all {count} differences are ties: the hardware rounds half_up" in told
    assert "--before" not in told


@pytest.mark.usefixtures("folder")
def test_what_was_rounded_may_be_floats():
    np.save("real.npy", ACC / 16)
    told = run("hardware.npy", "model.npy", "--before", "real.npy").stdout
    assert "are ties: the hardware rounds half_up" in told


@pytest.mark.usefixtures("folder")
def test_nan_is_refused_unless_allowed():
    values = np.array([[1, np.nan], [2, 3]], np.float32)
    np.save("a.npy", values)
    np.save("b.npy", np.nan_to_num(values))
    check_refused("a.npy holds NaN at [0, 1]; --allow-nan takes two NaNs as equal", *["a.npy"] * 2)
    check_refused("a.npy holds NaN at [0, 1]", "b.npy", "a.npy")
    assert run("a.npy", "a.npy", "--allow-nan").exit_code == 0
    assert run("a.npy", "b.npy", "--allow-nan").exit_code == 1


@pytest.mark.usefixtures("folder")
def test_byte_order():
    Path("big.bin").write_bytes(ACC.astype(">i4").tobytes())
    both = ("big.bin", "acc.hex", "--format", "int32")
    assert run(*both, "--byte-order", "big").exit_code == 0
    told = run(*both)
    assert told.exit_code == 1
    assert "the bytes of the 32-bit words are in reverse order" in told.stdout


def prepare_bad_files(folder):
    np.save("float.npy", MODEL.astype(np.float32))
    np.save("flat.npy", MODEL.ravel())
    np.save("empty.npy", MODEL[:0])
    np.save("turned.npy", MODEL.T)
    np.save("wide.npy", ACC)
    (folder / "short.npy").write_bytes((folder / "model.npy").read_bytes()[:-7])
    (folder / "short.hex").write_text((folder / "model.hex").read_text()[: 100 * 3])
    (folder / "short.bin").write_bytes((folder / "acc.bin").read_bytes()[:-1])
    write_array(folder / "word.hex", np.array([4095]), WordFormat.parse("uint12"))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["no.npy", "model.npy"],
            "no.npy cannot be read: No such file or directory; check its name",
        ),
        (["model.npy", "no.npy"], "no.npy cannot be read: No such file"),
        (["model.npy", "empty.npy"], "empty.npy: no numbers in it; write it again"),
        (["short.npy", "model.npy"], "short.npy: not a whole .npy array of numbers; write it with"),
        (
            ["short.hex", "model.npy"],
            "short.hex holds 100 numbers and model.npy 192; is one of them",
        ),
        (["model.npy", "short.hex"], "model.npy holds 192 numbers and short.hex 100; is one of"),
        (
            ["short.bin", "acc.npy"],
            "short.bin: 767 bytes are no whole number of int32 words; it is",
        ),
        (
            ["float.npy", "model.npy"],
            "float.npy and model.npy: actual is float32 and expected int8",
        ),
        (
            ["float.npy", "model.npy", "--format", "int8"],
            "float.npy: the type is float32, not int8",
        ),
        (["wide.npy", "model.npy", "--format", "int8"], "is outside int8; change the format"),
        (
            ["flat.npy", "model.npy"],
            "has the shape 192 and model.npy 16x12; --shape 16x12 reads both",
        ),
        (
            ["model.csv", "turned.npy"],
            "model.csv has the shape 16x12 and turned.npy 12x16; --shape",
        ),
        (["model.hex", "model.bin"], "model.bin does not say what its words are; give --format"),
        (["model.hex", "a.txt"], "a.txt must end in one of .npy, .hex, .bin, .csv; rename or conv"),
        (["word.hex", "word.hex", "--format", "int8"], "word.hex: line 1: fff has 12 bits and the"),
        (["model.npy", "model.npy", "--format", "int"], "--format: a format is written like int8,"),
        (
            ["model.npy", "model.npy", "--shape", "0x3"],
            "--shape: a shape is written like 64 or 64x48",
        ),
        (
            ["model.npy", "model.npy", "--shape", "16x13"],
            "192 numbers, but the shape 16 x 13 needs 208",
        ),
        (["hardware.npy", "model.npy", "--shift", "4"], "--shift is about --before; give both"),
        (
            ["hardware.npy", "model.npy", "--before", "no.npy"],
            "no.npy cannot be read: No such file",
        ),
        (
            ["hardware.npy", "model.npy", "--before", "short.hex"],
            "holds 100 numbers and the data 192; is it",
        ),
        (
            ["hardware.npy", "model.npy", "--before", "acc.npy"],
            "acc.npy: the origin does not give t",
        ),
        (
            ["hardware.npy", "model.npy", "--before", "float.npy", "--shift", "4"],
            "float.npy: the shift of unrounded floats must be 0, not 4",
        ),
    ],
)
def test_bad_input_is_one_sentence_and_status_2(folder, arguments, sentence):
    prepare_bad_files(folder)
    check_refused(sentence, *arguments)


def test_missing_arguments_are_a_usage_error():
    result = run("a.npy")
    assert result.exit_code == 2
    assert "Missing argument 'EXPECTED'" in result.stderr


@pytest.mark.parametrize(("name", "status"), [("model", 0), ("hardware", 1), ("none", 2)])
@pytest.mark.usefixtures("folder")
def test_exit_status_of_a_real_process(name, status):
    command = "from flow.cli import main; main(prog_name='lastbit')"
    arguments = [sys.executable, "-c", command, "compare", f"{name}.hex", "model.npy"]
    result = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert result.returncode == status
    assert "Traceback" not in result.stderr
