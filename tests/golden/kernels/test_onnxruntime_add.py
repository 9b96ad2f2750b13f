"""QLinearAdd of the kernel set `onnxruntime` against ONNX Runtime."""

from fractions import Fraction

import numpy as np
import pytest
from onnx_builder import Form, Numbers, OnnxBuilder
from onnxruntime_runner import check, draw, golden

from golden.kernels.onnxruntime_float import fused_multiply_add
from golden.operators import Activation, Add

SHAPES = [
    ((1, 3, 5, 7), (1, 3, 5, 7)),
    ((2, 3, 40), (2, 3, 40)),
    ((2, 3, 5, 7), (1, 3, 1, 1)),
    ((1, 3, 1, 1), (2, 3, 5, 7)),
    ((2, 3, 5, 7), (7,)),
    ((5, 1), (2, 3, 5, 7)),
    ((2, 3, 5, 1), (2, 3, 1, 7)),
    ((4, 6), ()),
    ((), (4, 6)),
    ((1,), (5, 1)),
    ((5, 1), (1,)),
    ((5, 1), (1, 1)),
    ((5, 1, 1), (5, 1, 1)),
    ((1, 1), (1, 1)),
    ((4, 1, 1), ()),
    ((), (4, 1, 1)),
    ((300,), (300,)),
    ((1,), (60, 1)),
    ((60, 1), (1, 1)),
]


def scales(rng):
    """Scales near each other; in two thirds of the cases simple ratios, which give ties."""
    if rng.random() < 0.33:
        return 2.0 ** rng.uniform(-8, 2, 3) * (1, 1, 4)
    return rng.integers(1, 64, 3) * (0.01 / 7) * (1, 1, 2)


def compare(rng, form, dtype, shapes, clip=None, zero_point=None):
    info = np.iinfo(dtype)
    ends = rng.integers(info.min, info.max + 1, 3)
    a, b, out = (
        Numbers(float(np.float32(scale)), int(zero), dtype)
        for scale, zero in zip(scales(rng), ends, strict=True)
    )
    if zero_point is not None:
        out = Numbers(out.scale, zero_point, dtype)
    x, y = (draw(rng, shape, dtype) for shape in shapes)
    builder = OnnxBuilder(form)
    first, second = builder.input("a", x.shape, a), builder.input("b", y.shape, b)
    activation = Activation.NONE if clip is None else Activation.RELU
    total = builder.add(first, second, out, clip)
    shape = np.broadcast_shapes(*shapes)
    expected = golden(Add(activation), [(x, a), (y, b)], out, shape)
    fused = clip is None or zero_point == info.min
    check(builder, total, {"a": x, "b": y}, expected, "QLinearAdd" if fused else "Relu")


@pytest.mark.parametrize("count", [10, pytest.param(150, marks=pytest.mark.long)])
@pytest.mark.parametrize("form", list(Form), ids=lambda form: form.value)
@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
def test_sums(form, dtype, count):
    rng = np.random.default_rng(count)
    for index in range(count):
        compare(rng, form, dtype, SHAPES[index % len(SHAPES)])


@pytest.mark.parametrize("shapes", SHAPES, ids=lambda s: " ".join(map(str, s)))
def test_shapes(shapes):
    rng = np.random.default_rng(1)
    for _ in range(4):
        compare(rng, Form.QOPERATOR, np.int8, shapes)


@pytest.mark.parametrize("shapes", SHAPES, ids=lambda s: " ".join(map(str, s)))
def test_sums_of_roundings(shapes):
    """Terms that cancel, in steps so small that the order of additions decides the integer."""
    rng = np.random.default_rng(6)
    for _ in range(8):
        scale, zeros = rng.uniform(0.01, 0.09), rng.integers(-20, 20, 3)
        a, b = (Numbers(scale * factor, int(z)) for factor, z in zip((1, 2), zeros, strict=False))
        out = Numbers(scale * 2.0**-19 * rng.uniform(1, 2), int(zeros[2]))
        count = int(rng.integers(1, 50))
        x = np.array(rng.choice([-2, 2], shapes[0]) * count + a.zero_point, np.int8)
        y = np.array(rng.choice([-1, 1], shapes[1]) * count + b.zero_point, np.int8)
        builder = OnnxBuilder(Form.QOPERATOR)
        total = builder.add(builder.input("a", x.shape, a), builder.input("b", y.shape, b), out)
        expected = golden(Add(), [(x, a), (y, b)], out, np.broadcast_shapes(*shapes))
        check(builder, total, {"a": x, "b": y}, expected, "QLinearAdd")


@pytest.mark.parametrize("zero_point", [-128, 0, 17])
def test_a_relu_behind(zero_point):
    rng = np.random.default_rng(2)
    for _ in range(10):
        compare(rng, Form.QDQ, np.int8, SHAPES[0], (0, np.inf), zero_point)


def test_sums_outside_int32_are_the_lowest_integer():
    x = np.array([[-128, -1, 0, 1, 127]], np.int8)
    given, out = Numbers(1e10, 0), Numbers(1.0, 0)
    builder = OnnxBuilder(Form.QOPERATOR)
    total = builder.add(builder.input("a", x.shape, given), builder.input("b", x.shape, given), out)
    expected = golden(Add(), [(x, given), (x, given)], out, x.shape)
    assert expected.tolist() == [[-128, -128, 0, -128, -128]]
    check(builder, total, {"a": x, "b": x}, expected, "QLinearAdd")


def test_fused_multiply_add_is_rounded_once():
    rng = np.random.default_rng(5)
    count = 2000
    a, b = rng.integers(-255, 256, count), (2.0 ** rng.uniform(-12, 4, count)).astype(np.float32)
    c = (-a * b * (1 + rng.choice([0, 2.0**-20, 1, 1e-7], count))).astype(np.float32)
    for x, y, z, actual in zip(a, b, c, fused_multiply_add(a, b, c), strict=True):
        exact = Fraction(int(x)) * Fraction(float(y)) + Fraction(float(z))
        for neighbour in (np.nextafter(actual, np.float32(np.inf)),
                          np.nextafter(actual, -np.float32(np.inf))):  # fmt: skip
            distance = abs(exact - Fraction(float(actual)))
            assert distance <= abs(exact - Fraction(float(neighbour)))


def test_fused_multiply_add_does_not_round_twice():
    """1 + 2**-24 is a tie of float32; 2**-60 more decides it, which float64 forgets."""
    sums = fused_multiply_add(np.float32([2.0**-30, -(2.0**-30)]), 2.0**-30, 1 + 0 * 2.0**-24)
    assert sums.tolist() == [1, 1]
    a = np.float32(1 + 2.0**-12)
    assert fused_multiply_add(a, a, np.float32(2.0**-60)) == np.float32(1 + 2.0**-11 + 2.0**-23)
    assert fused_multiply_add(a, a, np.float32(-(2.0**-60))) == np.float32(1 + 2.0**-11)
