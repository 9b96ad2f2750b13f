"""Broken .onnx files: each is read, or refused in one sentence, in bounded time and memory."""

from functools import cache

import numpy as np
import pytest
from broken_files import bounded_memory, read_broken, read_or_refuse
from onnx_builder import Form, Numbers, OnnxBuilder
from onnx_exports import brevitas_form, quantized_by_onnxruntime
from onnx_mutations import broken_bytes, broken_structure

from flow.onnx_reader import read_onnx

SEED = 20


@cache
def samples():
    return [
        *(every_operator(form) for form in Form),
        quantized_by_onnxruntime("QDQ", "QUInt8", "QInt8", True),
        quantized_by_onnxruntime("QOperator", "QInt8", "QInt8", False),
        brevitas_form(),
    ]


def every_operator(form):
    random = np.random.default_rng(0)
    b = OnnxBuilder(form, opset=13)
    q = Numbers(0.05, -3)

    def weights(*shape):
        return random.integers(-128, 128, shape).astype(np.int8)

    x = b.input("x", ("N", 4, 6, 6), q)
    x = b.conv(x, weights(4, 2, 3, 3), np.full(4, 0.01), q, np.arange(4, dtype=np.int32), group=2,
               pads=[1, 1, 1, 1])  # fmt: skip
    x = b.add(x, b.conv(x, weights(4, 1, 1, 1), np.float32(0.02), q, group=4), q)
    x = b.concat([x, b.average_pool(x, q, kernel_shape=[3, 3], pads=[1, 1, 1, 1])], q)
    x = b.move("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
    fill = np.int8(-3) if form is Form.QOPERATOR else np.float32(0)
    x = b.move("Pad", x, np.array([0, 0, 1, 0, 0, 0, 0, 1]), fill)
    if form is Form.QDQ:
        x = b.mean(b.clip(x, 0.0, 1.5, q), q, [2])
    x = b.move("Transpose", b.global_average_pool(x, q), perm=[0, 2, 3, 1])
    x = b.move("Reshape", x, np.array([0, -1]))
    x = b.gemm(x, weights(5, 8), np.float32(0.02), q, np.arange(5, dtype=np.int32))
    return b.model(b.softmax(b.matmul(x, weights(5, 3), np.full(3, 0.02), q), q))


def broken(index, random):
    data, other = (samples()[i] for i in random.integers(len(samples()), size=2))
    return (broken_bytes if random.random() < 0.5 else broken_structure)(data, other, random)


def test_the_samples_are_read():
    assert all(read_or_refuse(read_onnx, data) for data in samples())


def test_some_broken_files():
    read, _ = read_broken(read_onnx, broken, 400, SEED)
    assert 20 < read < 380


@pytest.mark.long
def test_many_broken_files():
    read, slowest = read_broken(read_onnx, broken, 10_000, SEED + 1)
    assert 500 < read < 9500
    print(f"{read} of 10000 read, the slowest in {slowest:.2f} s")


def test_every_length_of_a_file_that_is_cut_off():
    data = samples()[0]
    with bounded_memory():
        for length in range(0, len(data), 37):
            read_or_refuse(read_onnx, data[:length])
