"""Quantized models compute what ONNX Runtime makes of them, every tensor, bit for bit."""

from itertools import product

import numpy as np
import onnx
import onnxruntime
import pytest
from float_export import model_of
from onnx import helper, numpy_helper

from flow.calibration import ActivationSettings
from flow.errors import UserError
from flow.onnx_float_check import check_supported
from flow.onnx_float_reader import read_float_graph
from flow.onnx_folding import fold
from flow.onnx_quantizer import QuantizedModel
from flow.onnx_reader import read_onnx
from flow.quantization_job import QuantizationSettings, quantize_float_graph
from flow.quantization_report import measure
from flow.weight_quantization import WeightSettings
from golden.formats import INT4, INT8, UINT8
from golden.kernels.kernel_set import evaluate
from golden.kernels.onnxruntime import ONNXRUNTIME
from golden.ranges import RangeRule

RNG = np.random.default_rng(5)
IMAGE = ["n", 4, 8, 7]


def array(*shape):
    return (RNG.standard_normal(shape) / np.sqrt(np.prod(shape[1:]))).astype(np.float32)


def node(operator, *inputs, to, **attributes):
    return helper.make_node(operator, inputs, [to], to, **attributes)


CONSTANTS = {
    "w": array(6, 4, 3, 3), "b": array(6), "dw": array(6, 1, 3, 3), "pw": array(8, 6, 1, 1),
    "gw": array(6, 3, 1, 1), "fc": array(8, 5), "fb": array(5), "zero": np.float32(0),
    "six": np.float32(0.6), "flat": np.array([0, -1], np.int64), "low": np.float32(-0.2),
    "pads": np.array([0, 0, 1, 0, 0, 0, 2, 1], np.int64),
}  # fmt: skip
SAME = {"pads": [1, 1, 1, 1]}
CONV = node("Conv", "x", "w", "b", to="c", **SAME)
GRAPHS = {
    "conv, relu": [CONV, node("Relu", "c", to="y")],
    "stride, no bias": [node("Conv", "x", "w", to="y", strides=[2, 2])],
    "clip as relu6": [CONV, node("Clip", "c", "zero", "six", to="y")],
    "clip below zero": [CONV, node("Clip", "c", "low", to="y")],
    "relu behind pool": [CONV, node("MaxPool", "c", to="p", kernel_shape=[2, 2], strides=[2, 2]),
                         node("Relu", "p", to="y")],
    "relu read twice": [CONV, node("Relu", "c", to="r"), node("Add", "c", "r", to="y")],
    "relu twice": [CONV, node("Relu", "c", to="r"), node("Relu", "r", to="t"),
                   node("Add", "r", "t", to="y")],
    "relu of the input": [node("Relu", "x", to="y")],
    "residual": [CONV, node("Relu", "c", to="r"), node("Conv", "r", "dw", to="d", group=6, **SAME),
                 node("Add", "r", "d", to="s"), node("Relu", "s", to="y")],
    "groups": [CONV, node("Conv", "c", "gw", "b", to="y", group=2)],
    "padded": [node("Pad", "x", "pads", to="p"), node("Conv", "p", "w", "b", to="y")],
    "concatenated": [CONV, node("Relu", "c", to="r"), node("Concat", "r", "x", to="j", axis=1),
                     node("AveragePool", "j", to="y", kernel_shape=[2, 2])],
    "classifier": [CONV, node("Relu", "c", to="r"), node("Conv", "r", "pw", to="q"),
                   node("GlobalAveragePool", "q", to="g"), node("Flatten", "g", to="f"),
                   node("Gemm", "f", "fc", "fb", to="l"), node("Softmax", "l", to="y")],
    "mean and reshape": [node("Conv", "x", "w", to="c"), node("Conv", "c", "pw", to="q"),
                         node("ReduceMean", "q", to="m", axes=[2, 3]),
                         node("Reshape", "m", "flat", to="f"), node("MatMul", "f", "fc", to="l"),
                         node("Add", "l", "fb", to="y")],
}  # fmt: skip
ACTIVATIONS = [
    ActivationSettings(format=fmt, symmetric=symmetric, power_of_two=power)
    for fmt, symmetric, power in product((INT8, UINT8), (False, True), (False, True))
]
EVERYDAY = (0, 3)
LONG = pytest.mark.long


def marked(settings):
    return [s if i in EVERYDAY else pytest.param(s, marks=LONG) for i, s in enumerate(settings)]


def graph_of(tmp_path, nodes, shape=IMAGE):
    used = {name for node in nodes for name in node.input}
    constants = {name: value for name, value in CONSTANTS.items() if name in used}
    onnx.save(model_of(nodes, constants, shape, "y"), tmp_path / "m.onnx")
    graph = fold(read_float_graph(tmp_path / "m.onnx"))
    check_supported(graph)
    return graph


def quantized(tmp_path, name, activations=ACTIVATIONS[0], **weights):
    graph = graph_of(tmp_path, GRAPHS[name])
    x = RNG.standard_normal((8, *IMAGE[1:])).astype(np.float32)
    weights = WeightSettings(power_of_two=activations.power_of_two, **weights)
    settings = QuantizationSettings(activations, weights)
    return graph, x, quantize_float_graph(graph, x, settings, batch=3)


def runtime_codes(model, x, folder):
    """Every tensor of codes by ONNX Runtime, and the operators it ran."""
    names = [name for n in model.graph.node if n.op_type == "QuantizeLinear" for name in n.output]
    shown = onnx.ModelProto()
    shown.CopyFrom(model)
    shown.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in names)
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.qdqisint8allowed", "1")
    options.optimized_model_filepath = str(folder / "optimized.onnx")
    options.log_severity_level = 3  # it warns that the written graph suits this machine only
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        shown.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    found = dict(zip(names, session.run(names, {"x": x}), strict=True))
    ran = onnx.load(options.optimized_model_filepath).graph.node
    return found, [n.op_type for n in ran]


@pytest.mark.parametrize("activations", marked(ACTIVATIONS), ids=str)
@pytest.mark.parametrize("name", GRAPHS)
def test_golden_and_onnx_runtime_agree_on_every_tensor(name, activations, tmp_path):
    _, x, made = quantized(tmp_path, name, activations)
    expected, ran = runtime_codes(made.model, x, tmp_path)
    assert not {"Conv", "FusedConv", "Gemm", "FusedGemm", "MatMul"} & set(ran), "not integers"
    found = evaluate(read_onnx(made.bytes), {"x": x}, ONNXRUNTIME)
    for tensor in made.tensors:
        codes = QuantizedModel.codes_of(tensor)
        np.testing.assert_array_equal(found[codes], expected[codes], err_msg=tensor)


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize(
    ("settings", "least"),
    [({}, 30), ({"format": INT4}, 10), pytest.param({"per_channel": False}, 28, marks=LONG)],
    ids=str,
)
def test_the_integers_are_near_the_real_numbers(name, settings, least, tmp_path):
    graph, x, made = quantized(tmp_path, name, **settings)
    for layer in measure(graph, made, x, 3).layers:
        assert layer.network_sqnr_db > least, layer.name


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("conv, relu", ["Conv"]),
        ("clip as relu6", ["Conv"]),
        ("relu behind pool", ["Conv", "MaxPool"]),
        ("residual", ["Conv", "Conv", "Add"]),
        ("relu read twice", ["Conv", "Relu", "Add"]),
        ("relu twice", ["Conv", "Relu", "Add"]),
        ("relu of the input", ["Relu"]),
    ],
)
def test_saturation_replaces_what_it_can(name, left, tmp_path):
    _, _, made = quantized(tmp_path, name)
    assert [n.operator for n in made.nodes] == left
    kept = [n.op_type for n in made.model.graph.node if not n.op_type.endswith("quantizeLinear")]
    assert [op for op in kept if op != "QuantizeLinear"] == left


@pytest.mark.parametrize(
    ("name", "stays", "settings"),
    [
        ("conv, relu", "Relu", {"symmetric": True}),
        ("clip as relu6", "Clip", {"symmetric": True}),
        ("clip as relu6", "Clip", {"power_of_two": True}),  # the highest code is above the bound
    ],
)
def test_a_bound_that_is_no_saturation_stays(name, stays, settings, tmp_path):
    graph, x, made = quantized(tmp_path, name, ActivationSettings(**settings))
    assert [n.operator for n in made.nodes] == ["Conv", stays]
    assert made.tensors["c"] == made.tensors["y"]
    assert measure(graph, made, x, 8).layers[-1].network_sqnr_db > 30


def test_tensors_of_the_same_codes_have_one_quantization(tmp_path):
    _, _, made = quantized(tmp_path, "concatenated")
    assert made.tensors["r"] == made.tensors["x"] == made.tensors["j"] != made.tensors["y"]
    _, _, made = quantized(tmp_path, "padded")
    assert made.tensors["x"] == made.tensors["p"] != made.tensors["y"]


def test_weights_biases_and_scales_are_as_runtimes_want_them(tmp_path):
    _, _, made = quantized(tmp_path, "classifier")
    held = {t.name: numpy_helper.to_array(t) for t in made.model.graph.initializer}
    scale = held["x_scale"] * held["r_weights_scale"]
    np.testing.assert_array_equal(held["r_bias_scale"], scale)
    kinds = {name: held[name].dtype for name in held if name.endswith("_quantized")}
    assert kinds == {
        "r_weights_quantized": np.int8, "r_bias_quantized": np.int32,
        "q_weights_quantized": np.int8,
        "l_weights_quantized": np.int8, "l_bias_quantized": np.int32,
    }  # fmt: skip
    assert not any(held[name].any() for name in held if name.endswith("s_zero_point"))


@pytest.mark.parametrize("symmetric", [False, True])
def test_every_scale_is_a_power_of_two(symmetric, tmp_path):
    settings = ActivationSettings(power_of_two=True, symmetric=symmetric)
    _, _, made = quantized(tmp_path, "classifier", settings)
    scales = [
        numpy_helper.to_array(t) for t in made.model.graph.initializer if t.name.endswith("_scale")
    ]
    assert len(scales) == 7 + symmetric + 5
    assert (np.frexp(np.concatenate([np.atleast_1d(s) for s in scales]))[0] == 0.5).all()


@pytest.mark.parametrize("rule", RangeRule)
def test_the_same_input_gives_the_same_bytes(rule, tmp_path):
    graph = graph_of(tmp_path, GRAPHS["residual"])
    x = RNG.standard_normal((9, *IMAGE[1:])).astype(np.float32)
    settings = QuantizationSettings(ActivationSettings(rule=rule))
    first, again = (quantize_float_graph(graph, x, settings, batch=3).bytes for _ in range(2))
    assert first == again
    shuffled = np.ascontiguousarray(x[[6, 7, 8, 0, 1, 2, 3, 4, 5]])
    other = quantize_float_graph(graph, shuffled, settings, batch=3).bytes
    assert (other == first) == (rule is not RangeRule.MOVING_AVERAGE)


def test_a_name_that_is_taken_is_told(tmp_path):
    pads = np.array([0, 0, 1, 1, 0, 0, 1, 1], np.int64)
    nodes = [node("Pad", "x", "x_scale", to="y")]
    onnx.save(model_of(nodes, {"x_scale": pads}, IMAGE, "y"), tmp_path / "m.onnx")
    graph = read_float_graph(tmp_path / "m.onnx")
    with pytest.raises(UserError, match="has a constant x_scale, which is wanted here; rename it"):
        quantize_float_graph(graph, np.zeros((1, 4, 8, 7), np.float32), QuantizationSettings())
