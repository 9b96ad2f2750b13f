import json
from dataclasses import replace

import numpy as np
import pytest

from golden.program import Counters

OUTPUTS = (8 * 8 * 8, 8 * 8 * 8, 8 * 8 * 8, 4 * 4 * 8, 4 * 4 * 16, 2 * 2 * 16, 10)


def test_totals_are_over_all_layers(make_demo_result):
    result = make_demo_result()
    assert [layer.comparison.total for layer in result.layers] == [50 * n for n in OUTPUTS]
    assert result.elements == 50 * sum(OUTPUTS)
    assert result.differences == 0
    assert result.equal
    assert result.rows == sum(layer.rows for layer in result.layers) == 50 * 1552
    products = sum(layer.multiply_accumulates for layer in result.layers)
    assert result.utilization == products / (50 * 1552 * 64)
    assert replace(result, cycles=100_000).utilization == products / (100_000 * 64)


def test_layers_say_what_they_are_and_the_flattening_is_left_out(make_demo_result):
    layers = {layer.name: layer for layer in make_demo_result().layers}
    assert [(layer.kind, layer.shape) for layer in layers.values()] == [
        ("convolution 3 × 3", (8, 8, 8)),
        ("depthwise 3 × 3", (8, 8, 8)),
        ("residual addition", (8, 8, 8)),
        ("max pooling 2 × 2", (4, 4, 8)),
        ("convolution 3 × 3", (4, 4, 16)),
        ("average pooling 2 × 2", (2, 2, 16)),
        ("fully connected", (1, 1, 10)),
    ]
    assert layers["convolution 2"].rows == 50 * 16 * 2 * 9
    assert layers["convolution 2"].utilization == 1
    assert layers["depthwise"].utilization == 1 / 8


def test_a_changed_output_is_found_and_named(make_demo_result):
    def change(tensors):
        tensors["depthwise"][7, 3, 1, 5] ^= 1

    result = make_demo_result(change)
    assert result.differences == 1
    assert not result.equal
    assert result.verdict == f"1 of {result.elements:,} elements differ from golden"
    assert [layer.comparison.count for layer in result.layers] == [0, 1, 0, 0, 0, 0, 0]
    assert result.layers[1].comparison.first.index == (7, 3, 1, 5)
    content = result.as_json()
    assert not content["equal"]
    assert content["layers"][1]["first_difference"].startswith("[7, 3, 1, 5] actual")


def test_counters_that_differ_are_a_difference(make_demo_result):
    result = make_demo_result()
    other = replace(result, expected_counters=replace(result.counters, ties=10**6))
    assert other.differences == 0
    assert not other.equal
    assert "counters differ" in other.verdict
    assert isinstance(result.counters, Counters)
    assert result.counters.passes > 100


def test_predictions_are_those_of_the_hardware(make_demo_result, read_as):
    digits = np.arange(50) % 10
    result = make_demo_result(read_as(digits))
    np.testing.assert_array_equal(result.predictions, digits)
    assert result.accuracies[-1].right == np.sum(result.held_out.labels == digits)


def test_errors_are_those_of_quantization(make_demo_result):
    for layer in make_demo_result().layers:
        if layer.weights is not None:
            half_step = layer.weights.quantization.scale.max() / 2
            assert 0.5 * half_step < layer.weights.error.max_abs <= half_step * 1.001
        assert layer.error.sqnr_db > 25
        assert layer.error.clipped < 0.01


def test_the_json_is_plain_and_has_the_figures(make_demo_result):
    content = make_demo_result().as_json()
    assert json.loads(json.dumps(content)).keys() == content.keys()
    assert content["elements"] == 50 * sum(OUTPUTS)
    assert content["layers"][0]["kind"] == "convolution 3 × 3"
    assert content["counters"]["passes"] == content["expected_counters"]["passes"]
    assert len(content["predictions"]) == 50
    assert content["accuracies"][0]["total"] == 50
    assert content["seconds"] == {"train": pytest.approx(1.25)}
