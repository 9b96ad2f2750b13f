"""`lastbit boards`: the tables, what is kept of a measurement, and what of it is believed."""

import json
import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from click.testing import CliRunner

import flow.build
from flow.board_catalog import board_names, find_board
from flow.board_predictions import NETWORKS, inferences_per_second, networks
from flow.board_results import (
    RESULTS,
    BoardResult,
    configuration_hash,
    load_results,
    measured,
    save_result,
)
from flow.build import BuildFailedError, Built
from flow.build_table import Use
from flow.cli import main
from flow.compiler import compile_graph
from flow.errors import UserError
from flow.parts import Family
from flow.performance import network_performance
from flow.place_and_route import Routed
from flow.synthesis import Netlist

BOARD = "ulx3s-12f"


def boards(*arguments):
    return CliRunner().invoke(main, ["boards", *arguments])


def built(board, folder, **_):
    """What a build would leave."""
    folder.mkdir(parents=True, exist_ok=True)
    bitstream = folder / "x.bit"
    bitstream.write_bytes(bytes(1234))
    used = {"TRELLIS_COMB": 20_000, "TRELLIS_FF": 9, "MULT18X18D": 25, "DP16KD": 54}
    places = dict.fromkeys(used, 30_000)
    routed = Routed(123.456, used, places, 7.0, folder / "x.config", {})
    netlist = Netlist(folder / "x.json", "x", Family.ECP5, {})
    return Built(board, netlist, routed, bitstream, {"synthesis": 61.26, "bitstream": 2.0})


@pytest.fixture
def results(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(flow.build, "build_board", built)
    return tmp_path / "measured.json"


def row(output, title, name):
    table = output[output.index(title) :]
    return re.search(rf"^ *{name} +(.*?) *$", table, re.MULTILINE)[1].split("   ")


def test_a_measurement_is_kept_and_shown(results):
    result = boards("--board", BOARD, "--measure", "--results", str(results))
    assert result.exit_code == 0, result.output
    kept = load_results(results)[BOARD]
    assert kept.fmax == 123.46
    assert kept.bitstream_bytes == 1234
    assert kept.seconds == {"synthesis": 61.3, "bitstream": 2.0}
    assert kept.uses["multipliers"] == Use(25, 30_000)
    assert "pyosys" in kept.tools
    again = boards("--board", BOARD, "--results", str(results))
    assert again.output == result.output
    line = row(again.output, "Measured by", BOARD)
    cells = [cell.strip() for cell in line if cell.strip()]
    assert cells == ["20,000 of 30,000", "9 of 30,000", "25 of 30,000", "54 of 30,000",
                     "123.5", "1,234", "63", "as it is"]  # fmt: skip


def test_a_measurement_of_another_design_is_not_shown(results):
    board = find_board(BOARD)
    save_result(replace(board, baud=9600), measured(built(board, Path("x"))), results)
    assert "123.5" in boards("--results", str(results)).output
    old = replace(measured(built(board, Path("x"))), configuration="another")
    save_result(board, old, results)
    assert "123.5" not in boards("--results", str(results)).output


def test_a_measurement_of_an_earlier_hardware_is_shown_as_such(results):
    board = find_board(BOARD)
    now = measured(built(board, Path("x")))
    assert now.is_current
    for hardware in ("another", ""):
        save_result(board, replace(now, hardware=hardware), results)
        shown = boards("--board", BOARD, "--results", str(results)).output
        assert row(shown, "Measured by", BOARD)[-1].strip() == "earlier"
        assert "has changed since then" in shown
    save_result(board, now, results)
    assert "earlier" not in boards("--board", BOARD, "--results", str(results)).output


def test_a_file_of_before_there_was_a_hash_of_the_hardware_is_read(results):
    board = find_board(BOARD)
    save_result(board, measured(built(board, Path("x"))), results)
    told = json.loads(results.read_text())
    del told[BOARD]["hardware"]
    results.write_text(json.dumps(told))
    assert not load_results(results)[BOARD].is_current


@pytest.mark.parametrize(
    "change",
    [
        {"baud": 9600},
        {"frequency": Fraction(33)},
        {"device": "another"},
        {"light_on": None},
    ],
)
def test_everything_in_a_bitstream_is_in_its_hash(change):
    board = find_board(BOARD)
    assert configuration_hash(replace(board, **change)) != configuration_hash(board)
    assert configuration_hash(replace(board, load="another")) == configuration_hash(board)


def test_the_array_and_the_memories_are_in_the_hash():
    board = find_board(BOARD)
    for config in (
        replace(board.config, program_words=1024),
        replace(board.config, engine=replace(board.config.engine, depth=128)),
    ):
        assert configuration_hash(replace(board, config=config)) != configuration_hash(board)


def test_what_does_not_fit_is_told_and_the_others_are_measured(results, monkeypatch):
    def sometimes(board, folder, **options):
        if board.name == BOARD:
            raise BuildFailedError("it is too large")
        return built(board, folder)

    monkeypatch.setattr(flow.build, "build_board", sometimes)
    result = boards("--measure", "--results", str(results))
    assert result.exit_code == 1
    assert result.stderr == "lastbit: it is too large\n"
    measurable = {name for name in board_names() if find_board(name).toolchain.value == "nextpnr"}
    assert load_results(results).keys() == measurable - {BOARD}


def test_a_file_that_is_something_else_is_told(results):
    results.write_text(json.dumps({"board": {"fmax": 1}}))
    with pytest.raises(UserError, match="must hold results of `lastbit boards --measure`; take"):
        load_results(results)


def test_a_prediction_is_the_clock_over_the_cycles():
    board = find_board("arty-z7-20")
    graph = networks()[NETWORKS[0]]
    cycles = network_performance(graph, compile_graph(graph, board.config)).cycles
    assert inferences_per_second(board, graph) == pytest.approx(100e6 / cycles)
    assert inferences_per_second(replace(board, frequency=Fraction(50)), graph) == pytest.approx(
        50e6 / cycles
    )


def test_a_network_that_does_not_fit_has_no_prediction():
    board = find_board("de10-lite")
    assert all(inferences_per_second(board, graph) is None for graph in networks().values())
    assert [cell.strip() for cell in row(boards().output, "Inferences", "de10-lite")].count(
        "-"
    ) == 3


@pytest.mark.parametrize("name", load_results())
def test_what_comes_with_lastbit_is_of_boards_that_there_are(name):
    result = load_results(RESULTS)[name]
    assert isinstance(result, BoardResult)
    assert name in board_names()
    assert result.configuration == configuration_hash(find_board(name)), (
        f"{name} is another one since it was measured: lastbit boards --measure --board {name}"
    )
    assert result.fmax >= float(find_board(name).made_frequency)
