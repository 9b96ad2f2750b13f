"""QLinearSoftmax of the kernel set `onnxruntime` against ONNX Runtime."""

import re

import numpy as np
import pytest
from onnx_builder import Form, Numbers, OnnxBuilder
from onnxruntime_runner import check, draw, golden

from golden.operators import Softmax


def compare(rng, form, dtype, shape, axis):
    info = np.iinfo(dtype)
    given = Numbers(float(np.float32(2.0 ** rng.uniform(-9, 1))), 3, dtype)
    zero_point = rng.choice([info.min, info.min, info.max, 7])
    out = Numbers(float(rng.choice([1 / 256, 1 / 127, 0.003])), int(zero_point), dtype)
    x = draw(rng, shape, dtype)
    if rng.random() < 0.5:  # near each other, so that many count
        x = (x.astype(int) // 16 + rng.integers(max(0, info.min + 8), 100)).astype(dtype)
    builder = OnnxBuilder(form)
    y = builder.softmax(builder.input("x", shape, given), out, axis)
    expected = golden(Softmax(axis % len(shape)), [(x, given)], out, shape)
    check(builder, y, {"x": x}, expected, "QLinearSoftmax")


@pytest.mark.parametrize("count", [8, pytest.param(80, marks=pytest.mark.long)])
@pytest.mark.parametrize("form", list(Form), ids=lambda form: form.value)
@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
def test_rows(form, dtype, count):
    rng = np.random.default_rng(count)
    for _ in range(count):
        compare(rng, form, dtype, (30, int(rng.integers(3, 60))), -1)


@pytest.mark.parametrize("axis", [0, 1, 2, 3])
def test_axes(axis):
    rng = np.random.default_rng(axis)
    for _ in range(3):
        compare(rng, Form.QOPERATOR, np.int8, (2, 5, 4, 6), axis)


@pytest.mark.long
@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
def test_many_rows(dtype):
    """A table made with the double logarithm differs in one of 10^7 elements."""
    rng = np.random.default_rng(4)
    for _ in range(6):
        compare(rng, Form.QOPERATOR, dtype, (20_000, int(rng.integers(3, 300))), -1)


@pytest.mark.parametrize(
    ("sentence", "operator", "shape", "out"),
    [
        ("it has the beta 2.0; ONNX has only 1", Softmax(1, 2.0), (1, 4), Numbers(1, 0)),
        ("its 1 elements at a scale of 0.00390625 overflow float32",
         Softmax(1), (1, 1), Numbers(1 / 256, -128)),
        ("its input must be uint8 like its output", Softmax(1), (1, 4), Numbers(1, 0, np.uint8)),
    ],
)  # fmt: skip
def test_refused(sentence, operator, shape, out):
    with pytest.raises(ValueError, match=re.escape(f"node node: {sentence}")):
        golden(operator, [(np.zeros(shape, np.int8), Numbers(0.1, 0))], out, shape)
