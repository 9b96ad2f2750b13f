from dataclasses import replace

import numpy as np
import pytest

from flow.demo_networks import Accuracy
from flow.demo_result import DemoResult, layer_result
from flow.digits import DigitSet, load_digits
from flow.job import JobResult
from flow.network import Network
from flow.network_quantization import NetworkQuantization
from flow.quantized_network import QuantizedNetwork
from golden.ranges import RangeRule
from hw.config import EngineConfig
from sim.gemm_job import GemmJob


@pytest.fixture
def make_demo_result():
    """Makes the result of a small untrained network; `change` edits the last layer's outputs."""

    def make(change=None, images=50):
        held_out = load_digits()[1]
        held_out = DigitSet(held_out.images[:images], held_out.labels[:images])
        network = Network.random((64, 12, 10), seed=2)
        quantization = NetworkQuantization.calibrate(
            network, held_out.images, activation_rule=RangeRule.PERCENTILE
        )
        quantized = QuantizedNetwork.from_float(network, quantization)
        records = quantized.run(quantized.quantize_images(held_out.images))
        floats = zip(network.weights, network.layer_outputs(held_out.images), strict=True)
        config, layers = EngineConfig(), []
        for record, (weights, outputs) in zip(records, floats, strict=True):
            layer = record.layer
            job = GemmJob(config, record.activations, layer.weights, layer.requantization)
            busy = np.arange(20 + sum(step.count for step in job.passes)) >= 20
            products = job.activations.size * job.weights.shape[1]
            run = JobResult(job.golden(), len(busy), products / (64 * len(busy)), busy)
            if change and record is records[-1]:
                change(run.outputs)
            layers.append(layer_result(record, job, run, weights, outputs))
        result = DemoResult(
            held_out=held_out,
            layers=tuple(layers),
            accuracies=(),
            settings={"array": "8 rows × 8 columns <of elements>"},
            seconds={"train": 1.25},
        )
        predicted = network.predict(held_out.images)
        accuracies = (
            Accuracy.of("float32", "NumPy, float32", predicted, held_out),
            Accuracy.of("int8 & bias", "hardware", result.predictions, held_out),
        )
        return replace(result, accuracies=accuracies)

    return make
