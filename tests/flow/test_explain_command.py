"""`lastbit explain` through click's runner."""

import re

import numpy as np
import pytest
from click.testing import CliRunner
from onnx_builder import Form, Numbers, OnnxBuilder

from flow.cli import main

IN, OUT = Numbers(0.02, 3, np.int8), Numbers(1.0, -128, np.int8)


@pytest.fixture
def model(tmp_path):
    """An ONNX model: quantize, two products, of 6 numbers."""
    rng = np.random.default_rng(0)
    builder = OnnxBuilder(Form.QDQ)
    x = builder.quantize(builder.real_input("x", (1, 6)), IN)
    for _ in range(2):
        x = builder.matmul(x, rng.integers(-128, 128, (6, 6)).astype(np.int8), np.float32(0.3), OUT)
    path = tmp_path / "model.onnx"
    path.write_bytes(builder.model(x))
    return path


def run(*arguments):
    result = CliRunner().invoke(main, ["explain", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result


def pair(first="onnxruntime", second="onnxruntime"):
    return "--kernels", first, "--kernels", second


def test_random_inputs_are_said_and_repeat(model):
    results = [run(model, *pair(), "--seed", seed) for seed in (5, 5, 6)]
    assert [result.exit_code for result in results] == [0, 0, 0]
    output = results[0].output
    assert output.startswith("inputs: 16 random batches from seed 5, weighted to the extremes")
    assert output == results[1].output
    assert "seed 6" in results[2].output
    assert "alone: 0 of 288 elements differ (0.000%)" in output
    assert re.search(r"matmul\d+ +FullyConnected +96 +0 +0 +0 +0", output)


def test_given_inputs(model, tmp_path):
    np.save(tmp_path / "x.npy", np.ones((5, 6), np.float32))
    output = run(model, *pair(), "--input", tmp_path / "x.npy").output
    assert "random" not in output
    assert re.search(r"answer matmul\d+: another element is the largest in 0 of 5 images", output)


@pytest.mark.parametrize(
    ("sentence", "arguments"),
    [
        ("--kernels must name two kernel sets, not 0", ()),
        ("--kernels must name two kernel sets, not 1", ("--kernels", "onnxruntime")),
        ("litert_ref", pair(second="keras")),
        ("--seed must be at least 0, not -1", (*pair(), "--seed", "-1")),
        ("none.npy cannot be read", (*pair(), "--input", "none.npy")),
        ("LiteRT has them last", pair("onnxruntime", "litert")),
    ],
)
def test_bad_input(model, sentence, arguments):
    result = run(model, *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("lastbit: ")
    assert result.stderr.count("\n") == 1
    assert sentence in result.stderr


def test_a_file_that_is_no_model(tmp_path):
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"\x08\xff\xff")
    result = run(path, *pair())
    assert (result.exit_code, result.stdout) == (2, "")
    assert "broken.onnx: it is not a whole ONNX model" in result.stderr
