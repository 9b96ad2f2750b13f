import numpy as np
import pytest

from flow.allocation import Reuse
from flow.layers import (
    AveragePool,
    DepthwiseConv2d,
    FullyConnected,
    GlobalAveragePool,
    MaxPool,
)
from flow.network_check import accelerator, addition, check_golden, conv, graph_of, scaled
from flow.random_graphs import random_codes
from golden.kernel_window import KernelWindow

ARRAYS = [(1, 1, 64), (4, 8, 64), (8, 4, 32), (5, 3, 16), (8, 8, 512), (16, 2, 7), (2, 16, 2)]
"""Rows, columns and depth."""


LAYERS = {
    "conv of three channels": conv((3, 3), 3, 9, padding=((1, 1), (1, 1))),
    "conv with stride": conv((3, 2), 3, 5, stride=(2, 3)),
    "conv with dilation": conv((2, 3), 3, 4, dilation=(3, 2), padding=((2, 1), (4, 0))),
    "conv of one element": conv((1, 1), 3, 9),
    "conv of one element with stride": conv((1, 1), 3, 2, stride=(2, 2)),
    "conv as wide as the image": conv((3, 9), 3, 4, stride=(2, 1), padding=((1, 2), (0, 0))),
    "conv as large as the image": conv((7, 9), 3, 4),
    "depthwise": DepthwiseConv2d(
        "y",
        "x",
        random_codes(np.random.default_rng(6), (3, 3, 3, 1)),
        scaled(3),
        KernelWindow((3, 3), padding=((1, 1), (0, 2))),
    ),
    "depthwise with a multiplier": DepthwiseConv2d(
        "y",
        "x",
        random_codes(np.random.default_rng(6), (3, 2, 3, 5)),
        scaled(15),
        KernelWindow((3, 2), dilation=(1, 3)),
    ),
    "average": AveragePool("y", "x", scaled(scale=1 / 6), KernelWindow((3, 2), (2, 2))),
    "padded average": AveragePool(
        "y", "x", scaled(scale=1 / 9), KernelWindow((3, 3), padding=((1, 1), (1, 1)))
    ),
    "global average": GlobalAveragePool("y", "x", scaled(3, scale=1 / 63)),
    "maximum": MaxPool("y", "x", KernelWindow((2, 3), (2, 2), padding=((1, 0), (0, 2)))),
    "maximum that sees nothing": MaxPool(
        "y", "x", KernelWindow((2, 1), dilation=(8, 1), padding=((8, 4), (0, 0)))
    ),
    "sum with itself": addition("x", "x"),
}


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("array", ARRAYS, ids=str)
def test_each_layer_on_each_array(name, array):
    check_golden(graph_of((2, 7, 9, 3), LAYERS[name]), accelerator(*array))


@pytest.mark.parametrize("channels", [1, 8, 13, 20])
@pytest.mark.parametrize("array", [(8, 8, 64), (8, 4, 64), (3, 7, 5)])
def test_diagonal_layers_of_many_channels(channels, array):
    weights = random_codes(np.random.default_rng(7), (2, 2, channels, 1))
    window = KernelWindow((2, 2), padding=((1, 0), (1, 0)))
    for layer in (
        DepthwiseConv2d("y", "x", weights, scaled(channels), window),
        MaxPool("y", "x", window),
        AveragePool("y", "x", scaled(channels, scale=0.25), window),
        addition("x", "x"),
    ):
        check_golden(graph_of((1, 3, 5, channels), layer), accelerator(*array))


@pytest.mark.parametrize(
    ("rows", "layer", "passes"),
    [
        (8, conv((3, 3), 3, 8), 3 * 2),  # nine bytes a kernel row
        (16, conv((3, 3), 3, 8), 3),
        (8, conv((3, 3), 3, 9), 2 * 3 * 2),
        (8, conv((3, 3), 3, 8, dilation=(1, 2)), 9),
        (8, conv((7, 9), 3, 8), 24),  # 189 bytes in a row
        (8, conv((2, 9), 3, 8), 7),
        (8, LAYERS["depthwise"], 3 * 2),  # nine bytes a kernel row, all channels together
        (8, LAYERS["depthwise with a multiplier"], 3 * 6),  # one channel a tile
        (8, LAYERS["maximum"], 6),
        (8, addition("x", "x"), 6 + 6),  # 189 bytes: 23 rows of eight, and a tail
    ],
)
def test_rows_of_the_array_are_not_wasted(rows, layer, passes):
    program, counters = check_golden(graph_of((1, 7, 9, 3), layer), accelerator(rows=rows))
    assert counters.passes == passes
    assert sum(step.passes for step in program.instructions) == passes


@pytest.mark.parametrize(
    ("depth", "pieces"),
    [
        (512, [63]),
        (63, [63]),
        (62, [36, 27]),
        (40, [36, 27]),
        (20, [18, 18, 18, 9]),
        (9, [9] * 7),
        (8, [5, 4] * 7),
        (4, [3] * 21),
    ],
)
def test_outputs_are_cut_to_the_depth_in_even_pieces(depth, pieces):
    program, _ = check_golden(
        graph_of((1, 9, 11, 2), conv((3, 3), 2, 3)),
        accelerator(depth=depth),
        reuse=Reuse.BY_LIFETIME,
    )
    assert [step.rows for step in program.instructions[:-1]] == pieces


def test_pixels_of_all_images_are_rows_of_one_product():
    program, _ = check_golden(graph_of((5, 7, 9, 3), conv((1, 1), 3, 8)), accelerator(depth=300))
    assert [step.rows for step in program.instructions[:-1]] == [158, 157]


def test_columns_without_a_channel_count_nothing():
    """With one output channel of eight columns, exactly its results are counted."""
    weights = np.full((4, 1), 127, np.int8)
    layer = FullyConnected("y", "x", weights, scaled(1, scale=1.0, bias=1 << 20, zero_point=-100))
    _, counters = check_golden(graph_of((3, 1, 1, 4), layer), accelerator())
    assert (counters.saturated_low, counters.saturated_high, counters.ties) == (0, 3, 0)
