"""Differences between kernel sets, layer by layer."""

import re

import numpy as np
import pytest

from flow.explain import explain, largest
from golden.kernels.onnxruntime import ONNXRUNTIME
from golden.model import Layout, Model, Node, QuantizationParameters, Tensor
from golden.operators import Clamp, Dequantize, Softmax

Q = QuantizationParameters(np.float32([0.5]), np.array([0]))
X = np.array([[1, 5, 3, 4], [7, 2, 6, 0], [0, 0, 9, 9]], np.int8)


def chain():
    """Four numbers an image go through three nodes: x, a, b, real."""
    tensors = {name: Tensor(name, (1, 4), np.dtype(np.int8), Q) for name in "xab"}
    tensors["real"] = Tensor("real", (1, 4), np.dtype(np.float32))
    nodes = [
        Node("first", Clamp(-100, 100), ("x",), ("a",)),
        Node("second", Clamp(-100, 100), ("a",), ("b",)),
        Node("third", Dequantize(), ("b",), ("real",)),
    ]
    return Model(tensors, nodes, ("x",), ("b", "real"), Layout.CHANNELS_LAST)


class Changed:
    """`onnxruntime` with one node's output changed."""

    name = "changed"

    def __init__(self, node, change):
        self.node, self.change = node, change

    def compute(self, model, node, values):
        written = ONNXRUNTIME.compute(model, node, values)
        if node.name == self.node:
            return {name: self.change(value) for name, value in written.items()}
        return written


def swapped(values):
    """Of the first image only, elements 1 and 2 swapped."""
    values = values.copy()
    values[0, [1, 2]] = values[0, [2, 1]]
    return values


def test_equal_sets():
    found = explain(chain(), {"x": X}, ONNXRUNTIME, ONNXRUNTIME)
    assert found.equal
    assert found.names == ("onnxruntime", "onnxruntime")
    assert [layer.tensor for layer in found.layers] == ["a", "b", "real"]
    assert [(answer.tensor, answer.changed) for answer in found.answers] == [("b", 0), ("real", 0)]


@pytest.mark.parametrize(
    ("node", "alone", "propagated", "distances"),
    [
        ("first", [2, 0, 0], [2, 2, 2], [2, 2, 1.0]),
        ("second", [0, 2, 0], [0, 2, 2], [0, 2, 1.0]),
        ("third", [0, 0, 2], [0, 0, 2], [0, 0, 1.0]),
    ],
)
def test_where_a_change_begins_and_how_far_it_goes(node, alone, propagated, distances):
    found = explain(chain(), {"x": X}, ONNXRUNTIME, Changed(node, swapped))
    assert not found.equal
    assert [layer.alone.count for layer in found.layers] == alone
    assert [layer.propagated.count for layer in found.layers] == propagated
    assert [largest(layer.propagated) for layer in found.layers] == distances


@pytest.mark.parametrize(
    ("change", "changed"),
    [(swapped, 1), (lambda values: -values, 3), (lambda values: values + np.int8(1), 0)],
    ids=["one image", "all images", "none"],
)
def test_the_answer(change, changed):
    found = explain(chain(), {"x": X}, ONNXRUNTIME, Changed("second", change))
    assert [(answer.images, answer.changed) for answer in found.answers] == [(3, changed)] * 2


def test_a_missing_kernel_is_named_with_its_node():
    model = chain()
    node = Node("last", Softmax(1, beta=2.0), ("a",), ("b",))
    broken = Model(model.tensors, [model.nodes[0], node], ("x",), ("b",), model.layout)
    with pytest.raises(ValueError, match=re.escape("node last: it has the beta 2.0")):
        explain(broken, {"x": X}, ONNXRUNTIME, ONNXRUNTIME)
