"""`lastbit explore` with what stands for the tools: plan, table, files, a second run."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
from xml.etree import ElementTree

import fake_points
import pytest
from click.testing import CliRunner
from explore_tasks import wait_until
from fake_points import FULL, WAITS, began

from flow.cli import main
from flow.errors import UserError

SMALL = ("--network", "16x16x16", "--rows", "4", "--cols", "2,4", "--lanes", "2,all,3")


@pytest.fixture
def explore(tmp_path, monkeypatch):
    """Runs the command in a folder, without tools; returns its result."""
    monkeypatch.setattr("flow.explore.measure.measure_point", fake_points.measure)
    monkeypatch.setattr("flow.explore.run.fingerprint", lambda family: "print")
    monkeypatch.setattr("flow.explore.executor.PointRunner", fake_points.Here)
    monkeypatch.chdir(tmp_path)
    return lambda *options: CliRunner().invoke(main, ["explore", *options])


def test_points_are_measured_once_and_written(explore, tmp_path):
    first = explore(*SMALL, "--seeds", "100", "--out", "out")
    assert first.exit_code == 0, first.output
    assert "3 points to measure, 0 known from earlier runs" in first.stdout
    assert (
        "4x2, LFE5U-85F, lanes 3: left out: lanes must divide the 2 columns, which 3 does not: "
        "take one of 1, 2\n" in first.stdout
    )
    rows = list(csv.DictReader((tmp_path / "out" / "results.csv").read_text().splitlines()))
    assert [(row["cols"], row["lanes"], row["mhz"]) for row in rows] == [
        ("2", "2", "100.0"),
        ("4", "2", "100.0"),
        ("4", "4", "100.0"),
    ]
    told = json.loads((tmp_path / "out" / "results.json").read_text())
    for design, point in zip(told["designs"], told["points"], strict=True):
        assert design["inferences_per_second"] == pytest.approx(1e8 / point["cycles"])
        assert design["gmacs"] == pytest.approx(0.1 * 16**3 / point["cycles"])
    assert [each["on_front"] for each in told["designs"]] == [False, False, True]
    assert [each["name"] for each in told["left_out"]] == [
        "4x2, LFE5U-85F, lanes 3",
        "4x4, LFE5U-85F, lanes 3",
    ]

    second = explore(*SMALL, "--seeds", "100,101", "--out", "out")
    assert "3 points to measure, 3 known from earlier runs" in second.stdout
    third = explore(*SMALL, "--seeds", "100,101", "--out", "out")
    assert "0 points to measure, 6 known from earlier runs" in third.stdout
    assert third.stdout.partition("array ")[2] == second.stdout.partition("array ")[2]
    assert [len(began(tmp_path / "out" / "work", seed)) for seed in (100, 101)] == [3, 3]


def test_the_page_and_the_chart_are_well_formed(explore, tmp_path):
    explore(*SMALL, "--seeds", "100", "--out", "out")
    chart = (tmp_path / "out" / "chart.svg").read_text()
    dots = [e for e in ElementTree.fromstring(chart).iter() if e.tag.endswith("circle")]
    assert len(dots) == 1 + 3 * 3
    page = (tmp_path / "out" / "explore.html").read_text()
    assert re.search(r"<h1>3 accelerators for 16x16x16</h1>", page)
    assert "$" not in page
    assert page.count("<tr") == 4


def test_a_failure_is_a_result_and_is_tried_again_if_asked_for(explore, tmp_path):
    options = (*SMALL, "--cols", "4", "--lanes", "all", "--seeds", str(FULL))
    for more, known, tries in (((), 0, 1), ((), 1, 1), (("--again",), 0, 2)):
        ran = explore(*options, *more, "--out", "out")
        assert ran.exit_code == 1
        assert f", {known} known from earlier runs" in ran.stdout
        reason = "4x4, 4 lanes, ecp5, LFE5U-85F-6: does not fit: it needs 9 x, not 8\n"
        assert reason in ran.stdout
        assert len(began(tmp_path / "out" / "work", FULL)) == tries


def test_values_come_from_a_file_and_options_go_before_them(explore, tmp_path):
    (tmp_path / "space.toml").write_text(
        'rows = [4]\ncols = [2, 4]\nlanes = [1, "all"]\nschemes = "shift"\nseeds = 7\n'
    )
    options = ("--space", "space.toml", "--network", "keyword", "--lanes", "2", "--cols", "4")
    refused = explore(*options)
    assert refused.exit_code == 2
    assert "no combination is legal; 4x4, LFE5U-85F: layer convolution: " in refused.stderr
    ran = explore(*options, "--schemes", "float32+shift")
    assert ran.exit_code == 0, ran.output
    assert "1 points to measure" in ran.stdout
    assert "schemes float32+shift" in ran.stdout


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--rows", "4,x"), "--rows: a value must be an integer, not 'x'"),
        (("--lanes", "4,most"), "--lanes: a value must be an integer or all, not 'most'"),
        (("--schemes", "shft"), "did you mean shift?"),
        (("--multiplier", "dsp"), "--multiplier: multiplier kind must be one of portable, "),
        (("--part", "LFE5U-26F"), "did you mean LFE5U-25F?"),
        (("--network", "letters"), "network must be one of keyword, residual, a product such as"),
        (("--network", "64x0x64"), "sides of a product must be from 1 to 4096, not 64x0x64"),
        (("--network", "no.npz"), "no.npz"),
        (("--space", "no.toml"), "no.toml cannot be read: No such file or directory"),
        (("--rows", "65"), "rows must be from 1 to 64, not 65"),
        (("--speed", "9"), "speed of LFE5U-85F must be one of 6, 7, 8, not 9"),
        (("--weight-words", "8"), "weight_words"),
        (("--workers", "0"), "--workers must be 1 or more, not 0"),
        (("--workers", "2", "--scheduler", "tcp://x:1"), "--workers is for this machine"),
        (("--frequency", "0"), "--frequency must be above 0, not 0"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(explore, tmp_path, options, sentence):
    ran = explore(*options)
    assert ran.exit_code == 2
    assert sentence in ran.stderr
    assert ran.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("rows = ", "space.toml must be TOML: "),
        ("row = 4", "a key of space.toml must be one of part, speed, rows, "),
        ("rows = 4.5", "rows of space.toml must be a number, a word or a list, not 4.5"),
        ("rows = true", "rows of space.toml must be a number, a word or a list, not True"),
    ],
)
def test_what_is_wrong_in_a_file_is_said(explore, tmp_path, text, sentence):
    (tmp_path / "space.toml").write_text(text)
    ran = explore("--space", "space.toml")
    assert ran.exit_code == 2
    assert sentence in ran.stderr


def test_without_place_and_route_a_sentence_says_how_to_get_it(tmp_path, monkeypatch):
    def missing(family):
        raise UserError("nextpnr-ecp5 is not installed; get it with `pip install 'lastbit[fpga]'`")

    monkeypatch.setattr("flow.explore.fingerprint.find_nextpnr", missing)
    monkeypatch.chdir(tmp_path)
    from flow.explore.fingerprint import fingerprint

    fingerprint.cache_clear()
    ran = CliRunner().invoke(main, ["explore", "--rows", "4", "--cols", "4"])
    fingerprint.cache_clear()
    assert ran.exit_code == 2
    assert "get it with `pip install 'lastbit[fpga]'`" in ran.stderr


def test_without_dask_a_sentence_says_how_to_get_it(explore, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    ran = explore(*SMALL, "--scheduler", "tcp://127.0.0.1:9")
    assert ran.exit_code == 2
    assert "get it with `pip install 'lastbit[explore]'`" in ran.stderr


@pytest.mark.long
def test_an_interrupt_keeps_what_is_finished(tmp_path):
    """As from a terminal, where every process of the command's group gets the signal."""
    code = (
        "import fake_points, flow.explore.measure, flow.explore.run\n"
        "from flow.cli import main\n"
        "flow.explore.measure.measure_point = fake_points.measure\n"
        "flow.explore.run.fingerprint = lambda family: 'print'\n"
        "main(prog_name='lastbit')\n"
    )
    options = ["--network", "8x8x8", "--rows", "4", "--cols", "4", "--seeds", f"1,{WAITS}"]
    process = subprocess.Popen(
        [sys.executable, "-c", code, "explore", *options, "--workers", "1"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    work = tmp_path / "build" / "explore" / "work"
    wait_until(lambda: began(work, WAITS))
    os.killpg(process.pid, signal.SIGINT)
    shown, said = process.communicate(timeout=20)
    assert process.returncode == 130, said
    assert "interrupted with 1 points to go; the same command goes on" in shown
    assert "Traceback" not in said
    results = json.loads((tmp_path / "build" / "explore" / "results.json").read_text())
    assert [(each["seed"], each["mhz"]) for each in results["points"]] == [(1, 1)]
    assert len(list((tmp_path / "build" / "explore" / "results").iterdir())) == 1
