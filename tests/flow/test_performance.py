"""What is said of the layers' cycles adds up, and the page says it."""

from pathlib import Path

import pytest

from flow.compiler import compile_graph
from flow.example_networks import keyword_network, product, residual_network
from flow.performance import Roof, elements, network_performance
from flow.performance_tables import EXAMPLE, tables
from hw.launcher import StallCause
from hw.output_writer import OutputWriter

PAGE = (Path(__file__).parents[2] / "docs" / "performance.md").read_text(encoding="utf-8")
OVERHEAD = 39


def performance(graph):
    return network_performance(graph, compile_graph(graph, EXAMPLE))


@pytest.fixture(scope="module", params=[keyword_network, residual_network])
def network(request):
    return performance(request.param())


def test_every_cycle_of_a_layer_has_a_row_or_a_cause(network):
    before = 0
    for layer in network.layers:
        # The first row is launched in cycle 0 or later, so the first layer has one cycle more.
        assert layer.rows + layer.stalled == layer.cycles + (before == 0), layer.name
        before += layer.cycles
    assert before < network.cycles


def test_no_layer_is_above_its_roof(network):
    for layer in network.layers:
        assert layer.cycles >= layer.roofs[layer.roof], layer.name
        assert layer.utilization(network.engine) <= 1
        waited = layer.stalls.get(StallCause.ACTIVATIONS, 0)
        assert 0 <= layer.waits <= waited, layer.name


def test_rows_follow_without_a_bubble_where_a_pass_is_as_long_as_its_weights(network):
    """What is left is the wait for the layer before."""
    for layer in network.layers[1:]:
        if layer.roof is Roof.ACTIVATIONS:
            assert set(layer.stalls) <= {StallCause.ACTIVATIONS}, layer.name
            assert layer.stalled <= 55 + OutputWriter.COUNTED_AFTER, layer.name


@pytest.mark.parametrize("m", [1, 4, 7, 8, 9, 16, 64, 256])
@pytest.mark.parametrize(("k", "n"), [(8, 8), (64, 64), (256, 24)])
def test_overhead_of_a_product_is_constant(m, k, n):
    done = performance(product(m, k, n))
    (layer,) = done.layers
    assert elements(done.engine) == 64
    assert layer.products == m * k * n
    longest = max(m, 8) * layer.passes
    # The last pass is as long as its rows, however long its weights took.
    assert done.streaming - longest == OVERHEAD - (max(m, 8) - m)


def test_the_page_has_the_tables():
    for table in tables():
        assert f"\n{table}\n" in PAGE
