"""What the nodes of .onnx files become; what they compute is compared with ONNX Runtime."""

import numpy as np
import pytest
from onnx_builder import Form, Numbers, OnnxBuilder
from onnx_check import check_against_runtime, operators
from onnxruntime_runner import draw

from flow.onnx_reader import read_onnx
from golden.model import Layout
from golden.operators import (
    Activation,
    Add,
    AveragePool,
    Clamp,
    Concatenation,
    Convolution,
    DepthwiseConvolution,
    FullyConnected,
    GlobalAveragePool,
    MaxPool,
    Mean,
    Pad,
    Reshape,
    Softmax,
    Transpose,
)

DTYPES = pytest.mark.parametrize("dtype", [np.int8, np.uint8])
FORMS = pytest.mark.parametrize("form", Form)

X, Y, Z = (
    {np.int8: Numbers(scale, zero, np.int8), np.uint8: Numbers(scale, zero + 128, np.uint8)}
    for scale, zero in ((0.02, 3), (0.05, -5), (0.04, 1))
)
IMAGES = (2, 4, 8, 6)


def weights(*shape, seed=0):
    return draw(np.random.default_rng(seed), shape, np.int8)


def bias(count, seed=0):
    return np.random.default_rng(seed).integers(-9999, 9999, count).astype(np.int32)


def conv(b, x, y, **attributes):
    return b.conv(x, weights(6, 4, 3, 3), np.linspace(0.005, 0.02, 6), y, bias(6), **attributes)


def depthwise(b, x, y, multiplier=1, **attributes):
    kernel = weights(4 * multiplier, 1, 3, 3)
    return b.conv(x, kernel, np.full(4 * multiplier, 0.01), y, bias(4 * multiplier), group=4,
                  **attributes)  # fmt: skip


# name: (what builds it from the builder, x and the output's numbers; operator; shape of the output)
IMAGE_CASES = {
    "conv": (conv, Convolution, (2, 6, 6, 4)),
    "conv pads": (lambda *a: conv(*a, pads=[1, 0, 2, 1]), Convolution, (2, 6, 9, 5)),
    "conv strides": (lambda *a: conv(*a, strides=[2, 1]), Convolution, (2, 6, 3, 4)),
    "conv dilations": (lambda *a: conv(*a, dilations=[2, 2]), Convolution, (2, 6, 4, 2)),
    "conv valid": (lambda *a: conv(*a, auto_pad="VALID"), Convolution, (2, 6, 6, 4)),
    "conv same": (
        lambda *a: conv(*a, auto_pad="SAME_UPPER", strides=[2, 2]), Convolution, (2, 6, 4, 3)),
    "conv same lower": (
        lambda *a: conv(*a, auto_pad="SAME_LOWER", strides=[2, 2]), Convolution, (2, 6, 4, 3)),
    "conv groups": (
        lambda b, x, y: b.conv(x, weights(6, 2, 3, 3), np.float32(0.01), y, group=2),
        Convolution, (2, 6, 6, 4)),
    "depthwise": (depthwise, DepthwiseConvolution, (2, 4, 6, 4)),
    "depthwise multiplier": (
        lambda *a: depthwise(*a, multiplier=2), DepthwiseConvolution, (2, 8, 6, 4)),
    "add": (lambda b, x, y: b.add(x, x, y), Add, IMAGES),
    "add constant": (
        lambda b, x, y: b.add(x, b.stored(np.arange(8).reshape(8, 1), y), y), Add, IMAGES),
    "add scalar": (lambda b, x, y: b.add(x, b.stored(7, y), y), Add, IMAGES),
    "average pool": (
        lambda b, x, y: b.average_pool(x, y, kernel_shape=[3, 2], pads=[1, 0, 1, 1]),
        AveragePool, (2, 4, 8, 6)),
    "average pool counts": (
        lambda b, x, y: b.average_pool(
            x, y, kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[2, 2], count_include_pad=1),
        AveragePool, (2, 4, 4, 3)),
    "global average pool": (
        lambda b, x, y: b.global_average_pool(x, y), GlobalAveragePool, (2, 4, 1, 1)),
    "softmax": (lambda b, x, y: b.softmax(x, y, axis=-1), Softmax, IMAGES),
    "concat": (lambda b, x, y: b.concat([x, x], y), Concatenation, (2, 8, 8, 6)),
    "max pool": (
        lambda b, x, y: b.move("MaxPool", b.add(x, x, y), kernel_shape=[2, 2], strides=[2, 2]),
        MaxPool, (2, 4, 4, 3)),
    "max pool whole by ceil": (
        lambda b, x, y: b.move(
            "MaxPool", b.add(x, x, y), kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1),
        MaxPool, (2, 4, 4, 3)),
    "flatten": (lambda b, x, _: b.move("Flatten", x), Reshape, (2, 192)),
    "flatten all": (lambda b, x, _: b.move("Flatten", x, axis=0), Reshape, (1, 384)),
    "reshape": (
        lambda b, x, _: b.move("Reshape", x, np.array([0, -1, 3])), Reshape, (2, 64, 3)),
    "unsqueeze": (
        lambda b, x, _: b.move("Unsqueeze", x, np.array([-1, 0])), Reshape, (1, *IMAGES, 1)),
    "transpose": (
        lambda b, x, _: b.move("Transpose", x, perm=[0, 2, 3, 1]), Transpose, (2, 8, 6, 4)),
    "transpose back": (lambda b, x, _: b.move("Transpose", x), Transpose, (6, 8, 4, 2)),
}  # fmt: skip


@DTYPES
@FORMS
@pytest.mark.parametrize("case", IMAGE_CASES)
def test_operators_on_images_equal_onnx_runtime(case, form, dtype):
    build, operator, shape = IMAGE_CASES[case]
    b = OnnxBuilder(form)
    y = build(b, b.input("x", IMAGES, X[dtype]), Y[dtype])
    model = check_against_runtime(b.model(y))
    assert operators(model)[-1] is operator
    assert (model.inputs, model.outputs) == (("x",), (y.name,))
    assert model.tensors[y.name].shape == shape
    assert model.layout is Layout.CHANNELS_FIRST


@DTYPES
@FORMS
@pytest.mark.parametrize("trans_b", [0, 1])
@pytest.mark.parametrize("scales", [np.float32(0.01), np.linspace(0.005, 0.02, 5)])
def test_products_equal_onnx_runtime(form, dtype, trans_b, scales):
    b = OnnxBuilder(form)
    x = b.input("x", (3, 7), X[dtype])
    w = weights(7, 5)
    y = b.gemm(x, w.T.copy() if trans_b else w, scales, Y[dtype], bias(5), trans_b=trans_b)
    z = b.matmul(y, weights(5, 4), np.float32(0.02), Z[dtype])
    model = check_against_runtime(b.model(z))
    assert operators(model) == [FullyConnected, FullyConnected]
    constants = [model.tensors[node.inputs[1]] for node in model.nodes]
    assert [tensor.shape for tensor in constants] == [(7, 5), (5, 4)]
    assert np.array_equal(constants[0].data, w)
    assert constants[0].quantization.axis == (1 if np.ndim(scales) else None)


@DTYPES
def test_mean_and_clip_equal_onnx_runtime(dtype):
    for opset in (17, 18):
        b = OnnxBuilder(Form.QDQ, opset)
        x = b.input("x", IMAGES, X[dtype])
        y = b.mean(b.clip(x, 0.0, 1.5, Z[dtype]), Y[dtype], [-1, 2], keepdims=0)
        model = check_against_runtime(b.model(y))
        assert [node.operator for node in model.nodes] == [Clamp(0.0, 1.5), Mean((2, 3), False)]
        assert model.tensors[y.name].shape == (2, 4)


@DTYPES
@FORMS
def test_padding_is_the_real_number(form, dtype):
    b = OnnxBuilder(form)
    x = b.input("x", IMAGES, X[dtype])
    y = conv(b, x, Y[dtype])
    fill = dtype(Y[dtype].zero_point) if form is Form.QOPERATOR else np.float32(0)
    z = b.move("Pad", y, np.array([0, 0, 1, 2, 0, 0, 0, 1]), fill)
    model = check_against_runtime(b.model(z))
    assert model.nodes[1].operator == Pad(((0, 0), (0, 0), (1, 0), (2, 1)), 0.0)


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
