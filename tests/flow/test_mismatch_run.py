"""`lastbit run` on accelerators that are wrong: what it says, and the small job that it writes."""

import re
import shlex

import numpy as np
import pytest
from click.testing import CliRunner
from deployed_networks import padded_network
from faulty_machine import Stuck, break_golden, break_reads

from flow.cli import main
from flow.graph_file import load_graph, save_graph
from flow.model_file import load_model
from flow.model_inputs import draw_model_inputs
from flow.network_check import conv, graph_of
from flow.network_run import compile_network
from flow.program_machine import GoldenMachine
from flow.random_graphs import random_inputs
from flow.reference import run_reference
from hw.accelerator_config import AcceleratorConfig
from hw.config import EngineConfig

SIZES = {
    "activation-bytes": 4096,
    "weight-words": 1024,
    "parameter-words": 256,
    "program-words": 4096,
}
ARRAY = ["--rows", "4", "--cols", "3", "--depth", "16"]
OPTIONS = [*ARRAY, *(text for name, n in SIZES.items() for text in (f"--{name}", str(n)))]
CONFIG = AcceleratorConfig(
    EngineConfig(rows=4, cols=3, depth=16, statistics=True),
    **{name.replace("-", "_"): size for name, size in SIZES.items()},
)
GRAPH = graph_of(
    (2, 5, 5, 4),
    conv((3, 3), 4, 7, "first", padding=((1, 1), (1, 1))),
    conv((3, 3), 7, 5, "second", "first"),
)


@pytest.fixture
def network(tmp_path):
    """A network and its input in files, and their names as arguments."""
    save_graph(tmp_path / "network.npz", GRAPH)
    np.save(tmp_path / "x.npy", inputs()["x"])
    return [str(tmp_path / "network.npz"), "--input", str(tmp_path / "x.npy"), *OPTIONS]


def inputs():
    return random_inputs(GRAPH, np.random.default_rng(7))


def lastbit(*arguments):
    return CliRunner().invoke(main, ["run", *arguments])


def test_the_first_difference_is_explained(network, monkeypatch):
    break_golden(monkeypatch, Stuck(2, 9))
    result = lastbit(*network, "--on", "golden")
    assert result.exit_code == 1
    said = result.output
    assert re.search(
        r"^first \(convolution 3 × 3\): \d+ of 350 elements differ; the first is", said, re.M
    )
    assert "column 2 of the array, requantizer 2; row" in said
    assert "differences are only in column 2 of the array" in said
    assert "bit 9 of the accumulators is stuck at 1 in column 2" in said


def test_the_small_job_fails_where_it_was_found_and_nowhere_else(network, tmp_path, monkeypatch):
    folder = tmp_path / "small"
    with monkeypatch.context() as patch:
        break_golden(patch, Stuck(2, 9))
        result = lastbit(*network, "--on", "golden", "--reduce", str(folder))
        assert result.exit_code == 1, result.output
        assert f"{folder} holds the smallest job that still fails" in result.output.replace(
            "\n", " "
        )
        readme = (folder / "README.txt").read_text()
        command = shlex.split(re.search(r"^    lastbit run (.*)$", readme, re.M)[1])
        monkeypatch.chdir(folder)
        again = lastbit(*command)
        assert again.exit_code == 1, again.output
    assert lastbit(*command).exit_code == 0
    assert sorted(path.name for path in folder.iterdir()) == [
        "README.txt", "actual.npy", "expected.npy", "network.npz", "x.npy",
    ]  # fmt: skip
    assert not list(tmp_path.glob(".small*"))
    graph = load_graph(folder / "network.npz")
    assert [layer.name for layer in graph.layers] == ["first"]
    assert graph.types["first"].shape == (1, 1, 1, 3)
    expected = np.load(folder / "expected.npy")
    tensors = run_reference(graph, {"x": np.load(folder / "x.npy")})
    np.testing.assert_array_equal(tensors["first"], expected)
    different = np.argwhere(np.load(folder / "actual.npy") != expected).tolist()
    assert different == [[0, 0, 0, 2]]


def test_a_byte_that_the_host_reads_wrong(network, tmp_path, monkeypatch):
    address = compile_network(GRAPH, CONFIG).tensors["second"].address
    break_reads(monkeypatch, address + 13, 6)
    result = lastbit(*network, "--on", "verilator")
    assert result.exit_code == 1
    assert "second (convolution 3 × 3): 1 of 90 elements differ" in result.output
    assert "the first is batch 0, y 0, x 2, channel 3" in result.output
    assert f"byte {address + 13} of the activation memory" in result.output


def test_a_fault_that_comes_and_goes_gives_no_small_job(network, tmp_path, monkeypatch):
    address = compile_network(GRAPH, CONFIG).tensors["second"].address
    break_reads(monkeypatch, address, 3, times=1)
    result = lastbit(*network, "--on", "verilator", "--reduce", str(tmp_path / "small"))
    assert result.exit_code == 1
    assert "the fault comes and goes" in result.output
    assert not (tmp_path / "small").exists()


def test_counters_alone(network, tmp_path, monkeypatch):
    whole = GoldenMachine.run

    def miscounted(self, inputs):
        run = whole(self, inputs)
        run.counters.ties += miscounted.wrong
        miscounted.wrong = 0
        return run

    break_reads(monkeypatch, 4000, 0)
    miscounted.wrong = 3
    monkeypatch.setattr(GoldenMachine, "run", miscounted)
    result = lastbit(*network, "--on", "verilator", "--reduce", str(tmp_path / "small"))
    assert result.exit_code == 1
    assert re.search(r"counter ties is \d+, and golden counts \d+", result.output)
    assert "no element differs" in result.output


def test_models_are_explained_in_the_networks_that_they_become(tmp_path, monkeypatch):
    (tmp_path / "padded.tflite").write_bytes(padded_network())
    model = load_model(tmp_path / "padded.tflite")
    np.save(tmp_path / "x.npy", draw_model_inputs(model, 4, 4)["x"])
    break_golden(monkeypatch, Stuck(1, 12))
    arguments = [str(tmp_path / "padded.tflite"), "--input", str(tmp_path / "x.npy"), *ARRAY]
    result = lastbit(
        *arguments, "--on", "golden", "--no-runtime", "--batch", "2", "--reduce",
        str(tmp_path / "small"),
    )  # fmt: skip
    assert result.exit_code == 1, result.output
    assert re.search(
        r"^convolved \(convolution .*\): \d+ of \d+ elements differ", result.output, re.M
    )
    assert "differences are only in column 1 of the array" in result.output
    assert load_graph(tmp_path / "small" / "network.npz").types["convolved"].shape[:3] == (1, 1, 1)


def test_a_later_run_of_a_model_s_network_is_named(tmp_path, monkeypatch):
    """The second program of two, of two images each."""
    (tmp_path / "padded.tflite").write_bytes(padded_network())
    model = load_model(tmp_path / "padded.tflite")
    np.save(tmp_path / "x.npy", draw_model_inputs(model, 4, 4)["x"])
    whole, runs = GoldenMachine.run, []

    def wrong(self, inputs):
        run = whole(self, inputs)
        runs.append(run)
        if len(runs) == 2:
            run.tensors["convolved"][1, 0, 0, 2] ^= 1
        return run

    monkeypatch.setattr(GoldenMachine, "run", wrong)
    arguments = [str(tmp_path / "padded.tflite"), "--input", str(tmp_path / "x.npy"), *ARRAY]
    result = lastbit(*arguments, "--on", "golden", "--no-runtime", "--batch", "2")
    assert result.exit_code == 1, result.output
    assert "in run 1 of the program, the first being 0:" in result.output
    assert "the first is batch 1, y 0, x 0, channel 2" in result.output


def test_a_folder_that_is_there_is_refused_before_anything_runs(network, tmp_path, monkeypatch):
    (tmp_path / "small").mkdir()
    (tmp_path / "small" / "mine").touch()
    result = lastbit(*network, "--on", "golden", "--reduce", str(tmp_path / "small"))
    assert result.exit_code == 2
    assert "small is there already; name a folder that is not" in result.output
    result = lastbit(*network, "--on", "golden", "--reduce", str(tmp_path / "no" / "small"))
    assert result.exit_code == 2
    assert "make the folder" in result.output
