import json
import re

import numpy as np
import pytest

from flow.errors import UserError
from flow.graph_file import load_graph, save_graph
from flow.random_graphs import random_graph, random_inputs
from flow.reference import run_reference


def graph_of(seed, layers=6):
    return random_graph(np.random.default_rng(seed), layers=layers)


@pytest.mark.parametrize("seed", range(20))
def test_what_is_saved_is_loaded(tmp_path, seed):
    graph = graph_of(seed)
    path = tmp_path / "network.npz"
    save_graph(path, graph)
    loaded = load_graph(path)
    assert (loaded.inputs, loaded.outputs, loaded.types) == (
        graph.inputs,
        graph.outputs,
        graph.types,
    )
    inputs = random_inputs(graph, np.random.default_rng(seed))
    expected = run_reference(graph, inputs)
    for name, tensor in run_reference(loaded, inputs).items():
        np.testing.assert_array_equal(tensor, expected[name])


def test_the_same_bytes_twice(tmp_path):
    for name in ("a.npz", "b.npz"):
        save_graph(tmp_path / name, graph_of(3))
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def damaged(path, change):
    """Save a network whose description, or whose arrays, `change` has been at."""
    save_graph(path, graph_of(5))
    with np.load(path) as saved:
        arrays = dict(saved)
    description = json.loads(arrays["network"].tobytes())
    change(description, arrays)
    if "network" in arrays:
        arrays["network"] = np.frombuffer(json.dumps(description).encode(), np.uint8)
    np.savez(path, **arrays)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d, a: d.update(version=2), "its version must be 1, not 2"),
        (lambda d, a: d.pop("layers"), "'layers' is missing"),
        (lambda d, a: a.pop("network"), "'network' is missing"),
        (lambda d, a: d["layers"][0].update(kind="Softmax"), "a kind must be one of .*, not Soft"),
        (lambda d, a: d["layers"][1].update(input="nothing"), "reads nothing, which no layer"),
        (lambda d, a: d["layers"][0].update(bias=1), "unexpected keyword argument 'bias'"),
    ],
)
def test_a_damaged_file_is_one_sentence(tmp_path, change, said):
    path = tmp_path / "network.npz"
    damaged(path, change)
    with pytest.raises(UserError, match=f"is not a network that was saved whole: .*{said}") as info:
        load_graph(path)
    assert "\n" not in str(info.value)


@pytest.mark.parametrize("kept", [0, 10, 500, -1])
def test_a_file_that_is_cut_short_is_told(tmp_path, kept):
    path = tmp_path / "network.npz"
    save_graph(path, graph_of(1))
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(UserError, match="is not a network that was saved whole"):
        load_graph(path)


def test_a_wrong_name_is_told(tmp_path):
    for name, said in (("a.json", "must end in .npz"), ("a.npz", "cannot be read")):
        with pytest.raises(UserError, match=re.escape(f"{tmp_path / name} {said}")):
            load_graph(tmp_path / name)
