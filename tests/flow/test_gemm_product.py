import re
from dataclasses import replace

import numpy as np
import pytest
from gemm_networks import dense_graph

from flow.gemm_product import matrix_product
from flow.layers import Conv2d, FullyConnected
from flow.random_graphs import random_graph, random_inputs
from flow.reference import run_reference
from golden.accumulate import wrap
from golden.channel_parameters import requantize_counted
from golden.scheme import Scheme
from hw.config import EngineConfig

ENGINE = EngineConfig(rows=2, cols=2)


def products(seeds):
    """Matrix products of random networks, what they read and what they must write."""
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        graph = random_graph(rng, layers=4, largest=6)
        tensors = run_reference(graph, random_inputs(graph, rng))
        for layer in graph.layers:
            source = layer.inputs[0]
            product = matrix_product(layer, graph.types[source], ENGINE)
            assert (product is not None) == isinstance(layer, Conv2d | FullyConnected)
            if product is not None:
                yield product, tensors[source], tensors[layer.name]


def test_the_product_requantized_is_the_layer():
    count = 0
    for product, values, expected in products(40):
        operand = product.operand(values)
        assert operand.shape == (product.m, len(product.weights))
        sums = operand.astype(np.int64) @ product.weights.astype(np.int64)
        bias = np.array([word.bias for word in product.parameters])
        outputs = requantize_counted(wrap(sums + bias, 32), product.parameters).outputs
        np.testing.assert_array_equal(outputs.reshape(product.shape), expected)
        count += 1
    assert count > 30


@pytest.mark.parametrize(
    ("engine", "sentence"),
    [
        (replace(ENGINE, schemes=frozenset({Scheme.SHIFT})), "its requantization is float32, and"),
        (replace(ENGINE, accumulator_bits=18), "it needs accumulators of "),
    ],
)
def test_an_engine_that_cannot_says_why(engine, sentence):
    graph = dense_graph(np.random.default_rng(1))
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}"):
        matrix_product(graph.layers[0], graph.types["image"], engine)
