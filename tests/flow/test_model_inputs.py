"""Inputs of a deployed model, from files and from a seed."""

import re

import numpy as np
import pytest

from flow.errors import UserError
from flow.files import write_array
from flow.model_inputs import draw_model_inputs, read_model_inputs
from flow.word_format import WordFormat
from golden.model import Layout, Model, QuantizationParameters, Tensor

INT8 = np.array([[-128, 0, 127], [1, 2, 3]], np.int8)


class Doubling:
    """A kernel set whose quantization nobody else has: it shows whose rule was used."""

    name = "doubling"

    def compute(self, model, node, values):
        if model.tensors[node.outputs[0]].dtype != np.int8:
            raise ValueError("it quantizes to int8 only")
        return {node.outputs[0]: (values[node.inputs[0]] * 2).astype(np.int8)}


def model(**dtypes):
    quantization = QuantizationParameters(np.float32([0.5]), np.array([3]))
    tensors = {
        name: Tensor(name, (1, 3), np.dtype(dtype), None if dtype == "f4" else quantization)
        for name, dtype in dtypes.items()
    }
    return Model(tensors, (), tuple(dtypes), (), Layout.CHANNELS_LAST)


def read(model, tmp_path, *arrays):
    """Write each (name, file, values) and read them as the inputs of a model."""
    given = []
    for name, file, values in arrays:
        fmt = None if file.endswith("npy") else WordFormat.of(values.dtype)
        write_array(tmp_path / file, values, fmt)
        given.append(f"{name}={tmp_path / file}" if name else str(tmp_path / file))
    return read_model_inputs(model, given, Doubling())


def check_refused(sentence, model, tmp_path, *arrays):
    with pytest.raises(UserError, match=re.escape(sentence)):
        read(model, tmp_path, *arrays)


@pytest.mark.parametrize("file", ["x.npy", "x.csv", "x.bin", "x.hex"])
def test_integers_are_taken_as_they_are(tmp_path, file):
    values = read(model(x="i1"), tmp_path, ("", file, INT8))["x"]
    np.testing.assert_array_equal(values, INT8)
    assert values.dtype == np.int8


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_real_numbers_are_quantized_by_the_kernel_set(tmp_path, dtype):
    values = read(model(x="i1"), tmp_path, ("", "x.npy", np.array([[1.5, -2, 7]], dtype)))["x"]
    assert values.tolist() == [[3, -4, 14]]


def test_real_numbers_of_a_real_input_stay(tmp_path):
    given = np.array([[1.5, -2, 7]])
    values = read(model(x="f4"), tmp_path, ("", "x.npy", given))["x"]
    assert values.dtype == np.float32
    np.testing.assert_array_equal(values, given)


def test_one_image_needs_no_batch(tmp_path):
    assert read(model(x="i1"), tmp_path, ("", "x.npy", INT8[0]))["x"].shape == (1, 3)


def test_several_inputs_by_name(tmp_path):
    values = read(
        model(a="i1", b="u1"), tmp_path, ("b", "b.npy", INT8.view("u1")), ("a", "a.npy", INT8)
    )
    assert list(values) == ["b", "a"]


@pytest.mark.parametrize(
    ("sentence", "dtypes", "arrays"),
    [
        ("x.npy must be NAME=FILE, NAME one of a, b",
         {"a": "i1", "b": "i1"}, [("", "x.npy", INT8)]),
        ("input b is missing; give --input b=FILE, uint8 or float32, 1 x 3",
         {"a": "i1", "b": "u1"}, [("a", "a.npy", INT8)]),
        ("has the shape 3 x 2, and the input is int8 or float32, 1 x 3, or a multiple of its first",
         {"x": "i1"}, [("", "x.npy", INT8.reshape(3, 2))]),
        ("has the shape one number, and the input is int8 or float32, 1 x 3",
         {"x": "i1"}, [("", "x.npy", INT8[0, 0])]),
        ("x.npy holds uint8, and the input is int8 or float32, 1 x 3; convert it",
         {"x": "i1"}, [("", "x.npy", INT8.view("u1"))]),
        ("x.npy holds int8, and the input is float32, 1 x 3; convert it",
         {"x": "f4"}, [("", "x.npy", INT8)]),
        ("x.npy holds a NaN or an infinity",
         {"x": "i1"}, [("", "x.npy", np.array([[0, np.nan, 1]]))]),
        ("x.npy: node Quantize: it quantizes to int8 only",
         {"x": "u1"}, [("", "x.npy", np.zeros((1, 3), np.float32))]),
    ],
)  # fmt: skip
def test_refused(tmp_path, sentence, dtypes, arrays):
    check_refused(sentence, model(**dtypes), tmp_path, *arrays)


def test_an_input_of_one_number(tmp_path):
    tensor = Tensor("x", (), np.dtype(np.float32))
    scalar = Model({"x": tensor}, (), ("x",), (), Layout.CHANNELS_LAST)
    assert read(scalar, tmp_path, ("", "x.npy", np.array(0.5)))["x"] == 0.5
    assert draw_model_inputs(scalar, 0, images=4)["x"].shape == ()
    check_refused("has the shape 1 x 3, and the input is float32, one number", scalar, tmp_path,
                  ("", "x.npy", np.zeros((1, 3))))  # fmt: skip


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r"none\.npy cannot be read"):
        read_model_inputs(model(x="i1"), [str(tmp_path / "none.npy")], Doubling())


@pytest.mark.parametrize("dtype", ["i1", "u1", "f4"])
def test_drawn_inputs_are_those_of_the_seed(dtype):
    drawn = [draw_model_inputs(model(x=dtype), seed, images=200)["x"] for seed in (1, 1, 2)]
    assert drawn[0].shape == (200, 3)
    assert drawn[0].dtype == dtype
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert (drawn[0] != drawn[2]).any()
    if dtype != "f4":
        assert drawn[0].min() == np.iinfo(dtype).min
        assert drawn[0].max() == np.iinfo(dtype).max
