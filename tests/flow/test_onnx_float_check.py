import numpy as np
import onnx
import pytest
from float_export import model_of
from onnx import helper

from flow.errors import UserError
from flow.onnx_float_check import check_supported
from flow.onnx_float_reader import read_float_graph
from flow.onnx_folding import fold

CONSTANTS = {
    "w": np.ones((2, 2, 1, 1), np.float32), "one": np.ones(2, np.float32),
    "row": np.ones((8, 3), np.float32), "inf": np.full((2, 2, 1, 1), np.inf, np.float32),
    "image": np.ones((1, 2, 4, 4), np.float32), "value": np.float32(1.5),
    "pads": np.array([0, 0, 1, 1, 0, 0, 1, 1], np.int64),
}  # fmt: skip


def node(operator, *inputs, to="y", **attributes):
    return helper.make_node(operator, inputs, [to], f"{operator} {to}", **attributes)


def check(folder, *nodes):
    used = {name for n in nodes for name in n.input}
    constants = {name: value for name, value in CONSTANTS.items() if name in used}
    onnx.save(model_of(nodes, constants, ["n", 2, 4, 4], "y"), folder / "m.onnx")
    check_supported(fold(read_float_graph(folder / "m.onnx")))


REFUSED = {
    "another operator": ([node("Sigmoid", "x")], "Sigmoid (there is no such operator here)"),
    "weights computed": ([node("Relu", "w", to="v"), node("Conv", "x", "v")],
                         "Conv (its weights and its bias must be constants) at Conv y"),
    "infinite": ([node("Conv", "x", "inf")], "inf must be constant, finite float32 numbers"),
    "first factor": ([node("MatMul", "x", "row")], "its first factor must have two dimensions"),
    "second factor": ([node("MatMul", "x", "x")], "its second factor must be a constant matrix"),
    "transposed": ([node("Flatten", "x", to="f"), node("Gemm", "f", "f", transA=1)],
                   "only A B + C with constant B and C, and A not transposed"),
    "constant Add": ([node("Add", "x", "image")],
                     "image is a constant, not an activation, and no number for each channel"),
    "normalization": ([node("BatchNormalization", "x", *["one"] * 4)],
                      "only with constants, right behind a Conv or Gemm"),
    "training": ([node("Conv", "x", "w", to="c"),
                  node("BatchNormalization", "c", *["one"] * 4, training_mode=1)],
                 "it is in training mode; export the model for inference"),
    "reflection": ([node("Pad", "x", "pads", mode="reflect")], "only mode constant"),
    "padded with": ([node("Pad", "x", "pads", "value")], "only the value 0"),
    "constant Concat": ([node("Concat", "x", "image", axis=0)], "image is a constant"),
    "axes": ([node("ReduceMean", "x", axes=[3])], "only over height and width of an image"),
    "softmax inside": ([node("Softmax", "x", to="s"), node("Relu", "s")],
                       "Softmax (only at the end of the model) at Softmax s"),
    "identity": ([node("Relu", "x", to="r"), node("Identity", "r")],
                 "it gives an output of the model or trains; leave it out"),
    "far": ([node("MaxPool", "x", kernel_shape=[1, 1], strides=[5000, 1])],
            "its strides must be from 0 to 4096"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_quantized_is_told_with_the_reason(case, tmp_path):
    nodes, reason = REFUSED[case]
    with pytest.raises(UserError) as caught:
        check(tmp_path, *nodes)
    assert str(caught.value).startswith("not supported: ")
    assert reason in str(caught.value)


def test_a_second_output_that_is_read_is_refused(tmp_path):
    pool = helper.make_node("MaxPool", ["x"], ["p", "at"], "pool", kernel_shape=[1, 1])
    check(tmp_path, pool, node("Relu", "p"))
    onto = node("Cast", "at", to="f")
    onto.attribute.append(helper.make_attribute("to", onnx.TensorProto.FLOAT))
    with pytest.raises(UserError, match=r"MaxPool \(only its first output can be used\) at pool"):
        check(tmp_path, pool, onto, node("Add", "p", "f"))
