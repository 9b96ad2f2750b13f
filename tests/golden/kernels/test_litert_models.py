"""Every tensor of the shared models in every kernel set of LiteRT."""

import os
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("ai_edge_litert", reason="pip install ai-edge-litert for LiteRT as an oracle")

from litert_oracle import RESOLVERS, LiteRtOracle, compare

from flow.tflite_reader import read_tflite
from golden.formats import INT8
from golden.kernels.kernel_set import evaluate
from golden.kernels.registry import KernelSets
from golden.quantization import Quantization
from golden.quantize import quantize

FILES = {
    "ad01": ("ad01_int8.tflite", "ad01_inputs.npy"),
    "kws": ("kws_ref_model.tflite", "kws_inputs.npy"),
    "resnet": ("pretrainedResnet_large_int8.tflite", None),
}
NODES_OF_XNNPACK = {"ad01": 10, "kws": 11, "resnet": 14}
"""AVERAGE_POOL_2D and SOFTMAX stay with the builtin kernels."""


@pytest.fixture(scope="module")
def folder():
    path = os.environ.get("LASTBIT_MODELS")
    if not path:
        pytest.skip("LASTBIT_MODELS must name the folder with the shared models")
    return Path(path)


def given_inputs(folder, name, tensor):
    """The file's inputs, int8 by the tensor's own quantization: a list of arrays."""
    file = FILES[name][1]
    if file is None:
        return []
    values = np.load(folder / file)
    if values.dtype == np.float32:
        q = tensor.quantization
        values = quantize(values, Quantization(q.scales[0], q.zero_points[0], INT8))
    return list(values.reshape(-1, *tensor.shape).astype(np.int8))


def made_inputs(shape, seed, count):
    rng = np.random.default_rng(seed)
    extremes = [-128, -127, -1, 0, 1, 126, 127]
    inputs = [np.full(shape, -128, np.int8), np.full(shape, 127, np.int8)]
    for index in range(count):
        drawn = rng.choice(extremes, shape) if index % 2 else rng.integers(-128, 128, shape)
        inputs.append(drawn.astype(np.int8))
    return inputs


def check(folder, name, kernel_set, seed, count):
    data = (folder / FILES[name][0]).read_bytes()
    model = read_tflite(data)
    tensor = model.tensors[model.inputs[0]]
    inputs = given_inputs(folder, name, tensor) + made_inputs(tensor.shape, seed, count)
    result = compare(data, [[x] for x in inputs], kernel_set)
    assert result.differences == {}
    assert result.elements == len(inputs) * sum(model.tensors[a].size for a in model.activations)
    expected = NODES_OF_XNNPACK[name] if kernel_set is KernelSets.LITERT else 0
    assert len(result.delegated) == expected


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("kernel_set", RESOLVERS)
def test_every_tensor_of_a_shared_model_equals_the_runtime(folder, name, kernel_set):
    check(folder, name, kernel_set, seed=1, count=1)


@pytest.mark.long
@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("kernel_set", RESOLVERS)
def test_every_tensor_of_a_shared_model_equals_the_runtime_on_many_inputs(folder, name, kernel_set):
    check(folder, name, kernel_set, seed=2, count=24)


def test_many_images_at_once_are_each_as_alone(folder):
    data = (folder / FILES["kws"][0]).read_bytes()
    model = read_tflite(data)
    images = made_inputs(model.tensors[model.inputs[0]].shape, 3, 4)
    for kernel_set in RESOLVERS:
        oracle = LiteRtOracle(data, kernel_set)
        together = evaluate(model, {model.inputs[0]: np.concatenate(images)}, kernel_set.kernels)
        output = model.outputs[0]
        for index, image in enumerate(images):
            alone = oracle.run([image], model.outputs)[output]
            np.testing.assert_array_equal(together[output][index : index + 1], alone)


def test_the_kernel_sets_are_not_the_same(folder):
    """So that equality with one is no accident of inputs on which all agree."""
    data = (folder / FILES["resnet"][0]).read_bytes()
    model = read_tflite(data)
    image = made_inputs(model.tensors[model.inputs[0]].shape, 1, 1)[2]
    tensors = [evaluate(model, {model.inputs[0]: image}, k.kernels) for k in RESOLVERS]
    for a in range(3):
        for b in range(a):
            assert any((tensors[a][n] != tensors[b][n]).any() for n in model.activations)
