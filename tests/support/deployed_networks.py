"""Small networks as deployed models, of several layers each."""

import numpy as np
from onnx_builder import Numbers, OnnxBuilder
from tflite import ActivationFunctionType as Fused
from tflite import BuiltinOperator as Op
from tflite import Padding
from tflite_builder import TFLiteModel

__all__ = ["onnx_network", "padded_network"]

X_SCALE = 0.05


def onnx_network(form, dtype, seed=0):
    """Branches that meet, groups, poolings of three kinds, and products behind a flattening.

    Of these nodes ONNX Runtime averages one in float32.
    """
    rng = np.random.default_rng(seed)
    offset = 128 if dtype == np.uint8 else 0
    builder = OnnxBuilder(form)

    def numbers(scale, zero_point):
        return Numbers(scale, zero_point + offset, dtype)

    def constants(*shape):
        """Weights, scales and a bias, by the arguments' names."""
        weights = rng.integers(-127, 128, shape).astype(np.int8)
        return weights, 0.01 * rng.uniform(0.5, 2, shape[0]), numbers_of_bias(shape[0])

    def numbers_of_bias(count):
        return rng.integers(-500, 500, count).astype(np.int32)

    def conv(x, out, *shape, **attributes):
        weights, scales, bias = constants(*shape)
        return builder.conv(x, weights, scales, out, bias=bias, pads=[1] * 4, **attributes)

    def gemm(x, out, *shape):
        weights, _, bias = constants(*shape)
        return builder.gemm(builder.move("Flatten", x), weights, np.float32(0.01), out, bias=bias)

    x = builder.input("x", (1, 3, 9, 7), numbers(0.02, 3))
    first = conv(x, numbers(0.05, -5), 6, 3, 3, 3)
    grouped = conv(first, numbers(0.06, 4), 6, 2, 3, 3, group=3)
    depthwise = conv(grouped, numbers(0.05, 0), 6, 1, 3, 3, group=6)
    total = builder.add(first, depthwise, numbers(0.07, -3))
    largest = builder.move("MaxPool", total, kernel_shape=[2, 2], strides=[2, 2])
    average = builder.average_pool(largest, numbers(0.0625, 1), kernel_shape=[2, 2])
    whole = builder.global_average_pool(average, numbers(0.05, 2))
    classes = gemm(largest, numbers(0.3, 1), 5, 6 * 4 * 3)
    others = gemm(whole, numbers(0.1, 1), 4, 6)
    return builder.model(builder.softmax(classes, numbers(1 / 256, -128)), others)


def padded_network(pads=((0, 0), (1, 0), (0, 2), (0, 0))):
    """PAD before a convolution, RELU6 in it, an average and FULLY_CONNECTED behind a RESHAPE."""
    rng = np.random.default_rng(5)
    model = TFLiteModel()
    height, width = (5 + sum(pads[1]) - 3) // 2 + 1, (6 + sum(pads[2]) - 3) // 2 + 1
    x = model.tensor("x", (1, 5, 6, 3), np.int8, X_SCALE, -7)
    padded = model.tensor(
        "padded", (1, 5 + sum(pads[1]), 6 + sum(pads[2]), 3), np.int8, X_SCALE, -7
    )
    convolved = model.tensor("convolved", (1, height, width, 5), np.int8, 0.04, -100)
    mean = model.tensor("mean", (1, 1, 1, 5), np.int8, 0.04, -100)
    flat = model.tensor("flat", (1, 5), np.int8, 0.04, -100)
    y = model.tensor("y", (1, 4), np.int8, 0.2, 11)
    ends = model.tensor("ends", (4, 2), np.int32, data=np.array(pads, np.int32))
    shape = model.tensor("shape", (2,), np.int32, data=np.array([1, 5], np.int32))
    model.operator(Op.PAD, [x, ends], [padded])
    model.operator(
        Op.CONV_2D,
        [padded, *_weights(model, rng, "w", (5, 3, 3, 3))],
        [convolved],
        Padding=Padding.VALID,
        StrideH=2,
        StrideW=2,
        DilationHFactor=1,
        DilationWFactor=1,
        FusedActivationFunction=Fused.RELU6,
    )
    model.operator(
        Op.AVERAGE_POOL_2D,
        [convolved],
        [mean],
        Padding=Padding.VALID,
        FilterHeight=height,
        FilterWidth=width,
        StrideH=1,
        StrideW=1,
        FusedActivationFunction=Fused.NONE,
    )
    model.operator(Op.RESHAPE, [mean, shape], [flat], NewShape=[1, 5])
    model.operator(Op.FULLY_CONNECTED, [flat, *_weights(model, rng, "v", (4, 5))], [y])
    return model.bytes([x], [y])


def _weights(model, rng, name, shape):
    """Weights with a scale for all, and a bias."""
    codes = rng.integers(-127, 128, shape)
    bias = rng.integers(-2000, 2000, shape[0])
    return (
        model.tensor(name, shape, np.int8, 0.006, data=codes),
        model.tensor(f"{name} bias", shape[:1], np.int32, 0.0003, data=bias),
    )
