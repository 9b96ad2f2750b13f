import numpy as np
from gemm_networks import dense_graph, gemm_config, random_gemm, random_gemm_graph

from flow.gemm_program import NOT_A_PRODUCT, REARRANGED, compile_gemm
from flow.layers import Conv2d, Flatten, FullyConnected
from hw.host_port import HostMemory

LIMITS = {
    HostMemory.WEIGHT: ("weight_words", 1),
    HostMemory.PARAMETER: ("parameter_words", 4),
    HostMemory.PROGRAM: ("job_words", 1),
}
"""The size of each memory, and how many words of 32 bits a word of it is."""


def test_every_layer_is_somewhere():
    refused = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        graph = random_gemm_graph(rng)
        program = compile_gemm(graph, random_gemm(rng))
        assert {*program.layers, *program.host} == {layer.name for layer in graph.layers}
        assert not set(program.layers) & set(program.host)
        for layer in graph.layers:
            product = isinstance(layer, Conv2d | FullyConnected)
            reason = program.host.get(layer.name)
            assert product == (reason not in (NOT_A_PRODUCT, REARRANGED))
            assert isinstance(layer, Flatten) == (reason == REARRANGED)
        for reason in program.left_out.values():
            assert reason.startswith("it needs ")
        refused += len(program.left_out)
    assert refused


def test_what_is_loaded_stays_within_the_memories():
    for seed in range(40):
        rng = np.random.default_rng(seed)
        config = random_gemm(rng)
        for layer in compile_gemm(random_gemm_graph(rng), config).layers.values():
            for turn in layer.turns:
                for load in (*turn.constants, turn.list):
                    size, stride = LIMITS[load.memory]
                    assert load.address + len(load.words) <= getattr(config, size) * stride
                    assert load.address % stride == 0


def test_images_are_taken_as_many_at_once_as_the_network_says():
    graph = dense_graph(np.random.default_rng(1))
    assert compile_gemm(graph, gemm_config()).batch == 2
