"""Clip, Pad, Reshape, Transpose, QLinearConcat, QuantizeLinear and DequantizeLinear."""

import re

import numpy as np
import pytest
from onnx_builder import Form, Numbers, OnnxBuilder
from onnxruntime_runner import check, draw, golden, run

from golden.operators import (
    Activation,
    Clamp,
    Concatenation,
    Dequantize,
    Pad,
    Quantize,
    Reshape,
    Transpose,
)

FORMS = pytest.mark.parametrize("form", list(Form), ids=lambda form: form.value)
DTYPES = pytest.mark.parametrize("dtype", [np.int8, np.uint8])
RNG = np.random.default_rng(0)


def numbers(rng, dtype):
    info = np.iinfo(dtype)
    zero_point = int(rng.integers(info.min, info.max, endpoint=True))
    scale = rng.choice([0.0625, 0.03125, rng.uniform(0.01, 0.1)])
    return Numbers(float(np.float32(scale)), zero_point, dtype)


@FORMS
@DTYPES
@pytest.mark.parametrize(
    ("name", "constants", "attributes", "operator", "shape"),
    [
        ("Reshape", [[2, -1]], {}, Reshape(), (2, 60)),
        ("Flatten", [], {}, Reshape(), (2, 60)),
        ("Transpose", [], {"perm": (0, 2, 3, 1)}, Transpose((0, 2, 3, 1)), (2, 4, 5, 3)),
    ],
)
def test_moves(form, dtype, name, constants, attributes, operator, shape):
    x, given = draw(RNG, (2, 3, 4, 5), dtype), numbers(RNG, dtype)
    builder = OnnxBuilder(form)
    y = builder.move(name, builder.input("x", x.shape, given), *constants, **attributes)
    expected = golden(operator, [(x, given)], given, shape)
    check(builder, y, {"x": x}, expected, name)


@DTYPES
@pytest.mark.parametrize("value", [0.0, 0.7, -50.0])
def test_pad(dtype, value):
    x, given = draw(RNG, (1, 3, 4, 5), dtype), numbers(RNG, dtype)
    pads = ((0, 0), (0, 0), (1, 2), (0, 3))
    flat = [pair[end] for end in (0, 1) for pair in pads]
    builder = OnnxBuilder(Form.QDQ)
    y = builder.move("Pad", builder.input("x", x.shape, given), flat, np.float32(value))
    expected = golden(Pad(pads, value), [(x, given)], given, (1, 3, 7, 8))
    check(builder, y, {"x": x}, expected, "Pad")


@FORMS
@DTYPES
@pytest.mark.parametrize("axis", [1, 2])
@pytest.mark.parametrize("same", [True, False])
def test_concatenation(form, dtype, axis, same):
    rng = np.random.default_rng(axis)
    for _ in range(5):
        out = numbers(rng, dtype)
        parts = [out if same else numbers(rng, dtype) for _ in range(3)]
        arrays = [draw(rng, (2, 3, 70), dtype) for _ in parts]
        builder = OnnxBuilder(form)
        inputs = [builder.input(f"x{i}", (2, 3, 70), part) for i, part in enumerate(parts)]
        y = builder.concat(inputs, out, axis)
        shape = np.concatenate(arrays, axis).shape
        read = list(zip(arrays, parts, strict=True))
        expected = golden(Concatenation(axis), read, out, shape)
        feeds = {f"x{i}": array for i, array in enumerate(arrays)}
        check(builder, y, feeds, expected, "QLinearConcat")


@DTYPES
@pytest.mark.parametrize("same", [True, False])
def test_a_relu_behind_a_concatenation(dtype, same):
    rng = np.random.default_rng(7)
    out = Numbers(0.05, 100, dtype)
    parts = [out if same else numbers(rng, dtype) for _ in range(2)]
    arrays = [draw(rng, (2, 3, 70), dtype) for _ in parts]
    builder = OnnxBuilder(Form.QDQ)
    inputs = [builder.input(f"x{i}", (2, 3, 70), part) for i, part in enumerate(parts)]
    joined = builder.node("Concat", [builder.dequantize(part) for part in inputs], axis=1)
    y = builder.quantize(builder.node("Relu", [joined]), out)
    operator = Concatenation(1, Activation.RELU)
    expected = golden(operator, list(zip(arrays, parts, strict=True)), out, (2, 6, 70))
    check(builder, y, {f"x{i}": array for i, array in enumerate(arrays)}, expected, "Relu")


@DTYPES
@pytest.mark.parametrize("bounds", [(0, np.inf), (0.0, 1.0), (-0.3, 0.77)])
def test_clamp(dtype, bounds):
    rng = np.random.default_rng(1)
    every = np.arange(256).astype(np.uint8).view(dtype).reshape(1, 256)
    for same in (True, False) * 10:
        given = numbers(rng, dtype)
        out = given if same else numbers(rng, dtype)
        builder = OnnxBuilder(Form.QDQ)
        y = builder.clip(builder.input("x", every.shape, given), *bounds, out)
        expected = golden(Clamp(*bounds), [(every, given)], out, every.shape)
        check(builder, y, {"x": every}, expected, "QuantizeLinear")


@DTYPES
@pytest.mark.parametrize("size", [3, 1000])
def test_quantize(dtype, size):
    rng = np.random.default_rng(size)
    for _ in range(20):
        out = numbers(rng, dtype)
        halves = rng.integers(-600, 600, (1, size)) / 2
        x = (halves * out.scale).astype(np.float32)
        x[0, :3] = np.nan, np.inf, -np.inf
        builder = OnnxBuilder(Form.QOPERATOR)
        y = builder.quantize(builder.real_input("x", x.shape), out)
        expected = golden(Quantize(), [x], out, x.shape)
        check(builder, y, {"x": x}, expected, "QuantizeLinear")


@DTYPES
def test_integers_of_another_scale(dtype):
    every = np.arange(256).astype(np.uint8).view(dtype).reshape(1, 256)
    for _ in range(20):
        given, out = numbers(RNG, dtype), numbers(RNG, dtype)
        builder = OnnxBuilder(Form.QDQ)
        source = builder.input("x", every.shape, given)
        y = builder.quantize(builder.dequantize(source), out)
        expected = golden(Quantize(), [(every, given)], out, every.shape)
        check(builder, y, {"x": every}, expected, "QuantizeLinear")


@DTYPES
def test_dequantize(dtype):
    every = np.arange(256).astype(np.uint8).view(dtype).reshape(1, 256)
    given = numbers(RNG, dtype)
    builder = OnnxBuilder(Form.QDQ)
    name = builder.dequantize(builder.input("x", every.shape, given))
    actual = run(builder.model(name), {"x": every}, {name: np.float32}).tensors[name]
    expected = golden(Dequantize(), [(every, given)], None, every.shape)
    np.testing.assert_array_equal(actual.view(np.int32), expected.view(np.int32))


X = np.zeros((1, 2), np.int8)


@pytest.mark.parametrize(
    ("sentence", "operator", "read", "out"),
    [
        ("it quantizes float32 numbers, not float64", Quantize(), X.astype(float), Numbers(1, 0)),
        ("tensor in0 must be quantized", Dequantize(), X, None),
        ("tensor in0 must be quantized", Reshape(), X, None),
        ("tensor out must be float32, not int8", Dequantize(), (X, Numbers(1, 0)), Numbers(1, 0)),
        ("tensor in0 must be of integers, not float32",
         Clamp(0, 1), (X.astype(np.float32), Numbers(1, 0)), Numbers(1, 0)),
    ],
)  # fmt: skip
def test_refused(sentence, operator, read, out):
    with pytest.raises(ValueError, match=re.escape(f"node node: {sentence}")):
        golden(operator, [read], out, (1, 2))
