import numpy as np
import pytest

from flow.graph import Graph
from flow.layers import (
    AveragePool,
    Conv2d,
    DepthwiseConv2d,
    Flatten,
    FullyConnected,
    GlobalAveragePool,
    MaxPool,
    ResidualAdd,
    TensorType,
)
from golden.formats import INT4
from golden.kernel_window import KernelWindow
from golden.requantize import Requantization
from golden.residual import residual_parameters
from golden.scheme import Scheme

IMAGE = {"x": TensorType((2, 6, 5, 3), 4)}
WINDOW = KernelWindow((3, 3), (2, 2))


def out(channels=1, zero_point=7, **options):
    scale = np.full(channels, 0.01)
    return Requantization.from_scale(Scheme.FLOAT32, scale, zero_point=zero_point, **options)


def zeros(*shape, dtype=np.int8):
    return np.zeros(shape, dtype)


def add(*inputs, zero_point=7):
    multipliers, requantization = residual_parameters((1, 1), 1, zero_point=zero_point)
    return ResidualAdd("y", inputs, multipliers, requantization)


@pytest.mark.parametrize(
    ("layer", "shape", "zero_point"),
    [
        (Conv2d("y", "x", zeros(3, 3, 3, 8), out(8), WINDOW), (2, 2, 2, 8), 7),
        (DepthwiseConv2d("y", "x", zeros(3, 3, 3, 2), out(6), WINDOW), (2, 2, 2, 6), 7),
        (AveragePool("y", "x", out(), WINDOW), (2, 2, 2, 3), 7),
        (GlobalAveragePool("y", "x", out()), (2, 1, 1, 3), 7),
        (MaxPool("y", "x", WINDOW), (2, 2, 2, 3), 4),
        (Flatten("y", "x"), (2, 1, 1, 90), 4),
        (add("x", "x"), (2, 6, 5, 3), 7),
    ],
)
def test_shapes_and_zero_points_follow_from_the_input(layer, shape, zero_point):
    assert Graph(IMAGE, [layer]).types["y"] == TensorType(shape, zero_point)


def test_a_fully_connected_layer_takes_a_flat_tensor():
    layers = [Flatten("f", "x"), FullyConnected("y", "f", zeros(90, 11), out(11))]
    graph = Graph(IMAGE, layers)
    assert graph.types["y"].shape == (2, 1, 1, 11)
    assert graph.outputs == ("y",)


@pytest.mark.parametrize(
    ("layer", "error", "sentence"),
    [
        (
            Conv2d("y", "x", zeros(3, 3, 4, 8), out(8), WINDOW),
            ValueError,
            r"its weights must have the shape \(3, 3, 3, any\), not \(3, 3, 4, 8\)",
        ),
        (
            Conv2d("y", "x", zeros(3, 3, 3, 8, dtype=np.int16), out(8), WINDOW),
            TypeError,
            "its weights must be int8, not int16",
        ),
        (
            Conv2d("y", "x", zeros(3, 3, 3, 8), out(7), WINDOW),
            ValueError,
            "its requantization must have 8 channels or 1, not 7",
        ),
        (
            Conv2d("y", "x", zeros(3, 3, 3, 1), out(1, out=INT4), WINDOW),
            ValueError,
            "its output must be int8, not int4",
        ),
        (
            MaxPool("y", "x", KernelWindow((7, 1))),
            ValueError,
            "the kernel spans 7 and the padded height is 6: take a smaller kernel or more padding",
        ),
        (
            FullyConnected("y", "x", zeros(3, 1), out()),
            ValueError,
            "its input must be flat, not 6 x 5: flatten it before",
        ),
        (
            DepthwiseConv2d("y", "x", zeros(3, 3, 3), out(), WINDOW),
            ValueError,
            r"its weights must have the shape \(3, 3, 3, any\), not \(3, 3, 3\)",
        ),
        (
            AveragePool("y", "x", out(2), WINDOW),
            ValueError,
            "its requantization must have 3 channels or 1, not 2",
        ),
        (
            MaxPool("y", "z", WINDOW),
            ValueError,
            "layer y reads z, which no layer before it writes; there are x",
        ),
        (MaxPool("x", "x", WINDOW), ValueError, "layer x must have a name that no other tensor"),
    ],
)
def test_what_does_not_suit_names_the_layer(layer, error, sentence):
    with pytest.raises(error, match=f"^(layer y: )?{sentence}"):
        Graph(IMAGE, [layer])


def test_only_equal_shapes_can_be_added():
    layers = [MaxPool("m", "x", WINDOW), add("x", "m")]
    with pytest.raises(ValueError, match=r"^layer y: its inputs must have one shape, not \(2, 6"):
        Graph(IMAGE, layers)


def test_an_output_must_be_there():
    with pytest.raises(ValueError, match=r"^output z must be one of x, y$"):
        Graph(IMAGE, [Flatten("y", "x")], ["z"])


def test_a_network_must_have_something():
    with pytest.raises(ValueError, match=r"^a network must have at least one input and one layer$"):
        Graph(IMAGE, [])


def test_a_tensor_must_have_four_lengths():
    with pytest.raises(ValueError, match=r"^a shape must be \(batch, height, width, channels\)"):
        TensorType((2, 3, 4))
    with pytest.raises(ValueError, match=r"^zero point must be from -128 to 127, not 128$"):
        TensorType((2, 3, 4, 1), 128)
