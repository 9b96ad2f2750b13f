"""The explanation names the layer, the element, the column and the cause of planted faults."""

import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from faulty_machine import Deaf, Stuck, run_with

from flow.graph import Graph
from flow.layers import MaxPool, TensorType
from flow.mismatch import explain_mismatch
from flow.mismatch_report import mismatch_lines
from flow.network_check import accelerator, conv, graph_of
from flow.network_run import compile_network
from flow.random_graphs import random_inputs
from flow.reference import run_reference
from golden.kernel_window import KernelWindow
from golden.requantize import Requantization
from golden.rounding import Rounding
from golden.scheme import Scheme

CONFIG = accelerator(4, 3, 16)
HALVES = Requantization.from_scale(Scheme.SHIFT, np.full(7, 2.0**-1))


class Unharmed:
    def after_pass(self, done):
        pass

    def after_drain(self, drain):
        pass


def three_layers(scale=0.0005):
    """The second layer has half of its sums half way between two codes."""
    middle = conv((3, 3), 11, 7, "second", "first")
    weights = np.sign(middle.weights) * (np.arange(7) < 6)
    return graph_of(
        (1, 5, 5, 4),
        replace(
            conv((3, 3), 4, 11, "first", padding=((1, 1), (1, 1))),
            requantization=Requantization.from_scale(Scheme.FLOAT32, np.full(11, scale)),
        ),
        replace(middle, weights=weights.astype(np.int8), requantization=HALVES),
        conv((1, 1), 7, 5, "third", "second"),
    )


def prepared(graph=None):
    graph = graph or three_layers()
    program = compile_network(graph, CONFIG)
    inputs = random_inputs(graph, np.random.default_rng(7))
    return graph, program, inputs, run_reference(graph, inputs)


def sentences(mismatch):
    return [cause.sentence for cause in mismatch.causes]


def test_a_right_run_is_not_explained():
    graph, program, inputs, expected = prepared()
    actual = run_with(Unharmed(), program, inputs).tensors
    assert explain_mismatch(graph, program, expected, actual) is None


@pytest.mark.parametrize(
    ("fault", "column", "cause"),
    [
        (Stuck(2, 9), 2, "bit 9 of the accumulators is stuck at 1 in column 2"),
        (Deaf(1, 3), 1, "row 3 of the array adds nothing in column 1"),
        (Deaf(0, 0), 0, "row 0 of the array adds nothing in column 0"),
    ],
)
def test_faults_of_the_array_are_named(fault, column, cause):
    graph, program, inputs, expected = prepared()
    actual = run_with(fault, program, inputs).tensors
    found = explain_mismatch(graph, program, expected, actual)
    assert found.layer is graph.layers[0]
    assert found.columns == ((column,), 3)
    assert found.location.column == column == found.location.element[3] % 3
    assert any(sentence.endswith(cause) for sentence in sentences(found)), sentences(found)
    first = tuple(np.argwhere(actual["first"] != expected["first"])[0])
    assert found.location.element == first
    assert (found.actual, found.expected) == (actual["first"][first], expected["first"][first])


def test_another_tie_rule_is_named():
    graph, program, inputs, expected = prepared()
    parameters = [replace(p, tie=Rounding.HALF_UP) for p in program.parameters]
    wrong = replace(program, parameters=parameters)
    actual = run_with(Unharmed(), wrong, inputs).tensors
    found = explain_mismatch(graph, program, expected, actual)
    assert found.layer is graph.layers[1]
    assert found.case.case.value == "a tie"
    assert re.search("hardware rounds .*half_up, the model half_even", sentences(found)[0])
    lines = "\n".join(mismatch_lines(found))
    assert "second (convolution 3 × 3): " in lines
    assert "by half_even, a tie; with zero point 0" in lines
    assert "differences are in all 3 columns" in lines


def test_columns_exchanged_in_one_layer():
    graph, program, _, expected = prepared()
    actual = {name: values.copy() for name, values in expected.items()}
    actual["second"][..., 0:6:3] = expected["second"][..., 2:6:3]
    found = explain_mismatch(graph, program, expected, actual)
    assert found.columns == ((0,), 3)
    assert "column 0 has the results of column 2" in "; ".join(sentences(found))


def test_what_golden_makes_of_a_wrong_program_is_not_blamed_on_the_hardware():
    graph, program, inputs, _ = prepared()
    layer = graph.layers[0]
    other = replace(layer, weights=layer.weights + (layer.weights < 100).astype(np.int8))
    right = replace(graph, layers=[other, *graph.layers[1:]])
    actual = run_with(Unharmed(), program, inputs).tensors
    found = explain_mismatch(graph, program, run_reference(right, inputs), actual)
    assert found.compiled_wrongly
    assert not found.causes
    lines = "\n".join(mismatch_lines(found))
    assert f"the program itself is wrong: golden runs it to {found.actual} too" in lines
    assert f"by the layer's definition {found.expected} is right" in lines


def test_layers_that_were_written_over_are_named():
    names = ["image", "a", "b", "c"]
    layers = [MaxPool(name, read, KernelWindow((1, 1))) for read, name in pairwise(names)]
    network = Graph({"image": TensorType((1, 8, 8, 4))}, layers)
    config = accelerator(4, 4, 512, activation_bytes=512)
    program = compile_network(network, config)
    inputs = random_inputs(network, np.random.default_rng(1))
    expected = run_reference(network, inputs)
    actual = {name: values.copy() for name, values in expected.items()}
    actual["c"][0, 3, 2, 1] ^= 4
    found = explain_mismatch(network, program, expected, actual)
    assert found.unknown == ("a",)
    assert found.location.element == (0, 3, 2, 1)
    assert found.causes == ()
