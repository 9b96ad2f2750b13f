from dataclasses import replace

import numpy as np
import pytest

from flow.demo_networks import LAYERS
from flow.digits import IMAGE_SHAPE, load_digits
from flow.float_layers import Add, AveragePooling, FullyConnected
from flow.layers import Conv2d, DepthwiseConv2d
from flow.layers import FullyConnected as IntegerFullyConnected
from flow.network import INPUT, Network
from flow.network_quantization import NetworkQuantization
from flow.quantized_network import QuantizedNetwork
from flow.training import Schedule, train
from golden.formats import INT4, INT8
from golden.quantize import Quantization, dequantize, quantize
from golden.ranges import RangeRule


@pytest.fixture(scope="module")
def digits():
    return load_digits()


@pytest.fixture(scope="module")
def network(digits):
    start = Network.random(LAYERS, IMAGE_SHAPE, seed=0)
    return train(start, digits[0], Schedule(epochs=2, learning_rate=1e-2))


@pytest.fixture(scope="module")
def quantization(network, digits):
    return NetworkQuantization.calibrate(
        network, digits[0].images[:200], activation_rule=RangeRule.MEAN_SQUARED_ERROR
    )


def by_hand(scale=0.5, relu=False):
    """Two channels: a matrix product, and its sum with the input."""
    layers = (
        FullyConnected(name="product", inputs=(INPUT,), channels=2, relu=relu),
        Add(name="sum", inputs=("product", INPUT), relu=relu),
    )
    weights = np.array([[1, -1], [0.5, 2]], np.float32)
    bias = np.array([3, -7], np.float32)
    quantization = NetworkQuantization(
        activations={
            INPUT: Quantization(np.float32(scale), 3, INT8),
            "product": Quantization(np.float32(2), -5, INT8),
            "sum": Quantization(np.float32(4), 10, INT8),
        }
    )
    network = Network(layers, (1, 1, 2), {"product": (weights, bias)})
    return QuantizedNetwork.from_float(network, quantization)


def pixels(*rows):
    return np.array(rows, np.int8).reshape(len(rows), 1, 1, 2)


def test_a_network_by_hand():
    network = by_hand()
    np.testing.assert_array_equal(network.layers[0].weights, [[127, -64], [64, 127]])
    tensors = network.run(pixels([13, 3], [3, 23]))
    # the reals 5, 0 and 0, 10 by weights of nearly [1, -1], [0.5, 2]; then in steps of 2
    np.testing.assert_array_equal(tensors["product"][:, 0, 0], [[4 - 5, -6 - 5], [4 - 5, 6 - 5]])
    # (8 + 5, -12 + 0) and (8 + 0, 12 + 10) in steps of 4, ties to even
    np.testing.assert_array_equal(tensors["sum"][:, 0, 0], [[3 + 10, -3 + 10], [2 + 10, 6 + 10]])


def test_a_relu_clips_at_the_zero_point_of_the_output():
    tensors = by_hand(relu=True).run(pixels([13, 3], [3, -127]))
    np.testing.assert_array_equal(tensors["product"][0, 0, 0], [-1, -5])
    np.testing.assert_array_equal(tensors["sum"][1, 0, 0], [10, 10])


def test_layers_with_weights_are_what_onnx_runtime_computes(network, quantization, digits):
    pytest.importorskip("onnxruntime", reason="pip install onnxruntime")
    quantized = QuantizedNetwork.from_float(network, quantization)
    tensors = quantized.run(quantized.quantize_images(digits[1].images))
    compared = 0
    for layer in quantized.layers:
        if layer.name in quantized.weights:
            bias = network.parameters[layer.name][1]
            expected = onnx_layer(quantized, layer, bias, tensors[layer.inputs[0]])
            np.testing.assert_array_equal(tensors[layer.name], expected)
            compared += 1
    assert compared == 4


def onnx_layer(network, layer, bias, x):
    """A layer as a QLinearConv, with zero points and the plain float bias; a ReLU after it."""
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    match layer:
        case Conv2d():
            weights, settings = layer.weights, {"pads": np.ravel(layer.window.padding, "F")}
        case DepthwiseConv2d():
            weights = layer.weights.transpose(0, 1, 3, 2)
            settings = {"pads": np.ravel(layer.window.padding, "F"), "group": weights.shape[3]}
        case IntegerFullyConnected():
            weights, settings = layer.weights[None, None], {}
    before, after = network.tensors[layer.inputs[0]], network.tensors[layer.name]
    of_weights = network.weights[layer.name]
    parameters = {
        "xs": before.scale,
        "xz": np.int8(before.zero_point),
        "w": weights.transpose(3, 2, 0, 1).copy(),
        "ws": of_weights.scale,
        "wz": np.zeros(len(bias), np.int8),
        "ys": after.scale,
        "yz": np.int8(after.zero_point),
        "b": np.rint(bias / (before.scale.astype(np.float64) * of_weights.scale)).astype(np.int32),
    }
    graph = helper.make_graph(
        [helper.make_node("QLinearConv", ["x", *parameters], ["y"], **settings)],
        "layer",
        [helper.make_tensor_value_info("x", TensorProto.INT8, [None] * 4)],
        [helper.make_tensor_value_info("y", TensorProto.INT8, [None] * 4)],
        [numpy_helper.from_array(np.asarray(v), name) for name, v in parameters.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=9)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    (outputs,) = session.run(None, {"x": x.transpose(0, 3, 1, 2).copy()})
    return np.maximum(outputs.transpose(0, 2, 3, 1), layer.requantization.low)


def test_integers_stay_within_a_step_of_the_float_layers_of_the_same_values(
    network, quantization, digits
):
    quantized = QuantizedNetwork.from_float(network, quantization)
    tensors = quantized.run(quantized.quantize_images(digits[1].images))
    reals = {name: dequantize(tensors[name], q) for name, q in quantized.tensors.items()}
    for layer in network.layers:
        parameters = network.parameters.get(layer.name, ())
        if parameters:
            weights, _ = quantization.fake_weights(layer.name, parameters[0])
            parameters = (weights, parameters[1])
        y, _ = layer.forward(tuple(reals[name] for name in layer.inputs), parameters)
        y = np.maximum(y, 0) if layer.relu else y
        expected = quantize(y, quantized.tensors[layer.name]).astype(int)
        found = tensors[layer.name].astype(int)
        assert np.abs(found - expected).max() <= 1, layer.name
        # a quarter of the averages of four are ties, which float32 may break either way
        pooled = isinstance(layer, AveragePooling)
        assert np.mean(found != expected) < (0.05 if pooled else 0.01), layer.name


def test_int8_keeps_the_accuracy_and_int4_is_trained_back(network, quantization, digits):
    data, held_out = digits
    floating = held_out.accuracy(network.predict(held_out.images))
    int8 = QuantizedNetwork.from_float(network, quantization)
    assert abs(held_out.accuracy(int8.predict(held_out.images)) - floating) < 0.015

    narrow = replace(quantization, weight_format=INT4)
    before = QuantizedNetwork.from_float(network, narrow)
    tuned = train(network, data, Schedule(epochs=2, learning_rate=2e-3), narrow)
    after = QuantizedNetwork.from_float(tuned, narrow)
    assert data.accuracy(after.predict(data.images)) > data.accuracy(before.predict(data.images))
    assert np.abs(after.layers[0].weights).max() == 7


def test_training_sees_what_the_integers_stand_for(network, quantization, digits):
    quantized = QuantizedNetwork.from_float(network, quantization)
    for layer in quantized.layers:
        if layer.name in quantized.weights:
            weights = network.parameters[layer.name][0]
            seen, mask = quantization.fake_weights(layer.name, weights)
            codes = layer.weights.reshape(weights.shape)
            np.testing.assert_array_equal(seen, dequantize(codes, quantized.weights[layer.name]))
            assert mask.all()
    images, _ = quantization.fake_activations(INPUT, digits[1].images)
    codes = quantized.quantize_images(digits[1].images)
    np.testing.assert_array_equal(images, dequantize(codes, quantized.tensors[INPUT]))


def test_poolings_and_flattening_keep_the_quantization(quantization):
    q = quantization.activations
    assert q["max pooling"] is q["addition"]
    assert q["flat"] is q["average pooling"] is q["convolution 2"]
    assert len({id(item) for item in q.values()}) == 6


def test_biases_beyond_int32_are_refused_by_the_layers_name():
    with pytest.raises(ValueError, match=r"^product has a bias of \d+ steps, beyond int32$"):
        by_hand(scale=1e-9)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"weight_format": "UINT8"}, "weight_format must be int2 to int8, not uint8"),
        ({"weight_format": "INT16"}, "weight_format must be int2 to int8, not int16"),
        ({"activations": "UINT8"}, "activations must be int8 with one scale for the tensor"),
    ],
)
def test_formats_the_array_does_not_have_are_refused(change, sentence):
    import golden.formats

    fields = {name: getattr(golden.formats, fmt) for name, fmt in change.items()}
    activation = Quantization(np.float32(1), 0, fields.pop("activations", INT8))
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        NetworkQuantization(activations={INPUT: activation}, **fields)
