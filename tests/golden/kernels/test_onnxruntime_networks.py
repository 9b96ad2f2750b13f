"""Whole models: every tensor of integers, golden by `onnxruntime` against ONNX Runtime."""

from collections import Counter

import numpy as np
import onnx
import pytest
from onnx_builder import Form, Numbers, OnnxBuilder
from onnx_exports import brevitas_form, quantized_by_onnxruntime
from onnxruntime_runner import draw, run

from flow.onnx_reader import read_onnx
from golden.kernels.kernel_set import evaluate
from golden.kernels.onnxruntime import ONNXRUNTIME

FLOAT = {"Conv", "MatMul", "Gemm", "Add", "AveragePool", "GlobalAveragePool", "Concat", "Softmax"}
"""Operators that are left in a graph only where ONNX Runtime computes them in float32."""


class RandomNetwork:
    """Layers one behind the other with a seed's parameters; a builder collects them."""

    def __init__(self, form, dtype, seed):
        self.rng = np.random.default_rng(seed)
        self.dtype = dtype
        self.builder = OnnxBuilder(form)
        self.fused = Counter()

    def numbers(self, scale, relu=False):
        info = np.iinfo(self.dtype)
        zero = info.min if relu else int(self.rng.integers(info.min, info.max, endpoint=True))
        return Numbers(float(np.float32(scale * self.rng.uniform(0.8, 1.25))), zero, self.dtype)

    def weights(self, shape, terms):
        weights = draw(self.rng, shape, np.int8)
        scale = self.rng.uniform(0.5, 2, shape[0]) / (100 * terms**0.5)
        bias = self.rng.integers(-500, 500, shape[0]).astype(np.int32)
        return weights, np.float32(scale if self.rng.random() < 0.7 else scale[0]), bias

    def conv(self, x, channels, outputs, kernel, group=1, **attributes):
        shape = (outputs, channels // group, kernel, kernel)
        weights, scales, bias = self.weights(shape, shape[1] * kernel**2)
        relu = self.rng.random() < 0.5
        clip = (0, np.inf) if relu and self.builder.form is Form.QDQ else None
        self.fused["QLinearConv"] += 1
        return self.builder.conv(
            x, weights, scales, self.numbers(0.05, relu), bias, clip=clip, group=group, **attributes
        )

    def build(self):
        """A small network with all kinds of layers: the model's bytes."""
        b = self.builder
        real = b.real_input("x", (1, 3, 16, 16))
        x = b.quantize(real, self.numbers(0.02))
        x = self.conv(x, 3, 8, 3, pads=(1, 1, 1, 1), strides=(2, 2))
        skip = x
        x = self.conv(x, 8, 8, 3, group=8, pads=(1, 1, 1, 1))
        x = self.conv(x, 8, 8, 1)
        x = b.add(x, skip, self.numbers(0.08))
        left = self.conv(x, 8, 4, 3, group=2, dilations=(2, 2), pads=(2, 2, 2, 2))
        right = b.move("MaxPool", x, kernel_shape=(3, 3), pads=(1, 1, 1, 1))
        x = b.concat([left, right], self.numbers(0.06))
        x = b.average_pool(x, self.numbers(0.05), kernel_shape=(2, 3), strides=(2, 2))
        if self.rng.random() < 0.5:
            x = b.global_average_pool(x, self.numbers(0.02))
            self.fused["QLinearGlobalAveragePool"] += 1
            x = b.move("Flatten", x)
        else:
            x = b.move("Reshape", x, [-1, 144])
        weights, scales, bias = self.weights((10, 12 if self._pooled else 144), 30)
        x = b.gemm(x, weights, scales, self.numbers(0.1), bias)
        x = b.softmax(x, Numbers(1 / 256, np.iinfo(self.dtype).min, self.dtype))
        self.fused.update(["QLinearAdd", "QLinearConcat", "QLinearAveragePool", "QGemm"])
        self.fused["QLinearSoftmax"] += 1
        return b.model(x)

    @property
    def _pooled(self):
        return bool(self.fused["QLinearGlobalAveragePool"])


def compare(data, feeds, label):
    """Compare what nodes of the file write; returns the operators that ONNX Runtime had left."""
    model = read_onnx(data)
    expected = evaluate(model, feeds, ONNXRUNTIME)
    written = {name for node in onnx.load_from_string(data).graph.node for name in node.output}
    names = {name: model.tensors[name].dtype for name in model.activations if name in written}
    assert len(names) > 5
    ran = run(data, feeds, names)
    for name, actual in ran.tensors.items():
        assert actual.shape == expected[name].shape
        different = np.count_nonzero(actual != expected[name])
        assert not different, f"{label}: {different} elements of {name} differ"
    left = Counter(ran.operators)
    assert not FLOAT & set(left), f"{label}: computed in float32: {FLOAT & set(left)}"
    return left


def images(data, seed):
    shape = read_onnx(data).tensors["x"].shape
    return {"x": np.random.default_rng(seed).normal(0, 1, shape).astype(np.float32)}


@pytest.mark.parametrize("count", [2, pytest.param(25, marks=pytest.mark.long)])
@pytest.mark.parametrize("form", list(Form), ids=lambda form: form.value)
@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
def test_every_tensor(form, dtype, count):
    for seed in range(count):
        network = RandomNetwork(form, dtype, seed)
        data = network.build()
        left = compare(data, images(data, seed), f"seed {seed}")
        assert network.fused == Counter({name: left[name] for name in network.fused})


@pytest.mark.parametrize("symmetric", [False, True], ids=["asymmetric", "symmetric"])
@pytest.mark.parametrize("per_channel", [False, True], ids=["tensor", "channel"])
@pytest.mark.parametrize("types", [("QInt8", "QInt8"), ("QUInt8", "QInt8"), ("QUInt8", "QUInt8")])
@pytest.mark.parametrize("form", ["QDQ", "QOperator"])
def test_models_of_the_quantizer(form, types, per_channel, symmetric):
    # In QOperator form a relu of symmetric integers stays float32, which is not imported.
    relus = form == "QDQ" or not symmetric
    data = quantized_by_onnxruntime(form, *types, per_channel, relus, symmetric)
    compare(data, images(data, 0), form)


def test_a_model_as_brevitas_exports_it():
    data = brevitas_form()
    assert compare(data, images(data, 0), "Brevitas")["QLinearConv"] == 1
