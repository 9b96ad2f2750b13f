"""Small .tflite files: at least one of every operator that is imported, and their variants."""

import numpy as np
from tflite import ActivationFunctionType as Fused
from tflite import BuiltinOperator as Op
from tflite import Padding
from tflite_builder import TFLiteModel

__all__ = ["CONVOLUTION_WITHOUT_BIAS", "SAMPLES"]

X_SCALE, Y_SCALE = 0.05, 0.11


class Sample:
    """A model of one node, with an input and an output of 8 bits."""

    def __init__(self, shape, output, dtype=np.int8, y_scale=Y_SCALE, y_zero=-3):
        self.model = TFLiteModel()
        self.dtype = dtype
        self.random = np.random.default_rng(len(shape) + sum(shape))
        self.offset = 128 if dtype == np.uint8 else 0
        self.x = self.quantized("x", shape, X_SCALE, -7, signature=(-1, *shape[1:]))
        self.y = self.quantized("y", output, y_scale, y_zero)

    def quantized(self, name, shape, scale, zero_point, **more):
        return self.model.tensor(name, shape, self.dtype, scale, zero_point + self.offset, **more)

    def weights(self, shape, axis=None, zero_point=0):
        """Codes of the type of the activations; a scale per channel along an axis."""
        codes = self.random.integers(-127, 128, shape) + self.offset
        count = 1 if axis is None else shape[axis]
        scales = 0.004 + 0.001 * np.arange(count)
        return self.model.tensor(
            "w", shape, self.dtype, scales, zero_point + self.offset, axis=axis or 0, data=codes
        )

    def bias(self, count, per_channel=True):
        scales = X_SCALE * (0.004 + 0.001 * np.arange(count if per_channel else 1))
        codes = self.random.integers(-2000, 2000, count)
        return self.model.tensor("b", (count,), np.int32, scales, data=codes)

    def numbers(self, values):
        values = np.asarray(values)
        return self.model.tensor("numbers", values.shape, np.int32, data=values)

    def file(self, code, *inputs, **fields):
        self.model.operator(code, [self.x, *inputs], [self.y], **fields)
        return self.model.bytes([self.x], [self.y])


def convolution(shape, weights, output, padding, stride=(1, 1), dilation=(1, 1), fused=Fused.NONE,
                dtype=np.int8, bias=True, zero_point=0):  # fmt: skip
    sample = Sample(shape, output, dtype)
    axis = 0 if dtype == np.int8 else None
    inputs = [sample.weights(weights, axis, zero_point)]
    inputs += [sample.bias(weights[0], axis is not None)] if bias else []
    return sample.file(
        Op.CONV_2D, *inputs, Padding=padding, StrideH=stride[0], StrideW=stride[1],
        DilationHFactor=dilation[0], DilationWFactor=dilation[1], FusedActivationFunction=fused,
    )  # fmt: skip


def depthwise(shape, weights, output, stride=(1, 1), dtype=np.int8, fused=Fused.NONE):
    sample = Sample(shape, output, dtype)
    axis = 3 if dtype == np.int8 else None
    inputs = sample.weights(weights, axis), sample.bias(weights[3], axis is not None)
    return sample.file(
        Op.DEPTHWISE_CONV_2D, *inputs, Padding=Padding.SAME, StrideH=stride[0], StrideW=stride[1],
        DepthMultiplier=weights[3] // shape[3], FusedActivationFunction=fused, DilationHFactor=1,
        DilationWFactor=1,
    )  # fmt: skip


def fully_connected(shape, weights, output, dtype=np.int8, keep=False, bias=True, zero_point=0):
    sample = Sample(shape, output, dtype)
    inputs = [sample.weights(weights, None, zero_point)]
    inputs += [sample.bias(weights[0], False)] if bias else []
    return sample.file(Op.FULLY_CONNECTED, *inputs, KeepNumDims=keep)


def pool(code, output, dtype=np.int8, kernel=(2, 3), stride=(2, 1), padding=Padding.SAME):
    sample = Sample((1, 5, 6, 3), output, dtype, X_SCALE, -7)
    return sample.file(
        code, FilterHeight=kernel[0], FilterWidth=kernel[1], StrideH=stride[0], StrideW=stride[1],
        Padding=padding, FusedActivationFunction=Fused.RELU,
    )  # fmt: skip


def add(second, dtype=np.int8, fused=Fused.NONE, constant=False):
    sample = Sample((1, 4, 4, 3), (1, 4, 4, 3), dtype)
    data = sample.random.integers(-100, 100, second) + sample.offset if constant else None
    other = sample.quantized("other", second, 0.08, 5, data=data)
    sample.model.operator(
        Op.ADD, [sample.x, other], [sample.y], FusedActivationFunction=fused
    )  # fmt: skip
    return sample.model.bytes([sample.x] if constant else [sample.x, other], [sample.y])


def layout(code, shape, output, *numbers, **fields):
    sample = Sample(shape, output, y_scale=X_SCALE, y_zero=-7)
    return sample.file(code, *(sample.numbers(values) for values in numbers), **fields)


def mean(axes, output, keep):
    sample = Sample((1, 4, 5, 3), output)
    return sample.file(Op.MEAN, sample.numbers(axes), KeepDims=keep)


def clamp(code, dtype=np.int8):
    return Sample((1, 4, 5), (1, 4, 5), dtype).file(code)


def pad_with_value():
    sample = Sample((1, 3, 4, 2), (1, 6, 4, 3), y_scale=X_SCALE, y_zero=-7)
    value = sample.quantized("value", (1,), X_SCALE, -7, data=[100])
    ends = sample.numbers([[0, 0], [1, 2], [0, 0], [0, 1]])
    return sample.file(Op.PADV2, ends, value)


def concatenation(axis):
    sample = Sample((1, 4, 3), (1, 4, 8), y_scale=X_SCALE, y_zero=-7)
    other = sample.quantized("other", (1, 4, 5), X_SCALE, -7)
    sample.model.operator(Op.CONCATENATION, [sample.x, other], [sample.y], Axis=axis)
    return sample.model.bytes([sample.x, other], [sample.y])


def softmax(dtype=np.int8):
    sample = Sample((2, 10), (2, 10), dtype, y_scale=1 / 256, y_zero=-128)
    return sample.file(Op.SOFTMAX, Beta=1.5)


def real_ends():
    """QUANTIZE, RELU, QUANTIZE to other integers and DEQUANTIZE in a row; one name for all."""
    model = TFLiteModel()
    x = model.tensor("t", (2, 9), np.float32)
    a = model.tensor("t", (2, 9), np.int8, X_SCALE, 4)
    b = model.tensor("t", (2, 9), np.int8, Y_SCALE, -100)
    c = model.tensor("", (2, 9), np.uint8, Y_SCALE, 28)
    y = model.tensor("t", (2, 9), np.float32)
    model.operator(Op.QUANTIZE, [x], [a])
    model.operator(Op.RELU, [a], [b])
    model.operator(Op.QUANTIZE, [b], [c])
    model.operator(Op.DEQUANTIZE, [c], [y])
    return model.bytes([x], [y])


def shared_weights():
    """One constant, read by two layers."""
    sample = Sample((2, 6), (2, 6))
    weights, bias = sample.weights((6, 6)), sample.bias(6, False)
    middle = sample.quantized("middle", (2, 6), X_SCALE, 9)
    model = sample.model
    model.operator(Op.FULLY_CONNECTED, [sample.x, weights, bias], [middle], KeepNumDims=False)
    model.operator(Op.FULLY_CONNECTED, [middle, weights, -1], [sample.y], KeepNumDims=True)
    return model.bytes([sample.x], [sample.y])


U8 = np.uint8
SAME, VALID = Padding.SAME, Padding.VALID
IMAGE = (1, 7, 6, 4)
SAMPLES = {
    "conv": convolution(IMAGE, (5, 3, 3, 4), (1, 7, 6, 5), SAME, fused=Fused.RELU),
    "conv strided": convolution(IMAGE, (5, 3, 2, 4), (1, 4, 3, 5), SAME, (2, 2)),
    "conv dilated": convolution(IMAGE, (5, 3, 2, 4), (1, 3, 3, 5), VALID, (1, 1), (2, 3)),
    "conv grouped": convolution(IMAGE, (6, 3, 3, 2), (1, 7, 6, 6), SAME, fused=Fused.RELU6),
    "conv uint8": convolution(
        IMAGE, (5, 3, 3, 4), (1, 5, 4, 5), VALID, dtype=U8, fused=Fused.RELU_N1_TO_1, zero_point=6
    ),
    "depthwise": depthwise(IMAGE, (1, 3, 3, 4), (1, 7, 6, 4), fused=Fused.RELU),
    "depthwise multiplied": depthwise(IMAGE, (1, 3, 2, 12), (1, 4, 3, 12), (2, 2)),
    "depthwise uint8": depthwise(IMAGE, (1, 3, 3, 8), (1, 7, 6, 8), dtype=U8),
    "fully connected": fully_connected((3, 8), (5, 8), (3, 5)),
    "fully connected rows": fully_connected((2, 4, 4), (5, 8), (4, 5)),
    "fully connected kept": fully_connected((2, 4, 8), (5, 8), (2, 4, 5), keep=True, bias=False),
    "fully connected square": fully_connected((1, 8), (8, 8), (1, 8)),
    "fully connected uint8": fully_connected((3, 8), (5, 8), (3, 5), U8, zero_point=-9),
    "fully connected asymmetric": fully_connected((3, 8), (5, 8), (3, 5), zero_point=11),
    "shared weights": shared_weights(),
    "add": add((1, 4, 4, 3)),
    "add broadcast": add((1, 1, 1, 3), fused=Fused.RELU),
    "add constant": add((1, 4, 4, 3), constant=True),
    "add uint8": add((1, 4, 4, 3), U8),
    "average pool": pool(Op.AVERAGE_POOL_2D, (1, 3, 6, 3)),
    "average pool uint8": pool(Op.AVERAGE_POOL_2D, (1, 2, 4, 3), U8, padding=VALID),
    "max pool": pool(Op.MAX_POOL_2D, (1, 2, 4, 3), padding=VALID),
    "max pool uint8": pool(Op.MAX_POOL_2D, (1, 3, 6, 3), U8),
    "mean": mean([1, 2], (1, 3), False),
    "mean kept": mean([-2, 1], (1, 1, 1, 3), True),
    "mean of channels": mean([3], (1, 4, 5), False),
    "relu": clamp(Op.RELU),
    "relu6": clamp(Op.RELU6),
    "relu uint8": clamp(Op.RELU, U8),
    "relu -1 to 1": clamp(Op.RELU_N1_TO_1),
    "pad": layout(Op.PAD, (1, 3, 4, 2), (1, 5, 5, 2), [[0, 0], [1, 1], [0, 1], [0, 0]]),
    "pad with a value": pad_with_value(),
    "reshape": layout(Op.RESHAPE, (1, 4, 6), (1, 24), [1, -1], NewShape=[1, -1]),
    "squeeze": layout(Op.SQUEEZE, (1, 1, 4, 1), (1, 4), SqueezeDims=[1, 3]),
    "expand dims": layout(Op.EXPAND_DIMS, (1, 5), (1, 1, 5), 1),
    "transpose": layout(Op.TRANSPOSE, (1, 3, 4, 2), (1, 2, 3, 4), [0, 3, 1, 2]),
    "concatenation": concatenation(-1),
    "softmax": softmax(),
    "softmax uint8": softmax(U8),
    "real ends": real_ends(),
}
"""Files by what is in them."""

CONVOLUTION_WITHOUT_BIAS = convolution(IMAGE, (5, 1, 1, 4), (1, 7, 6, 5), VALID, bias=False)
"""The runtime wants a bias here, if of zeros."""
