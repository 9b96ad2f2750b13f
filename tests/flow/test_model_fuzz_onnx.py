"""Broken .onnx files: each is read, or refused in one sentence, in bounded time and memory."""

import resource
import signal
from functools import cache
from pathlib import Path
from time import perf_counter

import numpy as np
import pytest
from onnx_builder import Form, Numbers, OnnxBuilder
from onnx_exports import brevitas_form, quantized_by_onnxruntime
from onnx_mutations import broken_bytes, broken_structure

from flow.errors import UserError
from flow.onnx_reader import read_onnx
from golden.model import Model

SECONDS = 10
"""A file that takes longer hangs; the slowest takes some hundredths of a second."""

MEMORY = 256 << 20
"""What reading may take on top of what the process has: the files have a few kilobytes."""

MAX_SENTENCE = 20_000

SEED = 20


@pytest.fixture
def bounded():
    """Ends a file that hangs, and gives MemoryError to one that takes too much."""

    def stop(*_):
        raise AssertionError(f"reading took more than {SECONDS} seconds")

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limits = resource.getrlimit(resource.RLIMIT_AS)
    handler = signal.signal(signal.SIGALRM, stop)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MEMORY, limits[1]))
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, handler)
    resource.setrlimit(resource.RLIMIT_AS, limits)


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


def read_or_refuse(data):
    """Read a file; whether it was a model."""
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        model = read_onnx(data)
    except UserError as error:
        sentence = str(error)
        assert sentence.isprintable()
        assert 0 < len(sentence) < MAX_SENTENCE
        return False
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    assert isinstance(model, Model)
    return True


def check(count, seed):
    """Read broken files by the number; returns how many were models, and the longest time."""
    read, longest = 0, 0.0
    for index in range(count):
        random = np.random.default_rng([seed, index])
        data, other = (samples()[i] for i in random.integers(len(samples()), size=2))
        broken = (broken_bytes if random.random() < 0.5 else broken_structure)(data, other, random)
        start = perf_counter()
        try:
            read += read_or_refuse(broken)
        except BaseException as error:
            pytest.fail(f"seed {seed}, file {index}: {type(error).__name__}: {error}")
        longest = max(longest, perf_counter() - start)
    return read, longest


def test_the_samples_are_read():
    assert all(read_or_refuse(data) for data in samples())


def test_some_broken_files(bounded):
    read, _ = check(400, SEED)
    assert 20 < read < 380


@pytest.mark.long
def test_many_broken_files(bounded):
    check(10_000, SEED + 1)


def test_every_length_of_a_file_that_is_cut_off(bounded):
    data = samples()[0]
    for length in range(0, len(data), 37):
        read_or_refuse(data[:length])
