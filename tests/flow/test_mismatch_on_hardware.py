"""Bugs planted in the hardware are explained, and cycles are those of the waveform."""

import re
import shlex
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner
from planted_bugs import Bug, plant
from small_accelerator import OPTIONS, SMALL

import hw.gemm_engine
from flow.cli import main
from flow.graph_file import load_graph, save_graph
from flow.job import Level
from flow.mismatch_location import locate
from flow.network_check import conv, graph_of
from flow.network_run import compile_network
from flow.program_machine import open_machine
from flow.random_graphs import random_inputs
from flow.reference import run_reference
from golden.requantize import Requantization
from golden.scheme import Scheme
from hw.accelerator_config import AcceleratorConfig
from hw.config import EngineConfig
from hw.round_shift import RoundShift
from sim.simulator import Simulator
from sim.waveform import cut_waveform, read_waveform

pytestmark = pytest.mark.long

ENGINE = EngineConfig(rows=2, cols=3, depth=16, statistics=True)
SIZES = {name.replace("-", "_"): SMALL[name] for name in list(SMALL)[3:]}
CONFIG = AcceleratorConfig(ENGINE, **SIZES)

TIES = Bug(
    RoundShift,
    "elaborate",
    "Mux(is_tie, self._tie_goes_up(m, floor), half)",
    "half",
)
"""Ties go up."""

STUCK = Bug(
    hw.gemm_engine,
    "add_array",
    "return array.o_sum",
    "return [Cat(s[:5], C(0, 1), s[6:]).as_signed() if c == 2 else s"
    " for c, s in enumerate(array.o_sum)]",
)
"""Bit 5 of what leaves column 2 of the array is 0."""


def halves():
    """The sums of the second layer are small, and half of them half way between two codes."""
    second = conv((3, 3), 7, 5, "second", "first")
    return graph_of(
        (2, 5, 5, 4),
        conv((3, 3), 4, 7, "first", padding=((1, 1), (1, 1))),
        replace(
            second,
            weights=np.sign(second.weights).astype(np.int8),
            requantization=Requantization.from_scale(Scheme.SHIFT, np.full(5, 0.5)),
        ),
    )


def run(*more):
    return CliRunner().invoke(main, ["run", *map(str, more), *OPTIONS])


@pytest.fixture
def saved(tmp_path):
    if (missing := Simulator.VERILATOR.missing()) is not None:
        pytest.skip(missing)
    graph = halves()
    save_graph(tmp_path / "network.npz", graph)
    np.save(tmp_path / "x.npy", random_inputs(graph, np.random.default_rng(3))["x"])
    return [tmp_path / "network.npz", "--input", tmp_path / "x.npy"]


def command_of(folder):
    """The command of the README, from anywhere."""
    readme = (folder / "README.txt").read_text()
    words = shlex.split(re.search(r"^    lastbit (run .*)$", readme, re.M)[1])
    return [str(folder / word) if word.endswith((".npz", ".npy")) else word for word in words]


def test_ties_that_go_up_are_named_and_shown_in_a_waveform(saved, tmp_path, monkeypatch):
    folder = tmp_path / "small"
    with monkeypatch.context() as patch:
        plant(TIES, CONFIG, patch)
        result = run(*saved, "--reduce", folder)
        assert result.exit_code == 1, result.output
        assert re.search(r"^second \(convolution 3 × 3\): \d+ of \d+ elements", result.output, re.M)
        assert re.search(r"by half_even, a tie; with zero point 0", result.output)
        assert re.search(r"differences are ties: the hardware rounds .*half_up", result.output)
        again = CliRunner().invoke(main, command_of(folder))
        assert again.exit_code == 1, again.output
    assert CliRunner().invoke(main, command_of(folder)).exit_code == 0
    assert_waveform_shows_the_difference(folder)


def assert_waveform_shows_the_difference(folder):
    """The wrong byte is written in the cycle and at the address that the explanation names."""
    graph = load_graph(folder / "network.npz")
    expected = run_reference(graph, {"first": np.load(folder / "first.npy")})
    actual = np.load(folder / "actual.npy")
    element = tuple(int(n) for n in np.argwhere(actual != expected["second"])[0])
    program = compile_network(graph, CONFIG)
    at = locate(program, graph.layers[0], element, expected)
    shown = read_waveform(folder / "waves.vcd")
    assert written_byte(shown, at) == actual[element] != expected["second"][element]
    assert shown.values(f"engine.bank_{at.column}.i_sum")[at.passes[-1].summed] is not None


def written_byte(waves, at):
    """What the waveform shows that is written where and when an element should be; else None."""
    address = waves.values("core.write_address")[at.written]
    if not waves.values("core.write_en")[at.written] or address + at.column != at.address:
        return None
    word = waves.values("datapath.write_data")[at.written]
    return np.array(word >> 8 * at.column & 0xFF, np.uint8).view(np.int8)


def test_a_stuck_bit_of_a_column_is_named(saved, tmp_path, monkeypatch):
    plant(STUCK, CONFIG, monkeypatch)
    result = run(*saved)
    assert result.exit_code == 1, result.output
    assert "differences are only in column 2 of the array" in result.output
    assert "bit 5 of the array's sums is stuck at 0 in column 2" in result.output


@pytest.mark.parametrize("options", [{}, {"lanes": 1}])
def test_every_cycle_of_an_element_is_that_of_the_waveform(options, tmp_path):
    if (missing := Simulator.VERILATOR.missing()) is not None:
        pytest.skip(missing)
    config = replace(CONFIG, engine=replace(ENGINE, **({"lanes": None} | options)))
    graph = halves()
    program = compile_network(graph, config)
    inputs = random_inputs(graph, np.random.default_rng(3))
    with open_machine(program, Level.VERILATOR, waves=tmp_path / "whole.vcd") as machine:
        cycles = machine.run(inputs).registers["cycles"]
    cut_waveform(tmp_path / "whole.vcd", tmp_path / "waves.vcd", range(cycles + 1))
    waves = read_waveform(tmp_path / "waves.vcd")
    tensors = run_reference(graph, inputs)
    bits = ENGINE.sum_shape(ENGINE.rows).width
    sums = [waves.values(f"engine.bank_{c}.i_sum") for c in range(ENGINE.cols)]
    launched = waves.values("engine.launcher.i_activation__valid")
    for layer, element in [
        (0, (0, 0, 0, 0)),
        (0, (1, 4, 4, 6)),
        (1, (0, 1, 2, 4)),
        (1, (1, 2, 2, 2)),
    ]:
        at = locate(program, graph.layers[layer], element, tensors)
        for each in at.passes:
            value = sums[at.column][each.summed]
            assert value - (value >> bits - 1 << bits) == each.sum
            assert launched[each.launched]
        assert written_byte(waves, at) == tensors[at.layer][element]
