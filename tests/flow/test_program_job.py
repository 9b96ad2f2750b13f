import re

import numpy as np
import pytest

from flow.allocation import Reuse
from flow.compiler import compile_graph
from flow.job import Level
from flow.network import INPUT
from flow.program_job import run_program_job
from hw.accelerator_config import AcceleratorConfig
from hw.config import EngineConfig


@pytest.fixture(scope="module")
def codes():
    return np.random.default_rng(0).integers(-128, 128, (6, 8, 8, 1), np.int8)


def run(network, batch, codes, **options):
    config = AcceleratorConfig(EngineConfig(rows=4, cols=6))
    program = compile_graph(network.graph(batch), config, reuse=Reuse.NONE)
    return run_program_job(program, {INPUT: codes}, Level.GOLDEN, **options)


@pytest.mark.parametrize("batch", [1, 3, 6])
def test_every_tensor_is_that_of_the_network(untrained_networks, codes, batch):
    network, runs = untrained_networks.quantized, []
    result = run(network, batch, codes, on_run=lambda: runs.append(1))
    assert len(runs) == 6 // batch
    expected = network.run(codes)
    assert result.tensors.keys() == expected.keys()
    for name, tensor in expected.items():
        np.testing.assert_array_equal(result.tensors[name], tensor)


def test_counters_are_of_all_runs(untrained_networks, codes):
    network = untrained_networks.quantized
    alone = [run(network, 1, codes[index : index + 1]).counters for index in range(6)]
    together = run(network, 1, codes).counters
    for name in ("passes", "saturated_low", "saturated_high", "ties"):
        assert getattr(together, name) == sum(getattr(one, name) for one in alone)
    assert together.largest == max(one.largest for one in alone)
    assert together.passes == 6 * alone[0].passes > 0


def test_batches_must_be_full(untrained_networks, codes):
    sentence = "images must be a multiple of the batch of 4, not 6"
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        run(untrained_networks.quantized, 4, codes)
