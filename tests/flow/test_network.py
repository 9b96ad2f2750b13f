import re

import numpy as np
import pytest

from flow.network import Network


def zeros(*shape):
    return np.zeros(shape, np.float32)


def test_hidden_layers_have_a_relu_and_the_last_has_none():
    identity = np.eye(2, dtype=np.float32)
    bias = np.array([-1, 0.5], np.float32)
    network = Network((identity, -identity), (bias, bias))
    hidden, logits = network.layer_outputs(np.array([[0.25, 2]], np.float32))
    np.testing.assert_array_equal(hidden, [[0, 2.5]])
    np.testing.assert_array_equal(logits, [[-1, -2]])


def test_prediction_is_the_first_of_the_largest_logits():
    network = Network((np.eye(3, dtype=np.float32),), (zeros(3),))
    images = np.array([[0, 2, 1], [1, 0, 1]], np.float32)
    np.testing.assert_array_equal(network.predict(images), [1, 0])


def test_random_networks_follow_the_seed_and_have_he_deviation():
    network = Network.random((400, 300, 10), seed=3)
    assert network.sizes == (400, 300, 10)
    assert network.weights[0].std() == pytest.approx(np.sqrt(2 / 400), rel=0.02)
    again, other = (Network.random((400, 300, 10), seed=seed).weights[1] for seed in (3, 4))
    np.testing.assert_array_equal(network.weights[1], again)
    assert (network.weights[1] != other).any()


@pytest.mark.parametrize(
    ("weights", "biases", "sentence"),
    [
        ((), (), "a network must have at least one layer and a bias for each, not 0 weight and 0"),
        ((zeros(2, 3),), (zeros(2),), "weights of layer 1 must have the shape (2, 2), not (2, 3)"),
        (
            (zeros(2, 3), zeros(2, 3)),
            (zeros(3), zeros(3)),
            "weights of layer 2 must have the shape (3, 3), not (2, 3)",
        ),
    ],
)
def test_layers_that_do_not_fit_are_refused(weights, biases, sentence):
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}"):
        Network(weights, biases)


def test_sizes_are_checked():
    with pytest.raises(
        ValueError, match=r"^sizes must be two or more positive numbers, not \(4,\)"
    ):
        Network.random((4,), seed=0)
