import numpy as np
import pytest

from flow.graph import Graph
from flow.layers import (
    AveragePool,
    Conv2d,
    DepthwiseConv2d,
    Flatten,
    FullyConnected,
    GlobalAveragePool,
    MaxPool,
    TensorType,
)
from flow.random_graphs import random_codes
from flow.reference import run_reference
from golden.kernel_window import KernelWindow
from golden.requantize import Requantization
from golden.scheme import Scheme

WINDOWS = [
    KernelWindow((1, 1)),
    KernelWindow((3, 3), (2, 1), padding=((1, 0), (2, 1))),
    KernelWindow((2, 3), (1, 2), (2, 1), ((0, 1), (1, 1))),
    KernelWindow((1, 2), (3, 1), (1, 4), ((0, 0), (3, 3))),
]


def one_layer(make, x, zero_point=0):
    """The output of one layer on `x`."""
    graph = Graph({"x": TensorType(x.shape, zero_point)}, [make("y", "x")])
    return run_reference(graph, {"x": x})["y"]


def onnx_run(operator, feeds, output, **attributes):
    """What ONNX Runtime makes of one node."""
    onnxruntime = pytest.importorskip("onnxruntime", reason="pip install onnxruntime")
    from onnx import TensorProto, helper

    kinds = {
        np.dtype(np.int8): TensorProto.INT8,
        np.dtype(np.int32): TensorProto.INT32,
        np.dtype(np.float32): TensorProto.FLOAT,
    }
    node = helper.make_node(operator, list(feeds), ["y"], **attributes)
    values = [helper.make_tensor_value_info(n, kinds[v.dtype], v.shape) for n, v in feeds.items()]
    result = helper.make_tensor_value_info("y", kinds[np.dtype(output)], None)
    model = helper.make_model(
        helper.make_graph([node], "one", values, [result]),
        opset_imports=[helper.make_opsetid("", 13)],
        ir_version=8,
    )
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, feeds)[0]


def onnx_window(window):
    (top, bottom), (left, right) = window.padding
    return {
        "kernel_shape": window.kernel,
        "strides": window.stride,
        "dilations": window.dilation,
        "pads": (top, left, bottom, right),
    }


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("depthwise", [False, True])
def test_convolutions_are_those_of_onnx_runtime(window, depthwise):
    rng = np.random.default_rng(3)
    x = random_codes(rng, (2, 7, 9, 4))
    weights = random_codes(rng, (*window.kernel, 4, 2 if depthwise else 6))
    outputs = 8 if depthwise else 6
    scales = rng.uniform(0.5, 2, outputs).astype(np.float32) * np.float32(0.001)
    bias = rng.integers(-3000, 3000, outputs)
    requantization = Requantization.from_scale(Scheme.FLOAT32, scales, bias, zero_point=-9)
    kind = DepthwiseConv2d if depthwise else Conv2d
    got = one_layer(lambda name, x: kind(name, x, weights, requantization, window), x, 21)
    filters = weights.reshape(*window.kernel, -1, outputs).transpose(3, 2, 0, 1)
    feeds = {
        "x": np.ascontiguousarray(x.transpose(0, 3, 1, 2)),
        "x_scale": np.array(1, np.float32),
        "x_zero": np.array(21, np.int8),
        "w": np.ascontiguousarray(filters),
        "w_scale": scales,
        "w_zero": np.zeros(outputs, np.int8),
        "y_scale": np.array(1, np.float32),
        "y_zero": np.array(-9, np.int8),
        "bias": bias.astype(np.int32),
    }
    group = 4 if depthwise else 1
    expected = onnx_run("QLinearConv", feeds, np.int8, group=group, **onnx_window(window))
    np.testing.assert_array_equal(got, expected.transpose(0, 2, 3, 1))


@pytest.mark.parametrize("window", WINDOWS[:3])
def test_the_maximum_is_that_of_onnx_runtime(window):
    x = random_codes(np.random.default_rng(4), (2, 7, 9, 3))
    got = one_layer(lambda name, x: MaxPool(name, x, window), x, 5)
    feeds = {"x": np.ascontiguousarray(x.transpose(0, 3, 1, 2))}
    expected = onnx_run("MaxPool", feeds, np.int8, **onnx_window(window))
    np.testing.assert_array_equal(got, expected.transpose(0, 2, 3, 1))


def test_averages_by_hand():
    x = np.array([[1, 2, 3], [5, 6, 9]], np.int8).reshape(1, 2, 3, 1)
    by_four = Requantization.from_scale(Scheme.SHIFT, 0.25, zero_point=10)
    padded = KernelWindow((2, 2), padding=((0, 0), (1, 0)))
    got = one_layer(lambda name, x: AveragePool(name, x, by_four, padded), x, 1)
    # (0 + 4) / 4, (0 + 1 + 4 + 5) / 4, a tie to even, and (1 + 2 + 5 + 8) / 4
    np.testing.assert_array_equal(got.ravel(), [11, 12, 14])
    by_six = Requantization.from_scale(Scheme.FIXED, 1 / 6, zero_point=10)
    got = one_layer(lambda name, x: GlobalAveragePool(name, x, by_six), x, 1)
    np.testing.assert_array_equal(got.ravel(), [10 + 3])


def test_flat_tensors_and_products():
    x = np.arange(8, dtype=np.int8).reshape(2, 2, 2, 1)
    weights = np.array([[1, 0], [0, 1], [1, 0], [0, -1]], np.int8)
    plain = Requantization.from_scale(Scheme.SHIFT, 1.0, [100, 0], zero_point=3)
    layers = [Flatten("f", "x"), FullyConnected("y", "f", weights, plain)]
    tensors = run_reference(Graph({"x": TensorType(x.shape, 2)}, layers), {"x": x})
    np.testing.assert_array_equal(tensors["y"].reshape(2, 2), [[101, 1], [109, 1]])


def test_inputs_of_another_shape_are_refused():
    graph = Graph({"x": TensorType((1, 2, 2, 1))}, [Flatten("f", "x")])
    with pytest.raises(ValueError, match=r"^input x is missing$"):
        run_reference(graph, {})
    with pytest.raises(ValueError, match=r"^input x must be int8 of shape \(1, 2, 2, 1\), not"):
        run_reference(graph, {"x": np.zeros((1, 2, 1, 2), np.int8)})


def test_a_sum_beyond_int32_is_an_error():
    weights = np.full((1, 1), 127, np.int8)
    bias = Requantization.from_scale(Scheme.SHIFT, 1.0, 2**31 - 1)
    graph = Graph({"x": TensorType((1, 1, 1, 1))}, [FullyConnected("y", "x", weights, bias)])
    with pytest.raises(OverflowError, match=r"^a sum of 2147483774 leaves int32$"):
        run_reference(graph, {"x": np.ones((1, 1, 1, 1), np.int8)})
