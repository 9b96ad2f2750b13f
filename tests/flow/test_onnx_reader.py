"""Every operator of .onnx files computes what ONNX Runtime does."""

import numpy as np
import pytest
from onnx_builder import Form, OnnxBuilder
from onnx_check import check_against_runtime, operators
from onnx_parts import IMAGES, X, Y, Z, bias, conv, weights

from golden.model import Layout
from golden.operators import (
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
