"""Weight-only and weight-and-activation layers: ONNX Runtime's QGemm as oracle, memory by hand."""

import re

import numpy as np
import onnx
import pytest
from onnx import helper
from onnxruntime import InferenceSession

from golden.formats import INT4, INT8, INT16, UINT4, UINT8, IntegerFormat
from golden.layer_memory import LayerMemory, packed_bytes
from golden.layers import WeightAndActivation, WeightOnly
from golden.quantize import Quantization, QuantizationKind, Range, choose, quantize
from golden.ranges import RangeRule, find_range
from golden.scheme import Scheme

SYMMETRIC = QuantizationKind.SYMMETRIC


def float_layer(k, n, rows, seed=1):
    rng = np.random.default_rng(seed)
    weights = (rng.standard_normal((k, n)) * np.exp(rng.uniform(-2, 2, n))).astype(np.float32)
    bias = rng.standard_normal(n).astype(np.float32)
    x = rng.uniform(-1, 3, (rows, k)).astype(np.float32)
    return weights, bias, x


def quantized(weights, bias, x, activation_format=INT8, **options):
    """The layer in integers with ranges of its float self."""
    outputs = x @ weights + bias
    asymmetric = QuantizationKind.ASYMMETRIC
    ranges = [find_range(v, RangeRule.MIN_MAX, activation_format) for v in (x, outputs)]
    input_q, output_q = (choose(r, activation_format, asymmetric) for r in ranges)
    found = find_range(weights, RangeRule.MIN_MAX, INT8, axis=1)
    weight_q = choose(found, INT8, SYMMETRIC, narrow=True)
    return WeightAndActivation.from_float(weights, weight_q, input_q, output_q, bias, **options)


def onnx_qgemm(layer, codes, bias_steps):
    """Run com.microsoft.QGemm, whose bias does not have the zero point folded in."""
    parts = {
        "xs": layer.input_quantization.scale,
        "xz": layer.input_quantization.zero_point.astype(codes.dtype),
        "w": layer.weights,
        "ws": layer.weight_quantization.scale,
        "wz": layer.weight_quantization.zero_point.astype(np.int8),
        "c": bias_steps.astype(np.int32),
        "ys": layer.output_quantization.scale,
        "yz": layer.output_quantization.zero_point.astype(codes.dtype),
    }
    node = helper.make_node("QGemm", ["x", *parts], ["y"], domain="com.microsoft")
    code_type = helper.np_dtype_to_tensor_dtype(codes.dtype)
    graph = helper.make_graph(
        [node],
        "one",
        [helper.make_tensor_value_info("x", code_type, codes.shape)],
        [helper.make_tensor_value_info("y", code_type, [len(codes), layer.weights.shape[1]])],
        [onnx.numpy_helper.from_array(array, name) for name, array in parts.items()],
    )
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    session = InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"x": codes})[0]


@pytest.mark.parametrize("activation_format", [INT8, UINT8], ids=str)
@pytest.mark.parametrize(("k", "n", "rows"), [(64, 32, 500), (1, 1, 7), (300, 5, 100)])
def test_every_output_is_what_onnxruntime_computes(activation_format, k, n, rows):
    weights, bias, x = float_layer(k, n, rows)
    layer = quantized(weights, bias, x, activation_format)
    codes = quantize(x, layer.input_quantization)
    step = layer.input_quantization.scale.astype(np.float64) * layer.weight_quantization.scale
    expected = onnx_qgemm(layer, codes, np.rint(bias / step))
    assert np.array_equal(layer.run(codes), expected)


@pytest.mark.parametrize("scheme", [Scheme.FLOAT32, Scheme.FIXED, Scheme.Q31_DOUBLE])
def test_integer_layer_is_within_its_error_of_the_float_layer(scheme):
    weights, bias, x = float_layer(64, 32, 200)
    layer = quantized(weights, bias, x, scheme=scheme)
    step = float(layer.output_quantization.scale)
    error = np.abs(layer.run_float(x) - (x @ weights + bias))
    assert error.max() < 2.5 * step
    assert error.mean() < 0.5 * step


def test_relu_is_the_lower_clip_bound():
    weights, bias, x = float_layer(16, 8, 100)
    plain, relu = quantized(weights, bias, x), quantized(weights, bias, x, relu=True)
    assert (plain.run_float(x) < 0).any()
    assert np.array_equal(relu.run_float(x), np.maximum(plain.run_float(x), 0))


def test_without_a_bias_it_is_zero():
    weights, _, x = float_layer(16, 8, 10)
    layer = quantized(weights, np.zeros(8, np.float32), x)
    parts = (layer.weight_quantization, layer.input_quantization, layer.output_quantization)
    assert np.array_equal(WeightAndActivation.from_float(weights, *parts).run_float(x),
                          layer.run_float(x))  # fmt: skip


@pytest.mark.parametrize("axis", [None, 0, 1])
def test_weight_only_multiplies_by_the_restored_weights(axis):
    weights, bias, x = float_layer(20, 6, 9)
    found = find_range(weights, RangeRule.MIN_MAX, UINT4, axis=axis)
    q = choose(found, UINT4, QuantizationKind.ASYMMETRIC)
    layer = WeightOnly.from_float(weights, q, bias)
    scale = q.scale if axis is None else q.scale.reshape((-1, 1) if axis == 0 else (1, -1))
    zero = q.zero_point if axis is None else q.zero_point.reshape(scale.shape)
    restored = (layer.weights.astype(np.float32) - zero.astype(np.float32)) * scale
    assert layer.run(x) == pytest.approx(x @ restored + bias, rel=1e-5, abs=1e-5)
    assert WeightOnly(layer.weights, q).run(x) == pytest.approx(x @ restored, rel=1e-5, abs=1e-5)
    assert layer.run(x).dtype == np.float32


def test_weight_only_is_exact_where_the_weights_are():
    q = Quantization(0.25, 0, INT4)
    weights = np.float32([[0.25, -2.0], [1.75, 0.5]])
    assert WeightOnly.from_float(weights, q).run([[1.0, 2.0]]).tolist() == [[3.75, -1.0]]


@pytest.mark.parametrize(
    ("fmt", "axis", "weight_bytes", "parameter_bytes"),
    [
        (INT8, None, 35, 4 + 20),
        (INT8, 1, 35, 20 + 20),
        (INT4, 1, 18, 20 + 20),
        (INT16, 0, 70, 28 + 20),
    ],
)
def test_memory_of_a_weight_only_layer(fmt, axis, weight_bytes, parameter_bytes):
    weights, bias, _ = float_layer(7, 5, 1)
    q = choose(find_range(weights, RangeRule.MIN_MAX, fmt, axis=axis), fmt, SYMMETRIC)
    memory = WeightOnly.from_float(weights, q, bias).memory_bytes(rows=3)
    assert memory == LayerMemory(weight_bytes, parameter_bytes, 4 * 36, 4 * (35 + 5 + 36))
    assert memory.saved == 4 * (35 + 5) - weight_bytes - parameter_bytes


def test_memory_of_a_weight_only_layer_counts_zero_points_and_no_bias():
    q = Quantization([0.1] * 5, [1, 2, 3, 4, 5], UINT4, axis=1)
    memory = WeightOnly(np.ones((7, 5), np.uint8), q).memory_bytes()
    assert memory == LayerMemory(18, 4 * 5 + 3, 4 * 12, 4 * (35 + 12))


def test_memory_of_an_integer_layer():
    memory = quantized(*float_layer(7, 5, 3)).memory_bytes(rows=3)
    assert memory == LayerMemory(35, 4 * 5 + 4 * 5 + 1, 21 + 15, 4 * (35 + 5 + 36))
    assert memory.total == 35 + 41 + 36
    assert memory.saved == 304 - 112


@pytest.mark.parametrize(
    ("count", "bits", "expected"),
    [(0, 8, 0), (1, 4, 1), (2, 4, 1), (3, 4, 2), (9, 1, 2), (5, 3, 3), (5, 5, 5), (5, 8, 5),
     (5, 9, 10), (5, 17, 15)],
)  # fmt: skip
def test_codes_are_packed_whole(count, bits, expected):
    assert packed_bytes(count, IntegerFormat(bits, signed=True)) == expected


Q = Quantization(1.0, 0, INT8)
ONES = np.ones((2, 3), np.float32)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: WeightOnly.from_float(ONES[0], Q), "weights must have a shape (K, N), not (3,)"),
        (lambda: WeightOnly.from_float(ONES, Q, [1.0]), "bias must have shape (3,), not (1,)"),
        (lambda: WeightOnly(np.full((1, 1), 8), Quantization(1.0, 0, INT4)),
         "codes must be from -8 to 7, not 8"),
        (lambda: WeightOnly.from_float(ONES * np.nan, Q),
         "weights must be finite, not nan at (0, 0)"),
        (lambda: WeightAndActivation.from_float(ONES, Quantization(1.0, 3, INT8), Q, Q),
         "weights must have zero point 0, not 3"),
        (lambda: WeightAndActivation.from_float(ONES, Quantization([1.0] * 2, 0, INT8, 0), Q, Q),
         "weights must be quantized per tensor or along axis 1, not along axis 0"),
        (lambda: WeightAndActivation.from_float(ONES, Q, Quantization([1.0] * 2, 0, INT8, 0), Q),
         "the input must be quantized per tensor, not along axis 0"),
        (lambda: WeightAndActivation.from_float(ONES, Q, Q, Q, [1e10, 0.0, 0.0]),
         "the bias must fit int32, not be 10000000000 steps"),
        (lambda: WeightAndActivation.from_float(ONES, Q, Q, Q, [2147483520.0, 0.0, 0.0]),
         "the accumulator must hold 33 bits and has 32; make K, the weights or the bias smaller"),
        (lambda: quantized(*float_layer(4, 2, 5)).run(np.full((1, 4), 200, np.uint8)),
         "codes must be from -128 to 127, not 200"),
    ],
)  # fmt: skip
def test_illegal_layer_is_refused(call, sentence):
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        call()


def test_weights_may_be_given_a_range_by_hand():
    q = choose(Range(-1.27, 1.27), INT8, SYMMETRIC, narrow=True)
    layer = WeightOnly.from_float([[1.0, -3.0]], q)
    assert layer.weights.tolist() == [[100, -127]]
