"""`lastbit run --on board` on a board whose accelerator runs GEMM jobs; here it is the model."""

import re
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner
from deployed_networks import padded_network
from gemm_networks import dense_graph, gemm_config, random_gemm_graph

from flow import run_place
from flow.board_catalog import find_board
from flow.board_port import BoardPort
from flow.board_predictions import inferences_per_second
from flow.cli import main
from flow.gemm_cycles import gemm_cycles
from flow.gemm_program import compile_gemm
from flow.gemm_twin import GemmTwin
from flow.graph_file import save_graph
from flow.random_graphs import random_inputs
from flow.reference import run_reference

CONFIG = gemm_config(4, lanes=1, weights=1024)
BOARD = ["--on", "board", "--board", "icebreaker", "--port", "/dev/ttyUSB1"]


def board():
    engine = {"rows": 4, "cols": 4, "lanes": 1, "depth": 16}
    return replace(find_board("icebreaker"), engine=engine, config=CONFIG)


@pytest.fixture
def twin(monkeypatch):
    """What answers at the port."""
    twin = GemmTwin(CONFIG)

    @contextmanager
    def host(port):
        assert port.board == "icebreaker"
        yield twin

    monkeypatch.setattr(run_place, "find_board", lambda name: board())
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


def test_every_tensor_is_compared_and_said_where_it_is_from(twin, tmp_path):
    graph = random_gemm_graph(np.random.default_rng(2))
    arguments, inputs = saved(tmp_path, graph)
    result = lastbit(*arguments, *BOARD, "--out", tmp_path / "out")
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
    result = lastbit(*arguments, *BOARD)
    assert result.exit_code == 1, result.output
    assert re.search(r"^ *conv0 .* 1 *$", result.output, re.MULTILINE)


def test_a_deployed_model_runs_too(twin, tmp_path):
    (tmp_path / "model.tflite").write_bytes(padded_network())
    np.save(
        tmp_path / "image.npy", np.random.default_rng(1).integers(-128, 128, (2, 5, 6, 3), np.int8)
    )
    result = lastbit(tmp_path / "model.tflite", "--input", tmp_path / "image.npy", *BOARD)
    assert result.exit_code == 0, result.output
    assert re.search(r"^ *convolved .* accelerator .* 0 ", result.output, re.MULTILINE)
    assert re.search(r"^ *mean .* host .* 0 ", result.output, re.MULTILINE)
    assert "on the host: mean, because it is not a matrix product\n" in result.output


def test_a_small_job_is_not_written(twin, tmp_path):
    arguments, _ = saved(tmp_path, dense_graph(np.random.default_rng(2)))
    result = lastbit(*arguments, *BOARD, "--reduce", tmp_path / "small")
    assert result.exit_code == 2
    assert "--reduce is for accelerators that run programs, and this runs jobs" in result.stderr


def test_inferences_are_predicted_if_every_product_fits():
    graph = dense_graph(np.random.default_rng(2))
    cycles = gemm_cycles(compile_gemm(graph, CONFIG)).cycles
    assert inferences_per_second(board(), graph) == pytest.approx(12e6 / cycles)
    small = replace(board(), config=replace(CONFIG, weight_words=16))
    assert inferences_per_second(small, graph) is None
