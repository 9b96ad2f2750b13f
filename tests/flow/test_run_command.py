import re
from itertools import pairwise

import numpy as np
import pytest
from click.testing import CliRunner
from small_accelerator import OPTIONS

from flow.cli import main
from flow.graph import Graph
from flow.graph_file import save_graph
from flow.job import Level
from flow.layers import MaxPool, TensorType
from flow.network_run import run_network
from flow.program_machine import GoldenMachine
from flow.random_graphs import random_graph, random_inputs
from flow.reference import run_reference
from golden.kernel_window import KernelWindow
from hw.accelerator_config import AcceleratorConfig
from hw.config import EngineConfig
from sim.simulator import Simulator


def network(tmp_path, seed=2):
    """Save a network and its input; return the arguments that name them, graph and inputs."""
    graph = random_graph(np.random.default_rng(seed), layers=4, largest=5)
    inputs = random_inputs(graph, np.random.default_rng(seed))
    save_graph(tmp_path / "network.npz", graph)
    np.save(tmp_path / "image.npy", inputs["image"])
    arguments = [str(tmp_path / "network.npz"), "--input", str(tmp_path / "image.npy")]
    return arguments, graph, inputs


def lastbit(*arguments):
    return CliRunner().invoke(main, ["run", *arguments])


def test_all_tensors_equal_on_golden(tmp_path):
    arguments, graph, inputs = network(tmp_path)
    result = lastbit(*arguments, "--on", "golden", *OPTIONS, "--out", str(tmp_path / "out"))
    assert result.exit_code == 0, result.output
    for layer in graph.layers:
        assert re.search(rf"^ *{layer.name} .* 0 *$", result.output, re.MULTILINE)
    for name, expected in run_reference(graph, inputs).items():
        np.testing.assert_array_equal(np.load(tmp_path / "out" / f"{name}.npy"), expected)


@pytest.mark.long
@pytest.mark.parametrize("simulator", list(Simulator))
def test_all_tensors_equal_on_hardware(tmp_path, simulator):
    if (missing := simulator.missing()) is not None:
        pytest.skip(missing)
    arguments, graph, _ = network(tmp_path)
    result = lastbit(*arguments, "--on", simulator.value, *OPTIONS)
    assert result.exit_code == 0, result.output
    for layer in graph.layers:
        assert re.search(rf"^ *{layer.name} .* 0 *$", result.output, re.MULTILINE)


def test_a_difference_is_found(tmp_path, monkeypatch):
    arguments, graph, _ = network(tmp_path)
    whole = GoldenMachine.run

    def wrong(self, inputs):
        run = whole(self, inputs)
        run.tensors[graph.layers[1].name].flat[0] ^= 1
        return run

    monkeypatch.setattr(GoldenMachine, "run", wrong)
    result = lastbit(*arguments, "--on", "golden", *OPTIONS)
    assert result.exit_code == 1
    assert re.search(rf"^ *{graph.layers[1].name} .* 1 *$", result.output, re.MULTILINE)


def pools(count):
    """Layers that each write as many bytes as they read: 256."""
    names = ["image", *(f"pool{n}" for n in range(count))]
    layers = [MaxPool(name, read, KernelWindow((1, 1))) for read, name in pairwise(names)]
    return Graph({"image": TensorType((1, 8, 8, 4))}, layers)


def test_tensors_that_do_not_all_fit_are_compared_as_far_as_they_are_kept():
    graph = pools(4)
    config = AcceleratorConfig(EngineConfig(rows=4, cols=4), activation_bytes=512)
    inputs = random_inputs(graph, np.random.default_rng(1))
    run = run_network(graph, inputs, config, Level.GOLDEN)
    assert run.equal
    compared = [layer.name for layer in run.layers if layer.comparison]
    assert compared == ["pool2", "pool3"]
    assert all(layer.comparison.total == 256 for layer in run.layers if layer.comparison)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"--rows": "65"}, "rows must be from 1 to 64, not 65"),
        ({"--activation-bytes": "5"}, "activation_bytes must be from"),
        ({"--weight-words": "2"}, "layer .* does not fit: there are 2 weight_words"),
        ({"--input": "other=image.npy"}, "must be NAME=FILE, NAME one of image"),
        ({"--input": "missing.npy"}, "missing.npy cannot be read"),
    ],
)
def test_bad_input_is_one_sentence(tmp_path, change, sentence):
    arguments, _, _ = network(tmp_path)
    options = dict(
        zip([*arguments[1:], *OPTIONS][::2], [*arguments[1:], *OPTIONS][1::2], strict=True)
    )
    options |= change
    given = [text for pair in options.items() for text in pair]
    result = lastbit(arguments[0], "--on", "golden", *given)
    assert result.exit_code == 2
    assert re.search(sentence, result.output)
    assert len(result.output.splitlines()) == 1


def test_a_missing_input_is_told(tmp_path):
    arguments, _, _ = network(tmp_path)
    result = lastbit(arguments[0], "--on", "golden", *OPTIONS)
    assert result.exit_code == 2
    assert "--input" in result.output
