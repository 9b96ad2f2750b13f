import re

import numpy as np
import pytest

from flow.float_layers import Add, FullyConnected
from flow.network import INPUT, Network


def zeros(*shape):
    return np.zeros(shape, np.float32)


def dense(name, channels, taken=INPUT, relu=False):
    return FullyConnected(name=name, inputs=(taken,), channels=channels, relu=relu)


def test_a_network_by_hand():
    identity = np.eye(2, dtype=np.float32)
    bias = np.array([-1, 0.5], np.float32)
    layers = (
        dense("hidden", 2, relu=True),
        dense("turned", 2, "hidden"),
        Add(name="sum", inputs=("turned", INPUT)),
    )
    network = Network(
        layers, (1, 1, 2), {"hidden": (identity, bias), "turned": (-2 * identity, bias)}
    )
    tensors = network.run(np.array([[[[0.25, 2]]]], np.float32))
    assert list(tensors) == [INPUT, "hidden", "turned", "sum"] == list(network.shapes)
    np.testing.assert_array_equal(tensors["hidden"], [[[[0, 2.5]]]])
    np.testing.assert_array_equal(tensors["turned"], [[[[-1, -4.5]]]])
    np.testing.assert_array_equal(tensors["sum"], [[[[-0.75, -2.5]]]])


def test_prediction_is_the_first_of_the_largest_logits():
    network = Network((dense("logits", 3),), (1, 1, 3), {"logits": (np.eye(3), zeros(3))})
    images = np.array([[0, 2, 1], [1, 0, 1]], np.float32).reshape(2, 1, 1, 3)
    np.testing.assert_array_equal(network.predict(images), [1, 0])


def test_random_networks_follow_the_seed_and_have_he_deviation():
    layers = (dense("hidden", 300, relu=True), dense("logits", 10, "hidden"))
    first, again, other = (Network.random(layers, (1, 1, 400), seed=seed) for seed in (3, 3, 4))
    weights, bias = first.parameters["hidden"]
    assert weights.std() == pytest.approx(np.sqrt(2 / 400), rel=0.02)
    assert not bias.any()
    np.testing.assert_array_equal(weights, again.parameters["hidden"][0])
    assert (weights != other.parameters["hidden"][0]).any()


@pytest.mark.parametrize(
    ("layers", "sentence"),
    [
        ((), "a network must have at least one layer, not none"),
        (
            (dense("a", 2), dense("a", 2, "a")),
            "there must be one tensor called a, not two",
        ),
        (
            (dense("a", 2, "b"), dense("b", 2)),
            "a takes b, which no layer before it gives",
        ),
        (
            (dense("a", 2), dense("b", 2)),
            "a must be taken by a layer, or be the last",
        ),
        (
            (dense("a", 2),),
            "the parameters of a must have the shapes ((3, 2), (2,)), not ((2, 2), (2,))",
        ),
    ],
)
def test_layers_that_do_not_fit_are_refused(layers, sentence):
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        Network(layers, (1, 1, 3), {"a": (zeros(2, 2), zeros(2)), "b": (zeros(2, 2), zeros(2))})
