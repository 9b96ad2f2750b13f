"""Convolutions and products of the kernel set `onnxruntime` against ONNX Runtime."""

import re

import numpy as np
import pytest
from onnx_builder import Form, Numbers, OnnxBuilder
from onnxruntime_runner import check, draw, golden

from golden.kernel_window import KernelWindow
from golden.operators import (
    Activation,
    Convolution,
    DepthwiseConvolution,
    FullyConnected,
)

FORMS = pytest.mark.parametrize("form", list(Form), ids=lambda form: form.value)
DTYPES = pytest.mark.parametrize(
    ("dtype", "weight_dtype"),
    [(np.int8, np.int8), (np.uint8, np.int8), (np.uint8, np.uint8)],
    ids=["s8s8", "u8s8", "u8u8"],
)
COUNTS = pytest.mark.parametrize("count", [4, pytest.param(40, marks=pytest.mark.long)])


def numbers(rng, dtype, scale):
    info = np.iinfo(dtype)
    zero_point = rng.choice([info.min, info.max, rng.integers(info.min, info.max + 1)])
    return Numbers(float(np.float32(scale)), int(zero_point), dtype)


def scales(rng, terms, channels):
    """Scales of an activation, of weights and of an output that spends its range.

    A third are powers of two, so that ties abound; in another the product of the first two is the
    third times a power of two but for roundings, which decide the ties.
    """
    kind = rng.integers(3)
    xs, ws = rng.uniform(0.02, 0.05), rng.uniform(0.01, 0.02)
    spread, ys = 2.0 ** rng.uniform(-1, 1, channels), xs * ws * 40 * terms**0.5
    if kind:
        spread = 2.0 ** rng.integers(-1, 2, channels)
        ys = xs * ws * 2.0 ** np.ceil(np.log2(40 * terms**0.5))
    real = [xs, ws * spread, ys]
    if kind == 1:
        real = [2.0 ** np.floor(np.log2(value)) for value in real]
    return [np.float32(value) for value in real]


def weights_of(rng, shape, dtype, per_channel, axis):
    """Weights, the shape of their scales, and their zero points: one, or one a channel."""
    channels = (shape[axis],) if per_channel else ()
    symmetric = dtype is np.int8 and rng.random() < 0.5
    zeros = 0 if symmetric else draw(rng, channels if rng.random() < 0.5 else (), dtype)
    return draw(rng, shape, dtype), channels, np.asarray(zeros, np.int64)


def window_of(rng, kernel):
    dilation = tuple(int(rng.integers(1, 3)) for _ in kernel)
    extents = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    padding = tuple(tuple(int(rng.integers(0, min(e, 3))) for _ in range(2)) for e in extents)
    stride = tuple(int(rng.integers(1, 4)) for _ in kernel)
    return KernelWindow(kernel, stride, dilation, padding)


def attributes(window, group):
    (top, bottom), (left, right) = window.padding
    return {
        "kernel_shape": window.kernel,
        "strides": window.stride,
        "dilations": window.dilation,
        "pads": (top, left, bottom, right),
        "group": group,
    }


def compare_convolution(rng, form, dtype, weight_dtype, groups, depthwise):
    per_channel = bool(rng.random() < 0.7)
    kernel = tuple(int(rng.integers(1, 4)) for _ in range(2))
    inputs, outputs = groups * (1 if depthwise else 3), groups * int(rng.integers(1, 4))
    window = window_of(rng, kernel)
    size = tuple(int(rng.integers(6, 11)) for _ in range(2))
    x = draw(rng, (2, inputs, *size), dtype)
    shape = (outputs, inputs // groups, *kernel)
    w, channels, zero = weights_of(rng, shape, weight_dtype, per_channel, 0)
    xs, ws, ys = scales(rng, inputs // groups * kernel[0] * kernel[1], channels)
    given, out = numbers(rng, dtype, xs), numbers(rng, dtype, ys)
    bias = rng.integers(-2000, 2000, outputs).astype(np.int32) if rng.random() < 0.7 else None

    builder = OnnxBuilder(form)
    source = builder.input("x", x.shape, given)
    y = builder.conv(source, w, ws, out, bias, zero, **attributes(window, groups))

    moved = np.ascontiguousarray(w.transpose(2, 3, 1, 0))
    operator = Convolution(window, groups)
    if depthwise:
        moved, operator = moved.reshape(*kernel, inputs, -1), DepthwiseConvolution(window)
    read = [(x, given), (moved, ws, zero)] + ([] if bias is None else [bias])
    expected = golden(operator, read, out, (2, outputs, *window.output_size(size)))
    check(builder, y, {"x": x}, expected, "QLinearConv")


@COUNTS
@FORMS
@DTYPES
@pytest.mark.parametrize(
    ("groups", "depthwise"),
    [(1, False), (3, False), (5, True)],
    ids=["dense", "grouped", "depthwise"],
)
def test_convolution(form, dtype, weight_dtype, groups, depthwise, count):
    rng = np.random.default_rng(count)
    for _ in range(count):
        compare_convolution(rng, form, dtype, weight_dtype, groups, depthwise)


def compare_product(rng, form, dtype, weight_dtype, gemm):
    k, n = int(rng.choice([1, 7, 64, 300])), int(rng.integers(1, 40))
    rows = (4,) if gemm else (2, 3)
    x = draw(rng, (*rows, k), dtype)
    trans_b = int(gemm and rng.random() < 0.5)
    shape = (n, k) if trans_b else (k, n)
    w, channels, zero = weights_of(rng, shape, weight_dtype, rng.random() < 0.5, 1 - trans_b)
    xs, ws, ys = scales(rng, k, channels)
    given, out = numbers(rng, dtype, xs), numbers(rng, dtype, ys)
    bias = rng.integers(-2000, 2000, n).astype(np.int32) if gemm and rng.random() < 0.7 else None

    builder = OnnxBuilder(form)
    source = builder.input("x", x.shape, given)
    if gemm:
        y = builder.gemm(source, w, ws, out, bias, zero, trans_b=trans_b)
    else:
        y = builder.matmul(source, w, ws, out, zero_points=zero)

    read = [(x, given), (w.T if trans_b else w, ws, zero)] + ([] if bias is None else [bias])
    expected = golden(FullyConnected(), read, out, (*rows, n))
    check(builder, y, {"x": x}, expected, "QGemm" if gemm else "QLinearMatMul")


@COUNTS
@FORMS
@DTYPES
@pytest.mark.parametrize("gemm", [True, False], ids=["gemm", "matmul"])
def test_product(form, dtype, weight_dtype, gemm, count):
    rng = np.random.default_rng(count)
    for _ in range(count):
        compare_product(rng, form, dtype, weight_dtype, gemm)


def test_products_at_ties():
    """An accumulator of n + 1/2 steps of the output, for every n."""
    x = np.arange(-128, 128, dtype=np.int8).reshape(-1, 1)
    w, given = np.array([[1, 3, 5]], np.int8), Numbers(1, 0, np.int8)
    for zero_point in (0, 3, -128):
        out = Numbers(2, zero_point, np.int8)
        builder = OnnxBuilder(Form.QOPERATOR)
        y = builder.matmul(builder.input("x", x.shape, given), w, np.float32(1), out)
        expected = golden(FullyConnected(), [(x, given), (w, np.float32(1), 0)], out, (256, 3))
        check(builder, y, {"x": x}, expected, "QLinearMatMul")


def test_accumulators_wrap():
    x = np.full((1, 70_000), 255, np.uint8)
    w = np.full((70_000, 2), -128, np.int8)
    given, out = Numbers(1, 0, np.uint8), Numbers(2.0**25, 100, np.uint8)
    builder = OnnxBuilder(Form.QOPERATOR)
    y = builder.matmul(builder.input("x", x.shape, given), w, np.float32(1), out)
    expected = golden(FullyConnected(), [(x, given), (w, np.float32(1), 0)], out, (1, 2))
    assert expected.min() > 100
    check(builder, y, {"x": x}, expected, "QLinearMatMul")


ONE = KernelWindow((1, 1))
X = np.zeros((1, 2, 3, 3), np.int8)
W = np.zeros((1, 1, 2, 2), np.int8)
IN = Numbers(0.5, 0)


@pytest.mark.parametrize(
    ("sentence", "operator", "inputs", "out"),
    [
        ("its relu is not the range of its output (scale 0.5, zero point 3), so ONNX Runtime",
         Convolution(ONE, activation=Activation.RELU),
         [(X, IN), (W, np.float32(1), 0)], Numbers(0.5, 3)),
        ("its relu6 is not the range of its output",
         Convolution(ONE, activation=Activation.RELU6),
         [(X, IN), (W, np.float32(1), 0)], Numbers(0.5, -128)),
        ("it has an int8 input and uint8 weights; make them int8 too",
         Convolution(ONE), [(X, IN), (W.view(np.uint8), np.float32(1), 0)], IN),
        ("its input is int8 and its output uint8; make them one",
         Convolution(ONE), [(X, IN), (W, np.float32(1), 0)], Numbers(1, 0, np.uint8)),
    ],
)  # fmt: skip
def test_refused(sentence, operator, inputs, out):
    with pytest.raises(ValueError, match=re.escape(f"node node: {sentence}")):
        golden(operator, inputs, out, (1, 2, 3, 3))


@pytest.mark.parametrize(
    ("activation", "bounds", "out"),
    [
        (Activation.RELU, (0, np.inf), Numbers(0.02, -128)),
        (Activation.RELU6, (0.0, 6.0), Numbers(6 / 255, -128)),
        (Activation.RELU6, (0.0, 6.0), Numbers(0.01, -128)),
        (Activation.RELU_N1_TO_1, (-1.0, 1.0), Numbers(1 / 128, 0)),
        (Activation.RELU_N1_TO_1, (-1.0, 1.0), Numbers((1 + 2.0**-23) / 128, 0)),
    ],
)
def test_an_activation_that_is_the_range(activation, bounds, out):
    rng = np.random.default_rng(3)
    x, w = draw(rng, (1, 4, 8, 8), np.int8), draw(rng, (6, 4, 1, 1), np.int8)
    given, ws = Numbers(0.0117, 5), np.float32(0.0031)
    builder = OnnxBuilder(Form.QDQ)
    y = builder.conv(builder.input("x", x.shape, given), w, ws, out, clip=bounds)
    read = [(x, given), (np.ascontiguousarray(w.transpose(2, 3, 1, 0)), ws, 0)]
    expected = golden(Convolution(ONE, activation=activation), read, out, (1, 6, 8, 8))
    check(builder, y, {"x": x}, expected, "QLinearConv")
