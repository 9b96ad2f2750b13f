"""FLOAT32 requantization against the operators it is the contract of."""

import numpy as np
import onnxruntime
import pytest
from onnx import helper

from golden.formats import INT8, UINT8
from golden.gemm import matmul
from golden.real_scale import combine_scales
from golden.requantize import Requantization, requantize
from golden.scaling import Float32Scaling

FORMATS = {np.int8: INT8, np.uint8: UINT8}
SIZES = [100_000, pytest.param(4_000_000, marks=pytest.mark.long)]


def run_node(operator, inputs):
    """The only output of one onnxruntime node; `inputs` maps names to arrays, in order."""
    tensors = [
        helper.make_tensor_value_info(
            name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape
        )
        for name, array in inputs.items()
    ]
    kind = helper.np_dtype_to_tensor_dtype(inputs["y_zero_point"].dtype)
    graph = helper.make_graph(
        [helper.make_node(operator, list(inputs), ["y"])],
        operator,
        tensors,
        [helper.make_tensor_value_info("y", kind, None)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, {name: np.asarray(array) for name, array in inputs.items()})[0]


def conv_of_accumulators(t, scales, y_zero_point, x_type):
    """QLinearConv with one channel an accumulator: the input is its zero point, the bias is `t`."""
    count, x_zero_point = t.size, x_type(3)
    xs, ws, ys = scales
    result = run_node(
        "QLinearConv",
        {
            "x": np.full((1, 1, 1, 1), x_zero_point),
            "x_scale": np.float32(xs),
            "x_zero_point": x_zero_point,
            "w": np.ones((count, 1, 1, 1), np.int8),
            "w_scale": ws,
            "w_zero_point": np.zeros(count, np.int8),
            "y_scale": np.float32(ys),
            "y_zero_point": y_zero_point,
            "b": t,
        },
    )
    return result.ravel()


def assert_equal(actual, expected, t, scale):
    different = np.flatnonzero(actual != expected)
    assert not different.size, (
        f"{different.size} of {t.size} differ, the first: t {t[different[0]]}, "
        f"scale {scale[different[0]]!r}: {actual[different[0]]}, not {expected[different[0]]}"
    )


@pytest.mark.parametrize("count", SIZES)
@pytest.mark.parametrize(
    ("x_type", "y_zero_point"),
    [(np.int8, np.int8(0)), (np.int8, np.int8(-128)), (np.uint8, np.uint8(200))],
    ids=["int8", "int8-lowest", "uint8"],
)
def test_convolution_per_channel_near_ties(near_ties, count, x_type, y_zero_point):
    t, scale = near_ties(np.random.default_rng(count), count)
    # One scale is the product of three: the other two are powers of two, so it stays near its tie.
    expected = conv_of_accumulators(t, (0.5, scale, 0.5), y_zero_point, x_type)
    r = Requantization.of(
        Float32Scaling(scale), t, zero_point=int(y_zero_point), out=FORMATS[type(y_zero_point)]
    )
    actual = requantize(np.zeros((1, count), np.int32), r)[0]
    assert_equal(actual, expected, t, scale)


def test_convolution_with_scales_that_round_when_combined(accumulators):
    rng = np.random.default_rng(9)
    t = accumulators(rng, 100_000)
    ws = (np.exp2(rng.uniform(-8, 8, t.size)) / np.abs(t + 0.5)).astype(np.float32)
    for xs, ys in [(0.0173, 0.0311), (1.7, 0.003), (1e-3, 12.7)]:
        scale = combine_scales(xs, ws, ys)
        expected = conv_of_accumulators(t, (xs, ws, ys), np.int8(-7), np.int8)
        r = Requantization.of(Float32Scaling(scale), zero_point=-7)
        assert_equal(requantize(t[None], r)[0], expected, t, scale)


@pytest.mark.parametrize("a_type", [np.int8, np.uint8])
@pytest.mark.parametrize(
    "shape", [(1, 1, 1), (64, 300, 50), pytest.param((2000, 700, 1000), marks=pytest.mark.long)]
)
def test_matrix_product_per_column(a_type, shape):
    m, k, n = shape
    rng = np.random.default_rng(k)
    info = np.iinfo(a_type)
    a = rng.integers(info.min, info.max, (m, k), a_type, endpoint=True)
    w = rng.integers(-128, 128, (k, n), np.int8)
    a_zero, y_zero = a_type(5), a_type(11)
    xs, ys = np.float32(0.0235), np.float32(0.047)
    ws = (rng.uniform(0.5, 2, n) / (50 * k**0.5)).astype(np.float32)
    expected = run_node(
        "QLinearMatMul",
        {
            "a": a,
            "a_scale": xs,
            "a_zero_point": a_zero,
            "w": w,
            "w_scale": ws,
            "w_zero_point": np.zeros(n, np.int8),
            "y_scale": ys,
            "y_zero_point": y_zero,
        },
    )
    bias = -int(a_zero) * w.sum(axis=0, dtype=np.int64)
    scaling = Float32Scaling(combine_scales(xs, ws, ys))
    r = Requantization.of(scaling, bias, zero_point=int(y_zero), out=FORMATS[a_type])
    np.testing.assert_array_equal(requantize(matmul(a, w), r), expected)
