"""Networks on the model of the GEMM accelerator, through what a host sends and reads."""

import re
from collections import Counter

import numpy as np
import pytest
from gemm_networks import SMALL_GEMM, dense_graph, gemm_config, random_gemm, random_gemm_graph

from flow.gemm_machine import GemmMachine
from flow.gemm_program import compile_gemm
from flow.gemm_twin import GemmTwin
from flow.random_graphs import random_inputs
from flow.reference import run_reference
from hw.host_port import HostMemory


class CountingTwin(GemmTwin):
    """Counts the words that are written to each memory."""

    def __init__(self, config):
        super().__init__(config)
        self.written = Counter()

    def write(self, memory, address, words):
        self.written[memory] += len(words)
        super().write(memory, address, words)

    def counters(self):
        return {"cycles": 7, "passes": 0}


def machine(graph, config, twin=GemmTwin):
    host = twin(config)
    return GemmMachine(compile_gemm(graph, config), host, patience=0), host


@pytest.mark.parametrize("first", range(0, 40, 20))
def test_every_tensor_is_the_networks(first):
    """Two batches on each of many accelerators; the model checks every job, too."""
    for seed in range(first, first + 20):
        rng = np.random.default_rng(seed)
        graph, config = random_gemm_graph(rng), random_gemm(rng)
        runs, _ = machine(graph, config)
        for _ in range(2):
            inputs = random_inputs(graph, rng)
            tensors = runs.run(inputs).tensors
            for name, expected in run_reference(graph, inputs).items():
                np.testing.assert_array_equal(tensors[name], expected, f"seed {seed}, {name}")


def test_constants_that_find_room_are_sent_once():
    rng = np.random.default_rng(1)
    graph = dense_graph(rng)
    runs, host = machine(graph, gemm_config(weights=512, jobs=40), CountingTwin)
    runs.run(random_inputs(graph, rng))
    once = dict(host.written)
    run = runs.run(random_inputs(graph, rng))
    for memory in (HostMemory.WEIGHT, HostMemory.PARAMETER, HostMemory.PROGRAM):
        assert host.written[memory] == once[memory] > 0
    assert host.written[HostMemory.ACTIVATION] == 2 * once[HostMemory.ACTIVATION]
    turns = sum(len(layer.turns) for layer in runs._program.layers.values())
    assert run.registers == {"cycles": 7 * turns}


def test_others_are_sent_again():
    rng = np.random.default_rng(1)
    graph = dense_graph(rng)
    runs, host = machine(graph, gemm_config(weights=100, jobs=40), CountingTwin)
    runs.run(random_inputs(graph, rng))
    once = dict(host.written)
    runs.run(random_inputs(graph, rng))
    assert host.written[HostMemory.WEIGHT] > once[HostMemory.WEIGHT]
    assert host.written[HostMemory.PROGRAM] == once[HostMemory.PROGRAM]


def test_another_accelerator_is_refused_before_anything_is_sent():
    graph = dense_graph(np.random.default_rng(1))
    host = CountingTwin(gemm_config(4))
    with pytest.raises(ValueError, match=re.escape(f"the accelerator must be {SMALL_GEMM}, not ")):
        GemmMachine(compile_gemm(graph, SMALL_GEMM), host, patience=0)
    assert not host.written
