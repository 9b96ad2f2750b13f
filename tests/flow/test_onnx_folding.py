"""Folded graphs compute what the model did, with the operators that quantization knows."""

import numpy as np
import onnx
import onnxruntime
import pytest
from float_export import model_of
from onnx import helper

from flow.onnx_float import float_model, run_model
from flow.onnx_float_reader import read_float_graph
from flow.onnx_folding import fold

RNG = np.random.default_rng(4)
IMAGE, ROW = ["n", 3, 6, 5], ["n", 7]


def array(*shape):
    return RNG.standard_normal(shape).astype(np.float32)


def node(operator, *inputs, to, **attributes):
    return helper.make_node(operator, inputs, [to], **attributes)


def norm(channels):
    """scale, shift, mean, variance, by name."""
    names = ("scale", "shift", "mean", "variance")
    return dict(zip(names, (*(array(channels) for _ in range(3)), RNG.random(channels, np.float32)),
                    strict=True))  # fmt: skip


CONV = node("Conv", "x", "w", "b", to="c", pads=[1, 1, 1, 1])
CONV_CONSTANTS = {"w": array(4, 3, 3, 3), "b": array(4)}
NORM = ("scale", "shift", "mean", "variance")
GEMM = {"w": array(7, 4), "b": array(4)}
CASES = {
    "normalization": (IMAGE, [CONV, node("BatchNormalization", "c", *NORM, to="y")],
                      {**CONV_CONSTANTS, **norm(4)}, ["Conv"]),
    "epsilon": (IMAGE, [CONV, node("BatchNormalization", "c", *NORM, to="y", epsilon=0.3)],
                {**CONV_CONSTANTS, **norm(4)}, ["Conv"]),
    "depthwise, no bias": (IMAGE, [node("Conv", "x", "w", to="c", group=3),
                                   node("BatchNormalization", "c", *NORM, to="y")],
                           {"w": array(6, 1, 3, 3), **norm(6)}, ["Conv"]),
    "normalized Gemm": (ROW, [node("Gemm", "x", "w", "b", to="c", transB=1),
                              node("BatchNormalization", "c", *NORM, to="y")],
                        {"w": array(4, 7), "b": array(4), **norm(4)}, ["Gemm"]),
    "factors of Gemm": (ROW, [node("Gemm", "x", "w", "b", to="y", alpha=0.5, beta=-2.0)],
                        {"w": array(7, 4), "b": array(1, 4)}, ["Gemm"]),
    "scalar bias": (ROW, [node("Gemm", "x", "w", "b", to="y")],
                    {"w": array(7, 4), "b": array()}, ["Gemm"]),
    "MatMul and Add": (ROW, [node("MatMul", "x", "w", to="c"), node("Add", "b", "c", to="y")],
                       GEMM, ["Gemm"]),
    "Conv and Add": (IMAGE, [CONV, node("Add", "c", "a", to="y")],
                     {**CONV_CONSTANTS, "a": array(4, 1, 1)}, ["Conv"]),
    "Add, then normalized": (IMAGE, [CONV, node("Add", "c", "a", to="d"),
                                     node("BatchNormalization", "d", *NORM, to="y")],
                             {**CONV_CONSTANTS, "a": array(1, 4, 1, 1), **norm(4)}, ["Conv"]),
    "Identity and Dropout": (IMAGE, [node("Identity", "x", to="i"), node("Dropout", "i", to="d"),
                                     node("Relu", "d", to="y")], {}, ["Relu"]),
    "mean": (IMAGE, [node("ReduceMean", "x", to="y", axes=[-1, 2])], {}, ["GlobalAveragePool"]),
    "mean, flat": (IMAGE, [node("ReduceMean", "x", to="y", axes=[2, 3], keepdims=0)], {},
                   ["GlobalAveragePool", "Flatten"]),
    "one weight twice": (IMAGE, [node("Conv", "x", "w", "b", to="c"),
                                 node("BatchNormalization", "c", *NORM, to="d"),
                                 node("Conv", "x", "w", "b", to="e"),
                                 node("Add", "d", "e", to="y")],
                         {**CONV_CONSTANTS, **norm(4)}, ["Conv", "Conv", "Add"]),
    # what must stay as it is
    "read twice": (IMAGE, [CONV, node("BatchNormalization", "c", *NORM, to="d"),
                           node("Add", "c", "d", to="y")], {**CONV_CONSTANTS, **norm(4)},
                   ["Conv", "BatchNormalization", "Add"]),
    "no bias of channels": (IMAGE, [CONV, node("Add", "c", "a", to="y")],
                            {**CONV_CONSTANTS, "a": array(6, 5)}, ["Conv", "Add"]),
    "a wider sum": (["n", 3, 1, 1], [node("Conv", "x", "w", "b", to="c"),
                                     node("Add", "c", "a", to="y")],
                    {"w": array(1, 3, 1, 1), "b": array(1), "a": array(4, 1, 1)}, ["Conv", "Add"]),
    "mean over channels": (IMAGE, [node("ReduceMean", "x", to="y", axes=[1])], {}, ["ReduceMean"]),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_folded_graph_computes_the_same(case, tmp_path):
    shape, nodes, constants, operators = CASES[case]
    path = tmp_path / "m.onnx"
    onnx.save(model_of(nodes, constants, shape, "y"), path)
    graph = fold(read_float_graph(path))
    assert [n.operator for n in graph.nodes] == operators
    x = array(2, *shape[1:])
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (found,) = run_model(float_model(graph, ["y"]), x, 2)
    np.testing.assert_allclose(found["y"], session.run(None, {"x": x})[0], rtol=1e-4, atol=1e-5)


def test_a_fold_is_computed_in_float64_and_rounded_once(tmp_path):
    shape, nodes, constants, _ = CASES["normalization"]
    onnx.save(model_of(nodes, constants, shape, "y"), tmp_path / "m.onnx")
    graph = fold(read_float_graph(tmp_path / "m.onnx"))
    w, b, scale, shift, mean, variance = (
        constants[name].astype(np.float64) for name in ("w", "b", *NORM)
    )
    factor = scale / np.sqrt(variance + np.float64(np.float32(1e-5)))
    (conv,) = graph.nodes
    weights = (w * factor[:, None, None, None]).astype(np.float32)
    np.testing.assert_array_equal(graph.constants[conv.inputs[1]], weights)
    bias = ((b - mean) * factor + shift).astype(np.float32)
    np.testing.assert_array_equal(graph.constants[conv.inputs[2]], bias)
