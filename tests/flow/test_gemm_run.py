"""`lastbit run --on board` on a board whose accelerator runs GEMM jobs; here it is the model."""

import re
from contextlib import contextmanager

import numpy as np
import pytest
from click.testing import CliRunner
from deployed_networks import padded_network
from gemm_networks import dense_graph, random_gemm_graph
from serial_bridge import serial_port

from flow.board_catalog import find_board
from flow.board_options import changed_board
from flow.board_port import BoardPort
from flow.board_predictions import inferences_per_second
from flow.cli import main
from flow.gemm_cycles import gemm_cycles
from flow.gemm_program import compile_gemm
from flow.gemm_twin import GemmTwin
from flow.graph_file import save_graph
from flow.hardware_verilog import TOP, accelerator_verilog
from flow.random_graphs import random_inputs
from flow.reference import run_reference
from sim.simulated_link import open_link
from sim.simulator import Simulator

NAME = "icebreaker"
SIZES = {
    "rows": 4,
    "cols": 4,
    "depth": 16,
    "activation_bytes": 1024,
    "weight_words": 1024,
    "parameter_words": 32,
    "program_words": 72,
}
OPTIONS = [text for name, value in SIZES.items() for text in (f"--{name.replace('_', '-')}", value)]
PLACE = ["--on", "board", "--board", NAME, "--port", "/dev/ttyUSB1"]
BOARD = changed_board(find_board(NAME), SIZES)
CONFIG = BOARD.config


@pytest.fixture
def twin(monkeypatch):
    """What answers at the port."""
    twin = GemmTwin(CONFIG)

    @contextmanager
    def host(port):
        assert port.board == NAME
        yield twin

    monkeypatch.setattr(BoardPort, "host", host)
    return twin


def lastbit(*arguments):
    return CliRunner().invoke(main, ["run", *map(str, arguments)])


def saved(folder, graph):
    """Save a network and an input, and return the arguments that name them, and the inputs."""
    inputs = random_inputs(graph, np.random.default_rng(1))
    save_graph(folder / "network.npz", graph)
    np.save(folder / "image.npy", inputs["image"])
    return [folder / "network.npz", "--input", folder / "image.npy"], inputs


@pytest.mark.parametrize("seed", [7, 12, 26])
def test_every_tensor_is_compared_and_said_where_it_is_from(twin, tmp_path, seed):
    graph = random_gemm_graph(np.random.default_rng(seed))
    arguments, inputs = saved(tmp_path, graph)
    result = lastbit(*arguments, *PLACE, *OPTIONS, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    program = compile_gemm(graph, CONFIG)
    assert program.layers
    assert program.host
    for layer in graph.layers:
        place = "accelerator" if layer.name in program.layers else "host"
        assert re.search(rf"^ *{layer.name} .* {place} .* 0 *$", result.output, re.MULTILINE)
    for name, reason in program.host.items():
        assert f"on the host: {name}, because {reason}\n" in result.output
    for name, expected in run_reference(graph, inputs).items():
        np.testing.assert_array_equal(np.load(tmp_path / "out" / f"{name}.npy"), expected)


def test_an_accelerator_that_is_wrong_is_found_out(twin, tmp_path, monkeypatch):
    graph = dense_graph(np.random.default_rng(2))
    arguments, _ = saved(tmp_path, graph)
    whole, faults = GemmTwin.read, iter([1])

    def wrong(self, memory, address, count):
        words = whole(self, memory, address, count)
        words[0] ^= next(faults, 0)
        return words

    monkeypatch.setattr(GemmTwin, "read", wrong)
    result = lastbit(*arguments, *PLACE, *OPTIONS)
    assert result.exit_code == 1, result.output
    assert re.search(r"^ *conv0 .* 1 *$", result.output, re.MULTILINE)


def test_a_deployed_model_runs_too(twin, tmp_path):
    (tmp_path / "model.tflite").write_bytes(padded_network())
    np.save(
        tmp_path / "image.npy", np.random.default_rng(1).integers(-128, 128, (2, 5, 6, 3), np.int8)
    )
    result = lastbit(tmp_path / "model.tflite", "--input", tmp_path / "image.npy", *PLACE, *OPTIONS)
    assert result.exit_code == 0, result.output
    assert re.search(r"^ *convolved .* accelerator .* 0 ", result.output, re.MULTILINE)
    assert re.search(r"^ *mean .* host .* 0 ", result.output, re.MULTILINE)
    assert "on the host: mean, because " in result.output


def test_a_small_job_is_not_written(twin, tmp_path):
    arguments, _ = saved(tmp_path, dense_graph(np.random.default_rng(2)))
    result = lastbit(*arguments, *PLACE, *OPTIONS, "--reduce", tmp_path / "small")
    assert result.exit_code == 2
    assert "--reduce is for accelerators that run programs, and this runs jobs" in result.stderr


def test_inferences_are_predicted_if_every_product_fits():
    graph = dense_graph(np.random.default_rng(2))
    cycles = gemm_cycles(compile_gemm(graph, CONFIG)).cycles
    assert inferences_per_second(BOARD, graph) == pytest.approx(24e6 / cycles)
    small = changed_board(BOARD, {"weight_words": 16})
    assert inferences_per_second(small, graph) is None


@pytest.fixture
def port():
    """A port behind which the accelerator itself is, simulated."""
    if (missing := Simulator.VERILATOR.missing()) is not None:
        pytest.skip(missing)
    link = open_link(accelerator_verilog(CONFIG), TOP, simulator=Simulator.VERILATOR)
    with link, serial_port(link) as name:
        yield name


@pytest.mark.long
def test_every_tensor_of_hardware_behind_a_port_is_compared(tmp_path, port):
    graph = dense_graph(np.random.default_rng(2))
    arguments, _ = saved(tmp_path, graph)
    place = ["--on", "board", "--board", NAME, "--port", port]
    result = lastbit(*arguments, *place, *OPTIONS)
    assert result.exit_code == 0, result.output
    for layer in graph.layers:
        assert re.search(rf"^ *{layer.name} .* accelerator .* 0 *$", result.output, re.MULTILINE)
    assert f"\n{gemm_cycles(compile_gemm(graph, CONFIG)).cycles:,} cycles, " in result.output


@pytest.mark.long
@pytest.mark.parametrize(
    ("other", "sentence"),
    [
        (["--board", "ulx3s-12f"], "must be 0, and the hardware says 1: load the bitstream of"),
        (["--board", NAME, *OPTIONS, "--weight-words", 512], "weight_words must be 512, and the"),
    ],
)
def test_another_bitstream_is_refused(tmp_path, port, other, sentence):
    arguments, _ = saved(tmp_path, dense_graph(np.random.default_rng(2)))
    result = lastbit(*arguments, "--on", "board", "--port", port, *other)
    assert result.exit_code == 2
    assert sentence in result.stderr
