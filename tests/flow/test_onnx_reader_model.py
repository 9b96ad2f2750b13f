"""What the reader makes of constants, clips, biases and shapes of .onnx files."""

import numpy as np
import pytest
from onnx_builder import Form, Numbers, OnnxBuilder
from onnx_check import check_against_runtime, operators
from onnx_parts import IMAGES, X, Y, Z, bias, conv, weights

from flow.onnx_reader import read_onnx
from golden.operators import Activation, FullyConnected, Reshape


def test_both_forms_give_the_same_model():
    def network(form):
        b = OnnxBuilder(form)
        y = conv(b, b.input("x", IMAGES, X[np.int8]), Y[np.int8])
        z = b.global_average_pool(b.add(y, y, Z[np.int8]), Z[np.int8])
        return read_onnx(b.model(b.gemm(b.move("Flatten", z), weights(5, 6), 0.01, Y[np.int8])))

    qdq, qoperator = network(Form.QDQ), network(Form.QOPERATOR)
    for a, b in zip(qdq.nodes, qoperator.nodes, strict=True):
        assert a.operator == b.operator
        for names in zip((*a.inputs, *a.outputs), (*b.inputs, *b.outputs), strict=True):
            if not any(names):
                continue
            s, t = qdq.tensors[names[0]], qoperator.tensors[names[1]]
            assert (s.shape, s.dtype) == (t.shape, t.dtype)
            assert np.array_equal(s.data, t.data) if s.data is not None else t.data is None
            if a.inputs[2:] != names[:1]:
                assert np.array_equal(s.quantization.scales, t.quantization.scales)
                assert np.array_equal(s.quantization.zero_points, t.quantization.zero_points)


def test_weights_have_the_layouts_of_golden():
    b = OnnxBuilder(Form.QDQ)
    x = b.input("x", IMAGES, X[np.int8])
    w, d = weights(6, 2, 3, 2), weights(8, 1, 2, 3)
    y = b.conv(x, w, np.full(6, 0.01), Y[np.int8], group=2)
    z = b.conv(x, d, np.arange(1, 9) / 64, Y[np.int8], group=4)
    model = read_onnx(b.model(y, z))
    plain, deep = (model.tensors[node.inputs[1]] for node in model.nodes)
    assert plain.data.shape == (3, 2, 2, 6)
    assert plain.data[2, 1, 0, 5] == w[5, 0, 2, 1]
    assert plain.quantization.axis == 3
    assert deep.data.shape == (2, 3, 4, 2)
    assert deep.data[1, 2, 3, 1] == d[7, 0, 1, 2]
    assert deep.quantization.axis == 2
    assert deep.quantization.scales.tolist() == (np.arange(1, 9) / 64).tolist()


@pytest.mark.parametrize(
    ("clip", "zero_point", "activation"),
    [
        ((0, np.inf), -128, Activation.NONE),
        ((0, np.inf), -5, Activation.RELU),
        ((0.0, 6.0), -128, Activation.RELU6),
        ((0.0, 20.0), -5, Activation.RELU),
        ((-9.0, 6.02), -128, Activation.RELU6),
        ((-1.0, 1.0), 0, Activation.RELU_N1_TO_1),
        ((-9.0, 9.0), 0, Activation.NONE),
    ],
)
def test_a_clip_becomes_the_activation_that_bounds_the_integers_alike(clip, zero_point, activation):
    b = OnnxBuilder(Form.QDQ)
    y = Numbers(0.05, zero_point)
    model = read_onnx(b.model(conv(b, b.input("x", IMAGES, X[np.int8]), y, clip=clip)))
    assert model.nodes[0].operator.activation is activation


def test_a_relu_that_bounds_nothing_equals_onnx_runtime():
    b = OnnxBuilder(Form.QDQ)
    y = conv(b, b.input("x", IMAGES, X[np.int8]), Numbers(0.05, -128), clip=(0, np.inf))
    check_against_runtime(b.model(y))


def test_a_real_bias_is_quantized_by_the_scale_of_the_products():
    b = OnnxBuilder(Form.QDQ)
    real = np.array([0.0, 1.0, -1.0, 0.0003, 1e9, 0.0001], np.float32)
    x = b.input("x", IMAGES, X[np.int8])
    y = b.conv(x, weights(6, 4, 3, 3), np.float32(0.01), Y[np.int8], real)
    model = read_onnx(b.model(y))
    codes = model.tensors[model.nodes[0].inputs[2]].data
    assert codes.tolist() == [0, 5000, -5000, 2, 2**31 - 1, 0]
    assert codes.dtype == np.int32


@pytest.mark.parametrize("kind", [np.int32, np.float32])
def test_a_constant_added_to_a_matmul_is_its_bias(kind):
    b = OnnxBuilder(Form.QDQ)
    x = b.input("x", (3, 7), X[np.uint8])
    added = bias(5) if kind is np.int32 else (bias(5) * np.float32(0.02) * np.float32(0.01))
    y = b.matmul(x, weights(7, 5), np.float32(0.01), Y[np.uint8], added.astype(kind))
    model = read_onnx(b.model(y))
    assert operators(model) == [FullyConnected]
    assert np.array_equal(model.tensors[model.nodes[0].inputs[2]].data, bias(5))


def test_an_open_batch_is_one():
    b = OnnxBuilder(Form.QDQ)
    y = conv(b, b.input("x", ("N", 4, 8, 6), X[np.int8]), Y[np.int8])
    assert read_onnx(b.model(y)).tensors[y.name].shape == (1, 6, 6, 4)


def test_a_shape_computed_from_the_batch_is_folded():
    b = OnnxBuilder(Form.QDQ, 13)
    x = b.input("x", ("N", 4, 8, 6), X[np.int8])
    real = b.dequantize(x)
    batch = b.node("Gather", [b.node("Shape", [real]), b.constant(np.int64(0))])
    batch = b.node("Unsqueeze", [batch, b.constant(np.array([0]))])
    shape = b.node("Concat", [batch, b.constant(np.array([-1]))], axis=0)
    y = b.quantize(b.node("Reshape", [real, shape]), X[np.int8])
    model = read_onnx(b.model(y))
    assert operators(model) == [Reshape]
    assert model.tensors[y.name].shape == (1, 192)


def test_weights_that_nodes_share_are_one_tensor():
    b = OnnxBuilder(Form.QDQ)
    x = b.input("x", IMAGES, X[np.int8])
    y = conv(b, x, Y[np.int8])
    z = b.quantize(b.node("Conv", b.nodes[-2].input), Z[np.int8])
    model = read_onnx(b.model(y, z))
    assert model.nodes[0].inputs == model.nodes[1].inputs
