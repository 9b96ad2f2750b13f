from dataclasses import replace

import numpy as np
import pytest

from flow.digits import load_digits
from flow.network import Network
from flow.network_quantization import LayerQuantization, NetworkQuantization
from flow.quantized_network import QuantizedLayer, QuantizedNetwork, predictions
from flow.training import Schedule, train
from golden.formats import INT4, INT8
from golden.quantize import Quantization, dequantize, quantize
from golden.ranges import RangeRule


@pytest.fixture(scope="module")
def digits():
    return load_digits()


@pytest.fixture(scope="module")
def network(digits):
    start = Network.random((64, 24, 16, 10), seed=0)
    return train(start, digits[0], Schedule(epochs=6, learning_rate=5e-3))


def calibrated(network, digits, weight_format=INT8):
    return NetworkQuantization.calibrate(
        network,
        digits[0].images,
        activation_rule=RangeRule.MEAN_SQUARED_ERROR,
        weight_format=weight_format,
    )


def one_layer(scale=0.5, zero_point=3, relu=False, output_zero=-5):
    quantization = LayerQuantization(
        Quantization(np.float32(scale), zero_point, INT8),
        Quantization(np.array([0.25, 0.125], np.float32), 0, INT8, axis=1),
        Quantization(np.float32(2), output_zero, INT8),
    )
    weights = np.array([[1, -1], [0.5, 2], [-0.25, 0]], np.float32)
    bias = np.array([3, -7], np.float32)
    return QuantizedLayer.from_float("layer 1", weights, bias, quantization, relu=relu)


def test_a_layer_by_hand():
    layer = one_layer()
    np.testing.assert_array_equal(layer.weights, [[4, -8], [2, 16], [-1, 0]])
    # bias / (0.5 * 0.25) and bias / (0.5 * 0.125), less 3 times the channel's sum of 5 and of 8
    np.testing.assert_array_equal(layer.requantization.bias, [24 - 15, -112 - 24])
    network = QuantizedNetwork((layer,))
    (record,) = network.run(np.array([[13, 3, 3], [3, 23, 127]], np.int8))
    # 10 * [4, -8] is the real [5, -5], plus the bias [8, -12], in steps of 2, less 5
    np.testing.assert_array_equal(record.outputs[0], [4 - 5, -6 - 5])
    np.testing.assert_array_equal(record.accumulators[0], [13 * 4 + 6 - 3, -104 + 48])
    # 20 * [2, 16] - 124 * [1, 0] is [-10.5, 20], plus the bias [-7.5, 13]
    np.testing.assert_array_equal(record.outputs[1], [-4 - 5, 6 - 5])


def test_a_relu_clips_at_the_zero_point_of_the_output():
    activations = np.array([[13, 3, 3]], np.int8)
    (record,) = QuantizedNetwork((one_layer(relu=True),)).run(activations)
    np.testing.assert_array_equal(record.outputs, [[-1, -5]])


def test_every_layer_is_what_onnx_runtime_computes(network, digits):
    """The runtime gets the layers unfolded: with zero points, and the plain bias."""
    onnxruntime = pytest.importorskip("onnxruntime", reason="pip install onnxruntime")
    quantized = QuantizedNetwork.from_float(network, calibrated(network, digits))
    activations = quantized.quantize_images(digits[1].images)
    for record, bias in zip(quantized.run(activations), network.biases, strict=True):
        expected = onnx_layer(onnxruntime, record.layer, bias, record.activations)
        np.testing.assert_array_equal(record.outputs, expected)


def onnx_layer(onnxruntime, layer, bias, activations):
    """A fully-connected layer as a QLinearConv of 1 x 1, which has a bias and a scale a channel."""
    from onnx import TensorProto, helper, numpy_helper

    q = layer.quantization
    steps = bias / (q.input.scale.astype(np.float64) * q.weights.scale)
    parameters = {
        "xs": q.input.scale,
        "xz": np.int8(q.input.zero_point),
        "w": layer.weights.T[:, :, None, None].copy(),
        "ws": q.weights.scale,
        "wz": np.zeros(layer.weights.shape[1], np.int8),
        "ys": q.output.scale,
        "yz": np.int8(q.output.zero_point),
        "b": np.rint(steps).astype(np.int32),
    }
    graph = helper.make_graph(
        [helper.make_node("QLinearConv", ["x", *parameters], ["y"])],
        "layer",
        [helper.make_tensor_value_info("x", TensorProto.INT8, [None, None, 1, 1])],
        [helper.make_tensor_value_info("y", TensorProto.INT8, [None, None, 1, 1])],
        [numpy_helper.from_array(np.asarray(v), name) for name, v in parameters.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 19)], ir_version=9)
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    (outputs,) = session.run(None, {"x": activations[:, :, None, None]})
    low = layer.requantization.low
    return np.maximum(outputs[:, :, 0, 0], low)


def test_integers_stay_within_a_step_of_the_float_network_of_the_same_values(network, digits):
    quantization = calibrated(network, digits)
    quantized = QuantizedNetwork.from_float(network, quantization)
    records = quantized.run(quantized.quantize_images(digits[1].images))
    for index, record in enumerate(records):
        q = record.layer.quantization
        x = dequantize(record.activations, q.input)
        y = x @ dequantize(record.layer.weights, q.weights) + network.biases[index]
        if index < len(records) - 1:
            y = np.maximum(y, 0)
        outputs = record.outputs.astype(int)
        expected = quantize(y, q.output).astype(int)
        assert np.abs(outputs - expected).max() <= 1
        assert np.mean(outputs != expected) < 0.01


def test_int8_keeps_the_accuracy_and_int4_is_trained_back(network, digits):
    data, held_out = digits
    floating = held_out.accuracy(network.predict(held_out.images))
    int8 = QuantizedNetwork.from_float(network, calibrated(network, digits))
    assert abs(held_out.accuracy(int8.predict(held_out.images)) - floating) < 0.01

    quantization = calibrated(network, digits, INT4)
    before = QuantizedNetwork.from_float(network, quantization)
    schedule = Schedule(epochs=6, learning_rate=1e-3)
    after = QuantizedNetwork.from_float(train(network, data, schedule, quantization), quantization)
    assert data.accuracy(after.predict(data.images)) > data.accuracy(before.predict(data.images))
    assert np.abs(after.layers[0].weights).max() == 7


def test_training_sees_what_the_integers_stand_for(network, digits):
    quantization = calibrated(network, digits)
    quantized = QuantizedNetwork.from_float(network, quantization)
    for index, layer in enumerate(quantized.layers):
        seen, mask = quantization.fake_weights(index, network.weights[index])
        np.testing.assert_array_equal(seen, dequantize(layer.weights, layer.quantization.weights))
        assert mask.all()
    pixels, _ = quantization.fake_activations(0, digits[1].images)
    codes = quantized.quantize_images(digits[1].images)
    np.testing.assert_array_equal(pixels, dequantize(codes, quantization.activations[0]))


def test_predictions_are_the_first_of_the_largest_logits():
    np.testing.assert_array_equal(
        predictions(np.array([[-3, 5, 5], [-1, -2, -3]], np.int8)), [1, 0]
    )


def test_accumulators_that_could_overflow_are_refused_by_the_layers_name():
    with pytest.raises(ValueError, match=r"^layer 1 has a bias of \d+ steps, beyond int32$"):
        one_layer(scale=1e-9)
    sentence = "long needs accumulators of 33 bits, and there are 32; make K or the weights smaller"
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        replace(one_layer(), name="long", weights=np.full((150_000, 2), 127, np.int8))


def test_weights_that_do_not_fit_the_requantization_are_refused():
    layer = one_layer()
    with pytest.raises(TypeError, match=r"^layer 1: weights must be int8, not int64$"):
        replace(layer, weights=layer.weights.astype(np.int64))
    sentence = r"layer 1: weights must have the shape \(K, 2\), not \(2, 3\)"
    with pytest.raises(ValueError, match=f"^{sentence}$"):
        replace(layer, weights=layer.weights.T)


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
        NetworkQuantization(activations=(activation,), **fields)
