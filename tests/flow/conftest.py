from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from flow.allocation import Reuse
from flow.compiler import compile_graph
from flow.demo_networks import LAYERS, Accuracy, DemoNetworks
from flow.demo_result import DemoResult, layer_results
from flow.digits import IMAGE_SHAPE, DigitSet, load_digits
from flow.job import Level
from flow.network import INPUT, Network
from flow.network_quantization import NetworkQuantization
from flow.program_job import run_program_job
from flow.quantized_network import QuantizedNetwork
from golden.ranges import RangeRule
from hw.accelerator_config import AcceleratorConfig


@cache
def untrained(images):
    """The demo's network as it starts, and what it makes of some images."""
    held_out = load_digits()[1]
    held_out = DigitSet(held_out.images[:images], held_out.labels[:images])
    network = Network.random(LAYERS, IMAGE_SHAPE, seed=2)
    quantization = NetworkQuantization.calibrate(
        network, held_out.images, activation_rule=RangeRule.MIN_MAX
    )
    quantized = QuantizedNetwork.from_float(network, quantization)
    networks = DemoNetworks("int8 & bias", network, quantized, ())
    program = compile_graph(quantized.graph(10), AcceleratorConfig(), reuse=Reuse.NONE)
    codes = quantized.quantize_images(held_out.images)
    return held_out, networks, program, codes


@pytest.fixture
def untrained_networks():
    """The demo's networks as they are before training."""
    return untrained(50)[1]


@pytest.fixture
def make_demo_result():
    """Makes the result of the untrained network; `change` edits the tensors, by name."""

    def make(change=None, images=50):
        held_out, networks, program, codes = untrained(images)
        run = run_program_job(program, {INPUT: codes}, Level.GOLDEN)
        if change:
            change(run.tensors)
        result = DemoResult(
            held_out=held_out,
            graph=networks.quantized.graph(10),
            program=program,
            inputs=codes,
            layers=tuple(layer_results(networks, held_out, program, run)),
            counters=run.counters,
            expected_counters=run.counters,
            cycles=None,
            accuracies=(),
            settings={"array": "8 rows × 8 columns <of elements>"},
            seconds={"train": 1.25},
        )
        predicted = networks.tuned.predict(held_out.images)
        accuracies = (
            Accuracy.of("float32", "NumPy, float32", predicted, held_out),
            Accuracy.of("int8 & bias", "hardware", result.predictions, held_out),
        )
        return replace(result, accuracies=accuracies)

    return make


@pytest.fixture
def read_as():
    """Makes an edit that has the network read given digits."""

    def make(digits):
        def change(tensors):
            tensors["logits"][:] = -128
            tensors["logits"][np.arange(len(digits)), 0, 0, digits] = 9

        return change

    return make
