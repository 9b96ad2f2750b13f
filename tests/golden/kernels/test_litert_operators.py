"""Every operator in every kernel set of LiteRT, on generated models of one operator."""

import numpy as np
import pytest

pytest.importorskip("ai_edge_litert", reason="pip install ai-edge-litert for LiteRT as an oracle")
pytest.importorskip("tflite", reason="pip install tflite to build test models")

from litert_cases import add, concatenation, near_ties, quantize, unary, weighted
from litert_oracle import RESOLVERS, compare
from tflite import ActivationFunctionType, BuiltinOperator

from golden.kernels.registry import KernelSets

RELU, RELU6 = ActivationFunctionType.RELU, ActivationFunctionType.RELU6
RELU_N1_TO_1 = ActivationFunctionType.RELU_N1_TO_1
PER_TENSOR = {"per_channel": False}
UINT8 = {"dtype": np.uint8, "per_channel": False}

CONVOLUTION = [
    {}, {"activation": RELU}, {"activation": RELU6, "same": False}, PER_TENSOR,
    {"activation": RELU_N1_TO_1}, {"stride": (2, 1)}, {"dilation": (2, 2)},
    {"dilation": (2, 3), "same": False, "kernel": (2, 2)}, {"kernel": (1, 1)},
    {"kernel": (1, 1), "stride": (2, 2)}, {"channels": 4, "groups": 2},
    {"channels": 6, "groups": 6}, {"channels": 33, "outputs": 17},
    {**UINT8, "weight_zero": 131}, {**UINT8, "weight_zero": 0, "activation": RELU},
]  # fmt: skip
DEPTHWISE = [
    {"outputs": 1}, {"outputs": 2}, {"outputs": 1, "channels": 20}, {"outputs": 1, "channels": 8},
    {"outputs": 3, "kernel": (2, 3), "same": False, "activation": RELU6},
    {"outputs": 1, "stride": (2, 2), "channels": 9}, {"outputs": 1, "dilation": (2, 2)},
    {"outputs": 12, "channels": 1}, {"outputs": 2, **PER_TENSOR},
    {"outputs": 1, "channels": 16, "kernel": (5, 5), "activation": RELU},
    {**UINT8, "outputs": 2, "weight_zero": 131},
]  # fmt: skip
FULLY_CONNECTED = [
    {}, PER_TENSOR, {**PER_TENSOR, "activation": RELU}, {"keep": True},
    {**PER_TENSOR, "weight_zero": 5}, {**PER_TENSOR, "channels": 100, "outputs": 17},
    {**UINT8, "weight_zero": 120, "channels": 33}, {**UINT8, "activation": RELU6},
]  # fmt: skip
ADD = [
    {}, {"activation": RELU}, {"activation": RELU6}, {"dtype": np.uint8},
    {"shapes": ((2, 3, 4, 5), (1, 1, 1, 5))}, {"shapes": ((2, 1, 4, 1), (1, 3, 1, 5))},
    {"shapes": ((2, 7, 9), (2, 7, 9)), "activation": RELU_N1_TO_1},
    {"shapes": ((4, 9), (4, 9)), "ratio": (1, 4000)},
    {"shapes": ((4, 9), (4, 9)), "ratio": (1e-4, 1)},
    {"shapes": ((4, 9), (4, 9)), "ratio": (1, 0.05), "dtype": np.uint8},
]  # fmt: skip
AXES = [((1, 2), True), ((1, 2), False), ((2, 1), True), ((3,), False), ((0,), True),
        ((1, 2, 3), False)]  # fmt: skip
POOLS = [
    ((2, 3), (1, 1), True, 0), ((3, 3), (2, 2), False, RELU), ((2, 2), (3, 2), True, RELU6),
    ((1, 1), (2, 2), True, 0), ((1, 1), (1, 1), True, RELU6), ((5, 6), (1, 1), False, RELU),
]  # fmt: skip
IMAGES = (2, 5, 6, 21)
TYPES = (np.int8, np.uint8)


def mean(rng, axes, keep, **options):
    kept = [1 if i in axes else n for i, n in enumerate(IMAGES)]
    result = kept if keep else [n for i, n in enumerate(IMAGES) if i not in axes]
    return unary(
        rng, BuiltinOperator.MEAN, IMAGES, tuple(result), constants=[("axes", list(axes))],
        KeepDims=keep, **options,
    )  # fmt: skip


def pool(rng, code, kernel, stride, padded, activation, **options):
    sizes = zip(IMAGES[1:3], kernel, stride, strict=True)
    rows, columns = (-(-n // s) if padded else (n - k) // s + 1 for n, k, s in sizes)
    return unary(
        rng, code, IMAGES, (2, rows, columns, 21), same=True, stride=stride, kernel=kernel,
        padded=padded, FusedActivationFunction=activation, **options,
    )  # fmt: skip


def softmax(rng, input_scale, beta, dtype, shape=(30, 11)):
    return unary(
        rng, BuiltinOperator.SOFTMAX, shape, dtype=dtype, scales=(input_scale, 0), Beta=beta,
        out=(1 / 256, -128 if dtype == np.int8 else 0),
    )  # fmt: skip


def moves(rng, dtype):
    shape = (2, 3, 4, 5)
    same = {"same": True, "dtype": dtype}
    pads = [[0, 0], [1, 2], [0, 1], [0, 0]]
    yield unary(rng, BuiltinOperator.PAD, shape, (2, 6, 5, 5), constants=[("p", pads)], **same)
    value = ("v", np.array([7], dtype))
    yield unary(
        rng, BuiltinOperator.PADV2, shape, (2, 6, 5, 5), constants=[("p", pads), value], **same
    )
    order = [("p", [0, 3, 1, 2])]
    yield unary(rng, BuiltinOperator.TRANSPOSE, shape, (2, 5, 3, 4), constants=order, **same)
    to = [("p", [2, 60])]
    yield unary(rng, BuiltinOperator.RESHAPE, shape, (2, 60), constants=to, version=1, **same)
    for axis in (0, 3):
        yield concatenation(rng, dtype=dtype, axis=axis)


def cases(kind, rng, ties):
    """(file, draw) of every parameter combination of a kind of operator."""
    match kind:
        case "convolution":
            return [weighted(kind, rng, ties=ties, **options) for options in CONVOLUTION]
        case "depthwise":
            return [weighted(kind, rng, ties=ties, **options) for options in DEPTHWISE]
        case "fully connected":
            return [weighted(kind, rng, ties=ties, **options) for options in FULLY_CONNECTED]
        case "near ties":
            return [near_ties(rng) for _ in range(3)]
        case "add":
            return [add(rng, ties=ties, **options) for options in ADD]
        case "mean":
            return [
                mean(rng, *axes, dtype=dtype, same=same, ties=ties)
                for axes in AXES for dtype in TYPES for same in (False, True)
            ]  # fmt: skip
        case "pool":
            codes = (BuiltinOperator.AVERAGE_POOL_2D, BuiltinOperator.MAX_POOL_2D)
            return [
                pool(rng, code, *window, dtype=dtype)
                for code in codes for window in POOLS for dtype in TYPES
            ]  # fmt: skip
        case "bounds":  # a bound that is half way between two codes
            codes = (BuiltinOperator.AVERAGE_POOL_2D, BuiltinOperator.MAX_POOL_2D)
            bounds = ((RELU6, 6), (RELU_N1_TO_1, 1))
            return [
                pool(rng, code, (2, 2), (1, 1), True, activation, dtype=dtype,
                     scales=(np.float32(bound / steps), 0))
                for code in codes for dtype in TYPES for activation, bound in bounds
                for steps in (0.5, 1.5, 100.5)
            ]  # fmt: skip
        case "relu":
            codes = {BuiltinOperator.RELU: 2, BuiltinOperator.RELU6: 2,
                     BuiltinOperator.RELU_N1_TO_1: 1}  # fmt: skip
            return [
                unary(rng, code, (3, 7, 11), dtype=dtype, version=version, ties=ties)
                for code, version in codes.items() for dtype in TYPES
            ]  # fmt: skip
        case "quantize":
            shape, code = (3, 13, 5), BuiltinOperator.QUANTIZE
            between = [
                unary(rng, code, shape, dtype=a, result_dtype=b, ties=ties)
                for a in TYPES for b in TYPES
            ]  # fmt: skip
            far = [unary(rng, code, shape, scales=s) for s in ((0.5, 0.001), (0.001, 0.5))]
            back = [
                unary(rng, BuiltinOperator.DEQUANTIZE, shape, dtype=a, result_dtype=np.float32)
                for a in TYPES
            ]  # fmt: skip
            return between + far + back + [quantize(rng, shape, a, ties=ties) for a in TYPES]
        case "softmax":
            scales = (0.01, 0.07, 0.3, 2.0)
            small = [softmax(rng, s, b, a) for s in scales for b in (1.0, 0.5) for a in TYPES]
            # Many rows of few large portions show the last bit of the sum and of its reciprocal.
            return [*small, *(softmax(rng, 0.013, 1.0, a, (12_000, 7)) for a in TYPES)]
        case "moves":
            return [case for dtype in TYPES for case in moves(rng, dtype)]
    raise ValueError(kind)


XNNPACK = {
    "convolution": 15, "depthwise": 11, "fully connected": 7, "near ties": 3, "add": 8, "mean": 24,
    "pool": 8, "bounds": 12, "relu": 0, "quantize": 6, "softmax": 0, "moves": 10,
}  # fmt: skip
"""How many cases of a kind the delegate takes, so that the default kernels are not all builtin."""


def check(kind, kernel_set, seed, runs):
    delegated = 0
    for ties in (False, True):
        for index, (data, inputs) in enumerate(cases(kind, np.random.default_rng(seed), ties)):
            result = compare(data, [inputs() for _ in range(runs)], kernel_set)
            where = f"{kind} case {index} of seed {seed}, ties {ties}"
            assert result.differences == {}, f"{where}: {result}"
            assert result.elements > 0, where
            delegated += bool(result.delegated)
    assert delegated == (2 * XNNPACK[kind] if kernel_set is KernelSets.LITERT else 0)


@pytest.mark.parametrize("kind", XNNPACK)
@pytest.mark.parametrize("kernel_set", RESOLVERS)
def test_an_operator_equals_the_runtime(kind, kernel_set):
    check(kind, kernel_set, seed=1, runs=1)


@pytest.mark.long
@pytest.mark.parametrize("kind", XNNPACK)
@pytest.mark.parametrize("kernel_set", RESOLVERS)
def test_an_operator_equals_the_runtime_on_many_draws(kind, kernel_set):
    for seed in range(2, 6):
        check(kind, kernel_set, seed, runs=3)
