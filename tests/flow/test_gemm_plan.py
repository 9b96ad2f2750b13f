import re
from dataclasses import replace

import numpy as np
import pytest
from gemm_networks import dense_graph, gemm_config, random_gemm, random_gemm_graph

from flow.gemm_plan import plan_product
from flow.gemm_product import matrix_product


def plans(seeds):
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        graph, config = random_gemm_graph(rng), random_gemm(rng)
        for layer in graph.layers:
            product = matrix_product(layer, graph.types[layer.inputs[0]], config.engine)
            if product is not None:
                try:
                    yield product, plan_product(product, config), config
                except ValueError:
                    continue


def test_every_row_meets_every_tile_once_and_nothing_overlaps():
    cut = set()
    for product, plan, config in plans(70):
        n = -(-product.shape[3] // config.engine.cols)
        met = np.zeros((product.m, n), int)
        for group, part in plan.turns:
            blocks, tiles = plan.groups[group], plan.tiles[part]
            words = np.zeros(config.activation_words, int)
            for block in blocks:
                met[block.first : block.first + block.rows, tiles.first :][:, : tiles.count] += 1
                for address, each in (
                    (block.activation_address, plan.steps),
                    (block.output_address, tiles.count),
                ):
                    assert address + each * block.rows <= len(words)
                    words[address : address + each * block.rows] += 1
            assert words.max() == 1
            assert len(blocks) < config.job_words // 8
        assert (met == 1).all()
        cut.add((len(plan.groups) > 1, len(plan.tiles) > 1))
    assert len(cut) == 4


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"activation_words": 14}, "it needs 15 activation_words, and there are 14"),
        ({"weight_words": 26}, "it needs 28 weight_words, and there are 26"),
    ],
)
def test_what_does_not_fit_is_told(change, sentence):
    graph = dense_graph(np.random.default_rng(1))
    config = replace(gemm_config(), **change)
    product = matrix_product(graph.layers[0], graph.types["image"], config.engine)
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        plan_product(product, config)


@pytest.mark.parametrize(("tiles", "second"), [(2, (0, 1)), (8, (1, 0))])
def test_what_is_less_is_sent_again(tiles, second):
    """Weights for each group of rows, or operands for each part of the tiles."""
    graph = dense_graph(np.random.default_rng(1), (3, 60), 3)
    config = gemm_config(activations=160, weights=28 * tiles)
    product = matrix_product(graph.layers[0], graph.types["image"], config.engine)
    plan = plan_product(product, config)
    assert len(plan.groups) > 1
    assert len(plan.tiles) > 1
    assert plan.turns[:2] == [(0, 0), second]
