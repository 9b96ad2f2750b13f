import numpy as np
import pytest

from flow.digits import IMAGE_SHAPE, DigitSet, load_digits
from flow.float_layers import (
    Add,
    AveragePooling,
    Convolution,
    Depthwise,
    Flatten,
    FullyConnected,
    MaxPooling,
)
from flow.network import INPUT, Network
from flow.training import Schedule, loss_and_gradients, train
from golden.kernel_window import KernelWindow

SHAPE = (4, 4, 1)
SAME = KernelWindow((3, 3), padding=((1, 1), (1, 1)))
TWO = KernelWindow((2, 2))
LAYERS = (
    Convolution(name="a", inputs=(INPUT,), relu=True, channels=2, window=SAME),
    Depthwise(name="b", inputs=("a",), window=SAME),
    Add(name="c", inputs=("a", "b"), relu=True),
    MaxPooling(name="d", inputs=("c",), window=TWO),
    AveragePooling(name="e", inputs=("d",), window=TWO),
    Flatten(name="f", inputs=("e",)),
    FullyConnected(name="g", inputs=("f",), channels=3),
)
DIGITS = (
    Convolution(
        name="conv", inputs=(INPUT,), relu=True, channels=8, window=KernelWindow((3, 3), (2, 2))
    ),
    Flatten(name="flat", inputs=("conv",)),
    FullyConnected(name="logits", inputs=("flat",), channels=10),
)


class Exact:
    """No quantization, in whatever precision comes."""

    def fake_weights(self, layer, x):
        return x, np.ones_like(x)

    def fake_activations(self, point, x):
        return x, np.ones_like(x)


class Halves(Exact):
    """Everything to halves inside -1..1; the mask is the straight-through estimator's."""

    def fake_weights(self, layer, x):
        return np.clip(np.rint(2 * x) / 2, -1, 1), (np.abs(x) <= 1).astype(x.dtype)

    def fake_activations(self, point, x):
        return self.fake_weights(point, x)


def batch(seed, images=12):
    random = np.random.default_rng(seed)
    return random.random((images, *SHAPE)), random.integers(0, 3, images)


def network_in_float64(seed):
    network = Network.random(LAYERS, SHAPE, seed=seed)
    parameters = {
        name: (weights.astype(np.float64), bias.astype(np.float64) + 0.1)
        for name, (weights, bias) in network.parameters.items()
    }
    return Network(LAYERS, SHAPE, parameters)


def slopes(network, images, labels, fake):
    """The gradients by central differences, parameter by parameter."""
    step = 1e-6
    found = {}
    for name, arrays in network.parameters.items():
        found[name] = tuple(np.zeros_like(array) for array in arrays)
        for parameter, slope in zip(arrays, found[name], strict=True):
            for index in np.ndindex(parameter.shape):
                kept = parameter[index]
                losses = []
                for parameter[index] in (kept + step, kept - step):
                    losses.append(loss_and_gradients(network, images, labels, fake)[0])
                parameter[index] = kept
                slope[index] = (losses[0] - losses[1]) / (2 * step)
    return found


@pytest.mark.parametrize("seed", range(3))
def test_gradients_are_the_slopes_of_the_loss(seed):
    network, (images, labels) = network_in_float64(seed), batch(seed)
    _, gradients = loss_and_gradients(network, images, labels, Exact())
    expected = slopes(network, images, labels, Exact())
    assert gradients.keys() == expected.keys() == {"a", "b", "g"}
    for name, found in gradients.items():
        for gradient, slope in zip(found, expected[name], strict=True):
            np.testing.assert_allclose(gradient, slope, atol=1e-7)


def test_clipped_values_have_no_gradient_and_rounded_ones_pass_it_on():
    network, (images, labels) = network_in_float64(1), batch(1)
    network.parameters["g"][0][2, 1] = 1.5
    _, gradients = loss_and_gradients(network, images, labels, Halves())
    assert gradients["g"][0][2, 1] == 0
    assert np.count_nonzero(gradients["g"][0]) > 10
    assert np.count_nonzero(gradients["a"][0]) > 10


def test_training_through_quantization_uses_the_quantized_values():
    network, (images, labels) = network_in_float64(2), batch(2)
    halves = Halves()
    rounded = Network(
        LAYERS,
        SHAPE,
        {name: (halves.fake_weights(name, w)[0], b) for name, (w, b) in network.parameters.items()},
    )
    loss, _ = loss_and_gradients(network, images, labels, halves)
    same, _ = loss_and_gradients(rounded, images, labels, halves)
    assert loss == same
    assert loss != loss_and_gradients(network, images, labels, Exact())[0]


def test_a_few_epochs_learn_the_digits_and_report_each():
    data, held_out = load_digits()
    reports = []
    schedule = Schedule(epochs=8, learning_rate=1e-2)
    network = train(
        Network.random(DIGITS, IMAGE_SHAPE, seed=0),
        data,
        schedule,
        on_epoch=lambda epoch, loss: reports.append((epoch, loss)),
    )
    assert [epoch for epoch, _ in reports] == list(range(1, 9))
    assert reports[-1][1] < reports[0][1] / 4
    assert held_out.accuracy(network.predict(held_out.images)) > 0.92


def test_the_same_seed_gives_the_same_network_and_leaves_the_first_alone():
    data = load_digits()[0]
    few = DigitSet(data.images[:100], data.labels[:100])
    start = Network.random(DIGITS, IMAGE_SHAPE, seed=5)
    before = start.parameters["conv"][0].copy()
    schedule = Schedule(epochs=2, learning_rate=1e-2, seed=1)
    first, again = (train(start, few, schedule).parameters["conv"][0] for _ in range(2))
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(start.parameters["conv"][0], before)


def test_every_image_is_seen_once_an_epoch_and_the_rate_falls_to_zero():
    schedule = Schedule(epochs=3, learning_rate=0.5, batch=7)
    steps = [list(schedule.batches(epoch, 20)) for epoch in range(3)]
    for epoch in steps:
        assert sorted(np.concatenate([chosen for _, chosen in epoch])) == list(range(20))
    rates = [rate for epoch in steps for rate, _ in epoch]
    assert rates[0] == 0.5
    assert rates == sorted(rates, reverse=True)
    assert 0 < rates[-1] < 0.02


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"epochs": 0}, "epochs must be at least 1, not 0"),
        ({"batch": 0}, "batch must be at least 1, not 0"),
        ({"learning_rate": 0.0}, r"learning_rate must be positive, not 0\.0"),
        ({"learning_rate": float("nan")}, "learning_rate must be positive, not nan"),
    ],
)
def test_schedules_are_checked(change, sentence):
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        Schedule(**({"epochs": 1, "learning_rate": 1e-3} | change))
