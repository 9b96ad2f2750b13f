"""Exported models run on the accelerator, every tensor equal to ONNX Runtime's kernel set."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is missing: pip install lastbit[torch]")

from flow.digits import load_digits
from flow.job import Level
from flow.model_file import load_model
from flow.model_run import Target, run_model
from flow.qat.digits import DigitsNetwork, digit_tensors
from flow.qat.export import save_onnx
from flow.qat.integers import activation_codes
from flow.qat.model import calibrate
from flow.qat.quantizer import ACTIVATIONS, WEIGHTS, Step
from flow.qat.training import train
from flow.training import Schedule
from golden.formats import INT4
from golden.kernels.onnxruntime import ONNXRUNTIME
from golden.quantize import QuantizationKind
from hw.accelerator_config import AcceleratorConfig

torch.set_num_threads(1)  # on more, small tensors only wait

ENDS = {"input_1.quantize.node", "logits.dequantize.node"}
"""Nodes from and to float32."""


@pytest.mark.parametrize(
    "level", [Level.GOLDEN, pytest.param(Level.VERILATOR, marks=pytest.mark.long)], ids=str
)
@pytest.mark.parametrize("kind", [QuantizationKind.ASYMMETRIC, QuantizationKind.POWER_OF_TWO])
def test_a_trained_network_runs_on_the_accelerator(kind, level, tmp_path):
    images, labels = digit_tensors(load_digits()[1])
    torch.manual_seed(3)
    weights = replace(WEIGHTS, format=INT4, step=Step.LEARNED)
    model = DigitsNetwork(weights, replace(ACTIVATIONS, kind=kind, step=Step.LEARNED))
    calibrate(model, [images])
    train(model, images, labels, Schedule(epochs=1, learning_rate=2e-3))
    save_onnx(model, (1, 1, 8, 8), tmp_path / "digits.onnx")
    config = AcceleratorConfig()
    sizes = {name: size for name, size in vars(config).items() if name != "engine"}
    run = run_model(
        load_model(tmp_path / "digits.onnx"),
        {"input": images[:20].numpy()},
        ONNXRUNTIME,
        Target(config.engine, level, sizes, batch=20),
    )
    assert run.equal
    host = {step.node.name for step in run.partition.host}
    # a sum in float32, as ONNX Runtime has it, is the accelerator's for some scales only
    assert host - {"add.node"} == ENDS
    if kind is QuantizationKind.POWER_OF_TWO:
        assert host == ENDS
    compared = {tensor.tensor.name for tensor in run.tensors if tensor.golden}
    assert "logits.quantize" in compared
    for name, codes in activation_codes(model, images[:20]).items():
        if name in compared:  # else its place in memory was used again
            assert np.mean(codes != run.values[name]) < 1e-3, name
