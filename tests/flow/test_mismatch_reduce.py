"""Jobs get as small as what fails allows, and what is left computes the same numbers."""

import numpy as np
import pytest

from flow.graph import Graph
from flow.layers import DepthwiseConv2d, Flatten, GlobalAveragePool
from flow.mismatch_cuts import NetworkJob, axes
from flow.mismatch_reduce import reduce_job
from flow.network_check import addition, conv, graph_of
from flow.random_graphs import random_graph, random_inputs
from flow.reference import run_reference

OUTPUT_AXES = {"images": 0, "rows": 1, "columns": 2, "channels": 3}


def single_layers(count):
    """Jobs of one layer of every kind, with what it reads in a random network."""
    for seed in range(count):
        rng = np.random.default_rng(seed)
        graph = random_graph(rng)
        tensors = run_reference(graph, random_inputs(graph, rng))
        for layer in graph.layers:
            names = dict.fromkeys(layer.inputs)
            read = {name: graph.types[name] for name in names}
            if not isinstance(layer, Flatten):
                yield NetworkJob(Graph(read, [layer]), {name: tensors[name] for name in names})


def output(job):
    return run_reference(job.graph, job.inputs)[job.graph.layers[0].name]


def parts(length):
    return {range(length), range(1), range(length - 1, length), range(length // 3, length)}


def test_a_part_of_a_layer_computes_that_part_of_its_output():
    seen = set()
    for job in single_layers(25):
        layer, whole = job.graph.layers[0], output(job)
        for axis in axes(job):
            of_input = isinstance(layer, GlobalAveragePool) and axis.name in ("rows", "columns")
            if of_input or axis.name not in OUTPUT_AXES:
                continue
            seen.add((type(layer).__name__, axis.name))
            each = layer.weights.shape[3] if isinstance(layer, DepthwiseConv2d) else 1
            each = each if axis.name == "channels" else 1
            assert whole.shape[OUTPUT_AXES[axis.name]] == each * axis.length
            for part in parts(axis.length):
                wanted = np.arange(part.start * each, part.stop * each)
                expected = whole.take(wanted, axis=OUTPUT_AXES[axis.name])
                np.testing.assert_array_equal(output(axis.keep(part)), expected)
    kinds = {"Conv2d", "DepthwiseConv2d", "AveragePool", "MaxPool", "ResidualAdd"}
    assert seen >= {(kind, name) for kind in kinds for name in OUTPUT_AXES}
    assert ("FullyConnected", "channels") in seen


def test_fewer_input_channels_are_a_layer_without_the_others():
    graph = graph_of((1, 4, 4, 6), conv((3, 3), 6, 2))
    job = NetworkJob(graph, random_inputs(graph, np.random.default_rng(1)))
    axis = next(axis for axis in axes(job) if axis.name == "input channels")
    layer = graph.layers[0]
    zeroed = layer.weights.copy()
    zeroed[:, :, [0, 1, 5]] = 0
    others = graph_of((1, 4, 4, 6), conv((3, 3), 6, 2))
    object.__setattr__(others.layers[0], "weights", zeroed)
    expected = output(NetworkJob(others, job.inputs))
    np.testing.assert_array_equal(output(axis.keep(range(2, 5))), expected)


def reduced(graph, layer, fails, **options):
    inputs = random_inputs(graph, np.random.default_rng(1))
    return reduce_job(graph, layer, run_reference(graph, inputs), fails, **options)


CHAIN = graph_of(
    (3, 8, 8, 9),
    conv((3, 3), 9, 16, "first", padding=((1, 1), (1, 1))),
    conv((3, 3), 16, 12, "second", "first"),
    conv((1, 1), 12, 5, "third", "second"),
)


def shapes(job):
    return {name: kind.shape for name, kind in job.graph.types.items()}


@pytest.mark.parametrize(
    ("smallest", "expected"),
    [
        ((1, 1, 1, 1), (1, 1, 1, 1)),
        ((2, 1, 1, 1), (2, 1, 1, 1)),
        ((1, 3, 2, 5), (1, 3, 2, 5)),
        ((3, 6, 6, 12), (3, 6, 6, 12)),
    ],
)
def test_the_failing_layer_alone_shrinks_to_what_fails(smallest, expected):
    def fails(job):
        shape = job.graph.types[job.graph.layers[-1].name].shape
        return all(have >= need for have, need in zip(shape, smallest, strict=True))

    found = reduced(CHAIN, CHAIN.layers[1], fails)
    assert [layer.name for layer in found.job.graph.layers] == ["second"]
    assert shapes(found.job)["second"] == expected
    assert shapes(found.job)["first"][3] == 1


def test_a_fault_in_one_place_is_found():
    """The job fails as long as the one element is in it that is the largest of all inputs."""
    inputs = random_inputs(CHAIN, np.random.default_rng(1))
    first = np.clip(run_reference(CHAIN, inputs)["first"], -100, 100)
    first[2, 5, 4, 11] = 127
    tensors = run_reference(CHAIN, inputs) | {"first": first}
    found = reduce_job(
        CHAIN, CHAIN.layers[1], tensors, lambda job: (job.inputs["first"] == 127).any()
    )
    assert shapes(found.job)["second"] == (1, 1, 1, 1)
    assert shapes(found.job)["first"] == (1, 3, 3, 1)
    assert (found.job.inputs["first"] == 127).any()


def test_layers_before_stay_if_the_failing_one_does_not_fail_alone():
    found = reduced(CHAIN, CHAIN.layers[1], lambda job: len(job.graph.layers) == 2)
    assert [layer.name for layer in found.job.graph.layers] == ["first", "second"]
    assert shapes(found.job)["x"] == (1, 8, 8, 9)
    assert found.job.graph.outputs == ("second",)
    found = reduced(CHAIN, CHAIN.layers[1], lambda job: len(job.graph.layers) == 3)
    assert len(found.job.graph.layers) == 3


def test_layers_that_do_not_matter_are_left_out():
    graph = graph_of(
        (1, 4, 4, 3),
        conv((1, 1), 3, 3, "a"),
        conv((1, 1), 3, 3, "b"),
        addition("a", "x", "sum"),
    )
    found = reduced(graph, graph.layers[2], lambda job: len(job.graph.layers) > 1)
    assert [layer.name for layer in found.job.graph.layers] == ["a", "sum"]


def test_nothing_is_found_if_nothing_fails():
    assert reduced(CHAIN, CHAIN.layers[1], lambda job: False) is None


def test_the_number_of_runs_is_limited():
    asked = []

    def fails(job):
        asked.append(job)
        return True

    found = reduced(CHAIN, CHAIN.layers[1], fails, most_runs=5)
    assert found.runs == len(asked) == 5
