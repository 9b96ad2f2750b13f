import numpy as np
import onnx
from float_export import model_of
from onnx import helper

from flow.onnx_float_reader import read_float_graph
from flow.quantization_plan import QuantizationPlan

CONSTANTS = {
    "w": np.ones((2, 2, 1, 1), np.float32),
    "zero": np.float32(0),
    "six": np.float32(6),
}


def node(operator, *inputs, to, **attributes):
    return helper.make_node(operator, inputs, [to], to, **attributes)


def plan(folder, *nodes):
    used = {name for n in nodes for name in n.input}
    constants = {name: value for name, value in CONSTANTS.items() if name in used}
    onnx.save(model_of(nodes, constants, ["n", 2, 4, 4], "y"), folder / "m.onnx")
    return QuantizationPlan(read_float_graph(folder / "m.onnx"))


CONV = node("Conv", "x", "w", to="c")
POOL = {"kernel_shape": [2, 2]}


def test_a_bounded_tensor_has_the_range_of_what_is_left(tmp_path):
    clip = node("Clip", "p", "zero", "six", to="r")
    pool = node("MaxPool", "c", to="p", **POOL)
    found = plan(tmp_path, CONV, pool, clip, node("Conv", "r", "w", to="y"))
    assert found.group_of == {"x": "x", "c": "c", "p": "c", "r": "c", "y": "y"}
    assert found.ranged_by == {"x": ("x",), "c": ("r",), "y": ("y",)}
    assert found.bounds == {"c": (0, 6), "p": (0, 6)}


def test_a_tensor_that_is_read_twice_is_not_bounded(tmp_path):
    found = plan(tmp_path, CONV, node("Relu", "c", to="r"), node("Add", "c", "r", to="y"))
    assert found.group_of["r"] == "c"
    assert found.ranged_by["c"] == ("c",)
    assert not found.bounds


def test_an_average_does_not_pass_a_bound_on(tmp_path):
    pool = node("AveragePool", "c", to="a", **POOL)
    found = plan(tmp_path, CONV, pool, node("Relu", "a", to="y"))
    assert found.ranged_by == {"x": ("x",), "c": ("c",), "a": ("y",)}
    assert found.bounds == {"a": (0, np.inf)}


def test_all_parts_of_a_concatenation_decide(tmp_path):
    parts = node("Relu", "c", to="r"), node("Conv", "x", "w", to="d")
    join = node("Concat", "r", "d", to="j", axis=1)
    found = plan(tmp_path, CONV, *parts, join, node("Softmax", "j", to="y"))
    assert {found.group_of[name] for name in ("c", "r", "d", "j")} == {"c"}
    assert found.ranged_by == {"x": ("x",), "c": ("r", "d")}
    assert found.probabilities == ("y",)
