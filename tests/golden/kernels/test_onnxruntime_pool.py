"""Pooling and means of the kernel set `onnxruntime` against ONNX Runtime."""

import math
import re

import numpy as np
import pytest
from onnx_builder import Form, Numbers, OnnxBuilder
from onnxruntime_runner import check, draw, golden

from golden.kernel_window import KernelWindow
from golden.kernels.onnxruntime_float import sum_by_fours
from golden.operators import Activation, AveragePool, GlobalAveragePool, MaxPool, Mean

FORMS = pytest.mark.parametrize("form", list(Form), ids=lambda form: form.value)
DTYPES = pytest.mark.parametrize("dtype", [np.int8, np.uint8])
COUNTS = pytest.mark.parametrize("count", [8, pytest.param(100, marks=pytest.mark.long)])


def quantizations(rng, dtype):
    """Of an input and an output, their scales often in a simple ratio, so that ties abound."""
    info = np.iinfo(dtype)
    scales = rng.choice([0.5, 1, 2, 4, rng.uniform(0.3, 5)], 2) * rng.uniform(0.03, 0.09)
    zeros = rng.integers(info.min, info.max, 2, endpoint=True)
    return [
        Numbers(float(np.float32(scale)), int(zero), dtype)
        for scale, zero in zip(scales, zeros, strict=True)
    ]


def window_of(rng, size, dilated=False):
    kernel = tuple(int(rng.integers(1, 4)) for _ in size)
    dilation = tuple(int(rng.integers(1, 3)) for _ in size) if dilated else (1, 1)
    padding = tuple(tuple(int(rng.integers(0, k)) for _ in range(2)) for k in kernel)
    return KernelWindow(kernel, tuple(int(rng.integers(1, 4)) for _ in size), dilation, padding)


def attributes(window):
    (top, bottom), (left, right) = window.padding
    return {
        "kernel_shape": window.kernel,
        "strides": window.stride,
        "pads": (top, left, bottom, right),
    }


def image_of(rng, dtype):
    size = tuple(int(rng.integers(5, 10)) for _ in range(2))
    return draw(rng, (2, int(rng.integers(1, 10)), *size), dtype), size


@COUNTS
@FORMS
@DTYPES
def test_average_pool(form, dtype, count):
    rng = np.random.default_rng(count)
    for _ in range(count):
        given, out = quantizations(rng, dtype)
        x, size = image_of(rng, dtype)
        window = window_of(rng, size)
        counts = bool(rng.random() < 0.5)
        builder = OnnxBuilder(form)
        source = builder.input("x", x.shape, given)
        y = builder.average_pool(source, out, count_include_pad=int(counts), **attributes(window))
        shape = (*x.shape[:2], *window.output_size(size))
        expected = golden(AveragePool(window, counts), [(x, given)], out, shape)
        check(builder, y, {"x": x}, expected, "QLinearAveragePool")


@COUNTS
@FORMS
@DTYPES
@pytest.mark.parametrize("whole", [False, True], ids=["global", "window"])
def test_global_average_pool(form, dtype, whole, count):
    rng = np.random.default_rng(count)
    for _ in range(count):
        given, out = quantizations(rng, dtype)
        x, size = image_of(rng, dtype)
        builder = OnnxBuilder(form)
        source = builder.input("x", x.shape, given)
        operator = GlobalAveragePool()
        y = builder.global_average_pool(source, out)
        if whole:
            operator = AveragePool(KernelWindow(size, (2, 1)))
            builder = OnnxBuilder(form)
            source = builder.input("x", x.shape, given)
            y = builder.average_pool(source, out, kernel_shape=size, strides=(2, 1))
        expected = golden(operator, [(x, given)], out, (*x.shape[:2], 1, 1))
        name = "QLinearAveragePool" if whole else "QLinearGlobalAveragePool"
        check(builder, y, {"x": x}, expected, name)


@COUNTS
@FORMS
@DTYPES
def test_max_pool(form, dtype, count):
    rng = np.random.default_rng(count)
    for _ in range(count):
        given = quantizations(rng, dtype)[0]
        x, size = image_of(rng, dtype)
        window = window_of(rng, size, dilated=True)
        builder = OnnxBuilder(form)
        source = builder.input("x", x.shape, given)
        y = builder.move("MaxPool", source, dilations=window.dilation, **attributes(window))
        shape = (*x.shape[:2], *window.output_size(size))
        expected = golden(MaxPool(window), [(x, given)], given, shape)
        check(builder, y, {"x": x}, expected, "MaxPool")


@DTYPES
def test_a_relu_behind_a_max_pool(dtype):
    rng = np.random.default_rng(9)
    given, out = quantizations(rng, dtype)
    out = Numbers(out.scale, 40, dtype)
    x, window = draw(rng, (2, 3, 8, 8), dtype), KernelWindow((2, 2))
    builder = OnnxBuilder(Form.QDQ)
    real = builder.dequantize(builder.input("x", x.shape, given))
    largest = builder.node("MaxPool", [real], kernel_shape=(2, 2))
    y = builder.quantize(builder.node("Relu", [largest]), out)
    operator = MaxPool(window, Activation.RELU)
    expected = golden(operator, [(x, given)], out, (2, 3, 7, 7))
    check(builder, y, {"x": x}, expected, "Relu")


@pytest.mark.parametrize("count", [15, pytest.param(200, marks=pytest.mark.long)])
@DTYPES
@pytest.mark.parametrize("opset", [13, 18])
def test_mean(dtype, opset, count):
    rng = np.random.default_rng(count)
    for _ in range(count):
        given, out = quantizations(rng, dtype)
        x = draw(rng, tuple(int(n) for n in rng.integers(1, 9, 4)), dtype)
        kept = int(rng.integers(1, 4))
        axes, keep = tuple(range(kept, 4)), bool(rng.random() < 0.5)
        builder = OnnxBuilder(Form.QDQ, opset)
        source = builder.input("x", x.shape, given)
        y = builder.mean(source, out, axes, int(keep))
        shape = x.shape[:kept] + (1,) * (keep * len(axes))
        expected = golden(Mean(axes, keep), [(x, given)], out, shape)
        check(builder, y, {"x": x}, expected, "ReduceMean")


def cancelling(rng, rows, count, middle, dtype):
    """Rows whose distances from `middle` add up to 0, in any order."""
    half = rng.integers(-90, 91, (rows, count // 2))
    values = np.concatenate([half, -half, np.zeros((rows, count % 2), int)], axis=1)
    return (rng.permuted(values, axis=1) + middle).astype(dtype)


def roundings(dtype):
    """Quantization of numbers that cancel, and of what the order of their sum rounds off."""
    middle = 100 if dtype is np.uint8 else -7
    return Numbers(0.0371, middle, dtype), Numbers(0.0371 * 2.0**-22, middle, dtype)


@DTYPES
@pytest.mark.parametrize("size", [(40, 37), (40, 6), (9, 64), (20, 2, 7, 9)])
def test_a_mean_of_roundings(dtype, size):
    given, out = roundings(dtype)
    rng = np.random.default_rng(11)
    x = cancelling(rng, size[0], math.prod(size[1:]), given.zero_point, dtype).reshape(size)
    builder = OnnxBuilder(Form.QDQ, 18)
    axes = tuple(range(1, len(size)))
    y = builder.mean(builder.input("x", size, given), out, axes, 0)
    expected = golden(Mean(axes, keep=False), [(x, given)], out, size[:1])
    assert len(np.unique(expected)) > 3
    check(builder, y, {"x": x}, expected, "ReduceMean")


@DTYPES
def test_an_average_of_roundings(dtype):
    given, out = roundings(dtype)
    rng = np.random.default_rng(12)
    x = cancelling(rng, 2 * 5 * 4 * 4, 4 * 3, given.zero_point, dtype)
    x = x.reshape(2, 5, 4, 4, 4, 3).transpose(0, 1, 2, 4, 3, 5).reshape(2, 5, 16, 12)
    window = KernelWindow((4, 3), (4, 3))
    builder = OnnxBuilder(Form.QOPERATOR)
    source = builder.input("x", x.shape, given)
    y = builder.average_pool(source, out, **attributes(window))
    expected = golden(AveragePool(window), [(x, given)], out, (2, 5, 4, 4))
    assert len(np.unique(expected)) > 3
    check(builder, y, {"x": x}, expected, "QLinearAveragePool")


@FORMS
@pytest.mark.parametrize("whole", [False, True], ids=["global", "window"])
def test_global_averages_at_ties(form, whole):
    """Means of k + 1/2 steps, which the rounding of the scale decides."""
    rng = np.random.default_rng(13)
    for width in range(1, 16):
        scale = float(np.float32(rng.uniform(0.01, 0.1)))
        given, out = Numbers(scale, 3), Numbers(scale, int(rng.integers(-20, 20)))
        x = np.repeat(np.arange(-60, 60), 2 * width).reshape(1, 120, 2, width)
        x = (x + np.array([[0], [1]])).astype(np.int8)
        builder = OnnxBuilder(form)
        source = builder.input("x", x.shape, given)
        if whole:
            operator = AveragePool(KernelWindow((2, width)))
            y = builder.average_pool(source, out, kernel_shape=(2, width))
        else:
            operator = GlobalAveragePool()
            y = builder.global_average_pool(source, out)
        expected = golden(operator, [(x, given)], out, (1, 120, 1, 1))
        name = "QLinearAveragePool" if whole else "QLinearGlobalAveragePool"
        check(builder, y, {"x": x}, expected, name)


def test_the_order_of_a_sum_is_seen():
    """Rows in which another order of the sum gives another float32."""
    rng = np.random.default_rng(8)
    rows = (rng.integers(-128, 128, (50, 37)) * np.float32(0.0371)).astype(np.float32)
    sums = [sum_by_fours(rows, np.full(50, first)) for first in range(4)]
    assert all((sums[first] != sums[0]).any() for first in range(1, 4))


X = np.zeros((1, 2, 6, 6), np.int8)
DILATED = KernelWindow((2, 2), dilation=(2, 1))


@pytest.mark.parametrize(
    ("sentence", "operator", "given", "out"),
    [
        ("it has the dilation (2, 1); QLinearAveragePool has none",
         AveragePool(DILATED), Numbers(1, 0), Numbers(1, 0)),
        ("its relu is not the range of its output",
         AveragePool(KernelWindow((2, 2)), activation=Activation.RELU),
         Numbers(1, 0), Numbers(1, 0)),
        ("it takes the mean over the dimensions (1,) of 4, and only that over the last",
         Mean((1,), keep=True), Numbers(1, 0), Numbers(1, 0)),
        ("it scales sums by 833.33", GlobalAveragePool(), Numbers(30_000, 0), Numbers(1, 0)),
        ("its input must be uint8 like its output",
         GlobalAveragePool(), Numbers(1, 0), Numbers(1, 0, np.uint8)),
    ],
)  # fmt: skip
def test_refused(sentence, operator, given, out):
    with pytest.raises(ValueError, match=re.escape(f"node node: {sentence}")):
        golden(operator, [(X, given)], out, (1, 2, 1, 1))
