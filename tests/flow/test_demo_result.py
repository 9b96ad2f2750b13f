import json

import numpy as np
import pytest


def test_totals_are_over_all_layers(make_demo_result):
    result = make_demo_result()
    assert result.elements == 50 * (12 + 10)
    assert result.differences == 0
    assert result.cycles == 20 + 800 + 20 + 200
    assert result.utilization == pytest.approx((50 * 64 * 12 + 50 * 12 * 10) / (1040 * 64))
    assert [layer.multiply_accumulates for layer in result.layers] == [50 * 64 * 12, 50 * 12 * 10]


def test_padding_is_not_useful_and_the_mean_share_is_the_utilization(make_demo_result):
    second = make_demo_result().layers[1]  # K is 12 and N is 10 on an array of 8 x 8
    used = second.used[second.busy]
    assert used.tolist() == [share / 64 for share in (64, 32, 16, 8) for _ in range(50)]
    assert second.used.mean() == pytest.approx(50 * 12 * 10 / (second.cycles * 64))
    assert not second.used[~second.busy].any()


def test_a_changed_output_is_found_and_named(make_demo_result):
    def change(outputs):
        outputs[7, 3] ^= 1

    result = make_demo_result(change)
    assert result.differences == 1
    assert result.layers[0].comparison.equal
    assert result.layers[1].comparison.first.index == (7, 3)
    content = result.as_json()
    assert not content["equal"]
    assert content["layers"][1]["first_difference"].startswith("[7, 3] actual")


def test_predictions_are_those_of_the_hardware(make_demo_result):
    def change(outputs):
        outputs[:] = -128
        outputs[np.arange(50), np.arange(50) % 10] = 5

    result = make_demo_result(change)
    np.testing.assert_array_equal(result.predictions, np.arange(50) % 10)
    assert result.accuracies[-1].right == np.sum(result.held_out.labels == result.predictions)


def test_errors_are_those_of_quantization(make_demo_result):
    for layer in make_demo_result().layers:
        half_step = layer.layer.quantization.weights.scale.max() / 2
        assert 0.5 * half_step < layer.weight_error.max_abs <= half_step * 1.001
        assert layer.output_error.sqnr_db > 25
        assert layer.output_error.clipped < 0.01


def test_the_json_is_plain_and_has_the_figures(make_demo_result):
    content = make_demo_result().as_json()
    assert json.loads(json.dumps(content)) == content
    assert content["elements"] == 1100
    assert [content["layers"][0][name] for name in "mkn"] == [50, 64, 12]
    assert len(content["predictions"]) == 50
    assert content["accuracies"][0]["total"] == 50
    assert content["seconds"] == {"train": pytest.approx(1.25)}
