import re

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper

from golden.gemm import matmul, matmul_wide
from golden.overflow import Overflow

EDGES = {np.int8: [-128, -127, -1, 0, 1, 126, 127], np.uint8: [0, 1, 127, 128, 254, 255]}
OPERANDS = [np.int8, np.uint8, np.int16, np.uint16]
AWKWARD = [(1, 1, 1), (3, 1, 2), (2, 1025, 3), (1, 2049, 1), (17, 513, 1), (5, 300, 33)]


def draw(rng, shape, dtype):
    """Half edge values, half uniform."""
    info = np.iinfo(dtype)
    edges = rng.choice(EDGES.get(dtype, [info.min, info.max, 0]), shape)
    uniform = rng.integers(info.min, info.max, shape, endpoint=True)
    return np.where(rng.random(shape) < 0.5, edges, uniform).astype(dtype)


def in_python(a, w):
    return (a.astype(object) @ w.astype(object)).astype(np.int64)


@pytest.mark.parametrize("w_type", OPERANDS)
@pytest.mark.parametrize("a_type", OPERANDS)
def test_equals_python_integers(a_type, w_type):
    rng = np.random.default_rng(7)
    for m, k, n in AWKWARD:
        a, w = draw(rng, (m, k), a_type), draw(rng, (k, n), w_type)
        expected = in_python(a, w)
        np.testing.assert_array_equal(matmul_wide(a, w), expected)
        np.testing.assert_array_equal(matmul(a, w), expected.astype(np.int32))


@pytest.mark.parametrize("k", [1, 258, 259, 514, 515, 1024, 1025, 5000])
@pytest.mark.parametrize(
    ("a_value", "w_value"),
    [
        (np.int8(-128), np.int8(-128)),
        (np.int8(-128), np.int8(127)),
        (np.uint8(255), np.int8(-128)),
        (np.uint8(255), np.uint8(255)),
        (np.int16(-32768), np.int16(-32768)),
        (np.uint16(65535), np.uint16(65535)),
    ],
)
def test_extreme_sums_of_any_length(a_value, w_value, k):
    # The first operands are odd in their last place, so that a sum too long for float shows.
    a = np.full((2, k), a_value)
    w = np.full((k, 2), w_value)
    a[1, 0], w[0, 1] = 1, 1
    np.testing.assert_array_equal(matmul_wide(a, w), in_python(a, w))


def test_int32_is_enough_up_to_its_largest_k_and_wraps_after():
    a, w = (np.full(shape, -128, np.int8) for shape in [(1, 2**17), (2**17, 1)])
    assert matmul(a[:, :-1], w[:-1]).item() == 2**31 - 2**14
    assert matmul(a, w).item() == -(2**31)
    assert matmul_wide(a, w).item() == 2**31


@pytest.mark.parametrize("bits", [2, 8, 15, 16, 17, 24, 31, 32, 33, 48, 64])
def test_narrow_accumulators_wrap_modulo_their_width(bits):
    rng = np.random.default_rng(bits)
    a, w = draw(rng, (9, 40), np.int8), draw(rng, (40, 7), np.int8)
    result = matmul(a, w, accumulator_bits=bits)
    assert result.dtype == (np.int32 if bits <= 32 else np.int64)
    low = -(2 ** (bits - 1))
    assert ((in_python(a, w).astype(object) - low) % 2**bits + low == result).all()


def saturating(a, w, low, high):
    total = 0
    for x, y in zip(a.tolist(), w.tolist(), strict=True):
        total = min(max(total + x * y, low), high)
    return total


@pytest.mark.parametrize(
    ("overflow", "low"),
    [(Overflow.SATURATE, -(2**15)), (Overflow.SATURATE_SYMMETRIC, -(2**15) + 1)],
)
def test_saturating_accumulators_add_in_the_order_of_k(overflow, low):
    rng = np.random.default_rng(3)
    a, w = draw(rng, (11, 50), np.int8), draw(rng, (50, 5), np.int8)
    result = matmul(a, w, accumulator_bits=16, overflow=overflow)
    expected = [[saturating(row, column, low, 2**15 - 1) for column in w.T] for row in a]
    assert result.tolist() == expected
    backward = matmul(a[:, ::-1], w[::-1], accumulator_bits=16, overflow=overflow)
    assert (backward != result).any()


def test_saturation_without_overflow_is_the_exact_product():
    a, w = np.full((1, 3), -128, np.int8), np.array([[-128], [127], [-1]], np.int8)
    assert matmul(a, w, accumulator_bits=17, overflow=Overflow.SATURATE).item() == 256


@pytest.mark.parametrize(("a", "w", "end"), [(-128, 127, -8192), (-128, -128, 8191)])
def test_a_single_product_saturates(a, w, end):
    operands = np.full((1, 1), a, np.int8), np.full((1, 1), w, np.int8)
    assert matmul(*operands, accumulator_bits=14, overflow=Overflow.SATURATE).item() == end


@pytest.mark.parametrize(
    ("a_shape", "w_shape"),
    [
        ((4, 3, 5), (5, 2)),
        ((4, 3, 5), (4, 5, 2)),
        ((2, 1, 3, 5), (4, 5, 2)),
        ((3, 5), (4, 5, 2)),
        ((0, 5), (5, 2)),
        ((3, 0), (0, 2)),
        ((3, 5), (5, 0)),
        ((0, 3, 5), (5, 2)),
        ((2, 3, 0), (2, 0, 4)),
    ],
)
@pytest.mark.parametrize("overflow", [Overflow.WRAP, Overflow.SATURATE])
@pytest.mark.parametrize("bits", [9, 32])
def test_batches_and_empty_shapes_are_those_of_numpy(a_shape, w_shape, overflow, bits):
    rng = np.random.default_rng(1)
    a, w = rng.integers(-3, 3, a_shape, np.int8), rng.integers(-3, 3, w_shape, np.int8)
    expected = a.astype(np.int32) @ w.astype(np.int32)
    result = matmul(a, w, accumulator_bits=bits, overflow=overflow)
    assert result.shape == expected.shape
    np.testing.assert_array_equal(result, expected)


def test_operands_may_have_any_strides():
    rng = np.random.default_rng(5)
    a, w = draw(rng, (60, 40), np.int8), draw(rng, (30, 80), np.int8)
    expected = in_python(a[::2, ::-1], w.T[::2])
    np.testing.assert_array_equal(matmul(a[::2, ::-1], w.T[::2]), expected)


@pytest.mark.parametrize("shape", [(3, 2100, 2), (1100, 40, 1030), (1, 3, 1048577), (2000, 600, 3)])
def test_products_larger_than_a_panel(shape):
    m, k, n = shape
    rng = np.random.default_rng(2)
    a, w = draw(rng, (m, k), np.int8), draw(rng, (k, n), np.uint8)
    np.testing.assert_array_equal(matmul(a, w), a.astype(np.int32) @ w.astype(np.int32))


def ort_matmul_integer(a, w):
    types = {np.dtype(np.int8): TensorProto.INT8, np.dtype(np.uint8): TensorProto.UINT8}
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["a", "w"], ["y"])],
        "matmul",
        [
            helper.make_tensor_value_info("a", types[a.dtype], a.shape),
            helper.make_tensor_value_info("w", types[w.dtype], w.shape),
        ],
        [helper.make_tensor_value_info("y", TensorProto.INT32, None)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, {"a": a, "w": w})[0]


@pytest.mark.parametrize("w_type", [np.int8, np.uint8])
@pytest.mark.parametrize("a_type", [np.int8, np.uint8])
def test_equals_onnxruntime_matmul_integer(a_type, w_type):
    rng = np.random.default_rng(11)
    for shape in [(1, 1, 1), (7, 65, 9), (33, 1500, 40), (2, 140_000, 2)]:
        a, w = draw(rng, shape[:2], a_type), draw(rng, shape[1:], w_type)
        np.testing.assert_array_equal(matmul(a, w), ort_matmul_integer(a, w))


def test_onnxruntime_wraps_as_well():
    a, w = np.full((2, 2**17), -128, np.int8), np.full((2**17, 3), -128, np.int8)
    np.testing.assert_array_equal(matmul(a, w), ort_matmul_integer(a, w))


INT8 = np.zeros((2, 3), np.int8)


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (
            lambda: matmul(INT8, np.zeros((3, 2), np.float32)),
            TypeError,
            "w must be an array of int8, uint8, int16 or uint16, not float32",
        ),
        (
            lambda: matmul([[1, 2]], INT8),
            TypeError,
            "a must be an array of int8, uint8, int16 or uint16, not list",
        ),
        (
            lambda: matmul(INT8[0], INT8),
            ValueError,
            "a must have shape (..., M, K), not (3,)",
        ),
        (
            lambda: matmul(INT8, INT8),
            ValueError,
            "a and w must have the same K, not 3 of (2, 3) and 2 of (2, 3)",
        ),
        (
            lambda: matmul(np.zeros((2, 4, 3), np.int8), np.zeros((5, 3, 4), np.int8)),
            ValueError,
            "a and w must have leading dimensions that broadcast, not (2,) and (5,)",
        ),
        (
            lambda: matmul(INT8, INT8.T, accumulator_bits=65),
            ValueError,
            "accumulator bits must be from 2 to 64, not 65",
        ),
        (
            lambda: matmul(INT8, INT8.T, accumulator_bits="32"),
            TypeError,
            "accumulator bits must be an integer, not '32'",
        ),
        (
            lambda: matmul(INT8, INT8.T, overflow=Overflow.SATURATE_TO_ZERO),
            ValueError,
            (
                "overflow must be WRAP, SATURATE or SATURATE_SYMMETRIC for an accumulator, "
                "not Overflow.SATURATE_TO_ZERO"
            ),
        ),
    ],
)
def test_refusals(call, error, sentence):
    with pytest.raises(error, match=f"^{re.escape(sentence)}$"):
        call()
