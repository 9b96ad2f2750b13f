"""Numbers, weights and a convolution that the tests of the reader of .onnx files build from."""

import numpy as np
from onnx_builder import Numbers
from onnxruntime_runner import draw

X, Y, Z = (
    {np.int8: Numbers(scale, zero, np.int8), np.uint8: Numbers(scale, zero + 128, np.uint8)}
    for scale, zero in ((0.02, 3), (0.05, -5), (0.04, 1))
)
IMAGES = (2, 4, 8, 6)


def weights(*shape, seed=0):
    return draw(np.random.default_rng(seed), shape, np.int8)


def bias(count, seed=0):
    return np.random.default_rng(seed).integers(-9999, 9999, count).astype(np.int32)


def conv(b, x, y, **attributes):
    return b.conv(x, weights(6, 4, 3, 3), np.linspace(0.005, 0.02, 6), y, bias(6), **attributes)
