import numpy as np
import pytest

from flow.layer_work import kind, multiply_accumulates
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
from golden.kernel_window import KernelWindow
from golden.requantize import Requantization
from golden.residual import residual_parameters
from golden.scheme import Scheme

R = Requantization.from_scale(Scheme.FLOAT32, 0.5)
SUM = residual_parameters((0.5, 0.25), 0.5)
WINDOW = KernelWindow((2, 3), (2, 1))  # 2 x 2 places on an image of 4 x 4


def ones(*shape):
    return np.ones(shape, np.int8)


@pytest.mark.parametrize(
    ("layer", "words", "products"),
    [
        (Conv2d("a", "x", ones(2, 3, 6, 5), R, WINDOW), "convolution 2 × 3", 4 * 5 * 2 * 3 * 6),
        (DepthwiseConv2d("a", "x", ones(2, 3, 6, 2), R, WINDOW), "depthwise 2 × 3", 4 * 12 * 6),
        (AveragePool("a", "x", R, WINDOW), "average pooling 2 × 3", 4 * 6 * 6),
        (MaxPool("a", "x", WINDOW), "max pooling 2 × 3", 4 * 6 * 6),
        (GlobalAveragePool("a", "x", R), "global average pooling", 16 * 6),
        (ResidualAdd("a", ("x", "x"), *SUM), "residual addition", 2 * 16 * 6),
        (Flatten("a", "x"), "flatten", 0),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_products_of_a_layer_by_its_definition(layer, words, products):
    inputs = [TensorType((3, 4, 4, 6))] * len(layer.inputs)
    assert kind(layer) == words
    assert multiply_accumulates(layer, inputs) == 3 * products


def test_products_of_a_fully_connected_layer():
    layer = FullyConnected("a", "x", ones(7, 5), R)
    assert kind(layer) == "fully connected"
    assert multiply_accumulates(layer, [TensorType((3, 1, 1, 7))]) == 3 * 7 * 5
