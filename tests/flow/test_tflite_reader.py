import os
from pathlib import Path

import numpy as np
import pytest
from tflite import BuiltinOperator as Op
from tflite_builder import TFLiteModel
from tflite_samples import CONVOLUTION_WITHOUT_BIAS, SAMPLES

from flow.model_file import load_model
from flow.tflite_operators import READERS
from flow.tflite_reader import read_tflite
from flow.tflite_tables import read_tables
from golden.kernel_window import KernelWindow
from golden.kernels.kernel_set import evaluate
from golden.kernels.litert_reference import LITERT_REFERENCE
from golden.model import Layout
from golden.operators import (
    Activation,
    Clamp,
    Concatenation,
    Convolution,
    DepthwiseConvolution,
    FullyConnected,
    MaxPool,
    Mean,
    Pad,
    Reshape,
    Softmax,
    Transpose,
)

MODELS = {"ad01_int8": (10, 31), "kws_ref_model": (13, 34), "pretrainedResnet_large_int8": (16, 37)}
"""Nodes and tensors of the shared models: those of the file less the shape of its reshape."""


def shared_model(name):
    folder = os.environ.get("LASTBIT_MODELS")
    if not folder:
        pytest.skip("LASTBIT_MODELS must name the folder of the models")
    return Path(folder) / f"{name}.tflite"


def interpreter_of(data):
    litert = pytest.importorskip("ai_edge_litert.interpreter", reason="pip install ai-edge-litert")
    interpreter = litert.Interpreter(
        model_content=data,
        experimental_op_resolver_type=litert.OpResolverType.BUILTIN_REF,
        experimental_preserve_all_tensors=True,
    )
    interpreter.allocate_tensors()
    return interpreter


def details_by_name(interpreter):
    """What the runtime says of each tensor, under the names that the reader makes."""
    details, taken = {}, set()
    for tensor in interpreter.get_tensor_details():
        name = tensor["name"] or f"tensor {tensor['index']}"
        while name in taken:
            name += f"#{tensor['index']}"
        taken.add(name)
        details[name] = tensor
    return details


def check_facts(model, interpreter):
    """Activations and constants are what the runtime says they are."""
    details = details_by_name(interpreter)
    for name, tensor in model.tensors.items():
        found = details[name]
        quantization = found["quantization_parameters"]
        assert tensor.dtype == found["dtype"], name
        if tensor.data is None:
            assert tensor.shape == tuple(found["shape"]), name
        else:
            assert tensor.size == np.prod(found["shape"]), name
            assert tensor.data.sum() == interpreter.get_tensor(found["index"]).sum(), name
        if tensor.quantization is None:
            assert not len(quantization["scales"]), name
        else:
            assert np.array_equal(tensor.quantization.scales, quantization["scales"]), name
            assert np.array_equal(tensor.quantization.zero_points, quantization["zero_points"])
    for names, found in (
        (model.inputs, interpreter.get_input_details()),
        (model.outputs, interpreter.get_output_details()),
    ):
        assert [details[name]["index"] for name in names] == [one["index"] for one in found]


def random_inputs(model):
    random = np.random.default_rng(1)
    inputs = {}
    for name in model.inputs:
        tensor = model.tensors[name]
        if tensor.dtype == np.float32:
            inputs[name] = random.normal(0, 4, tensor.shape).astype(np.float32)
        else:
            bounds = np.iinfo(tensor.dtype)
            inputs[name] = random.integers(
                bounds.min, bounds.max, tensor.shape, tensor.dtype, endpoint=True
            )
    return inputs


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_what_the_runtime_reads_and_computes(name):
    model = read_tflite(SAMPLES[name])
    interpreter = interpreter_of(SAMPLES[name])
    check_facts(model, interpreter)
    details = details_by_name(interpreter)
    inputs = random_inputs(model)
    for key, value in inputs.items():
        interpreter.set_tensor(details[key]["index"], value)
    interpreter.invoke()
    values = evaluate(model, inputs, LITERT_REFERENCE)
    for key in model.activations:
        expected = interpreter.get_tensor(details[key]["index"])
        assert np.array_equal(values[key], expected), key


@pytest.mark.parametrize("name", MODELS)
def test_a_shared_model_is_what_the_runtime_says_of_it(name):
    path = shared_model(name)
    model = load_model(path)
    assert (len(model.nodes), len(model.tensors)) == MODELS[name]
    check_facts(model, interpreter_of(path.read_bytes()))


CONV = KernelWindow((3, 3), padding=((1, 1), (1, 1)))


@pytest.mark.parametrize(
    ("name", "operator", "shapes"),
    [
        ("conv", Convolution(CONV, 1, Activation.RELU), [(3, 3, 4, 5), (5,)]),
        ("conv strided", Convolution(KernelWindow((3, 2), (2, 2), padding=((1, 1), (0, 0)))), None),
        ("conv dilated", Convolution(KernelWindow((3, 2), (1, 1), (2, 3))), None),
        ("conv grouped", Convolution(CONV, 2, Activation.RELU6), [(3, 3, 2, 6), (6,)]),
        ("depthwise", DepthwiseConvolution(CONV, Activation.RELU), [(3, 3, 4, 1), (4,)]),
        ("depthwise uint8", DepthwiseConvolution(CONV), [(3, 3, 4, 2), (8,)]),
        ("fully connected", FullyConnected(), [(8, 5), (5,)]),
        (
            "max pool",
            MaxPool(KernelWindow((2, 3), (2, 1)), activation=Activation.RELU),
            [],
        ),
        ("mean", Mean((1, 2), False), []),
        ("mean kept", Mean((1, 2), True), []),
        ("relu6", Clamp(0.0, 6.0), []),
        ("pad", Pad(((0, 0), (1, 1), (0, 1), (0, 0))), []),
        (
            "pad with a value",
            Pad(((0, 0), (1, 2), (0, 0), (0, 1)), 107 * float(np.float32(0.05))),
            [],
        ),
        ("squeeze", Reshape(), []),
        ("transpose", Transpose((0, 3, 1, 2)), []),
        ("concatenation", Concatenation(2), []),
        ("softmax", Softmax(1, 1.5), []),
    ],
)
def test_an_operator_and_the_shapes_of_its_constants(name, operator, shapes):
    model = read_tflite(SAMPLES[name])
    (node,) = model.nodes
    assert node.operator == operator
    constants = [model.tensors[key] for key in node.inputs if key]
    if shapes is not None:
        assert [tensor.shape for tensor in constants if tensor.data is not None] == shapes
    assert model.layout is Layout.CHANNELS_LAST


def test_every_operator_is_in_the_docs_and_in_a_sample():
    page = (Path(__file__).parents[2] / "docs" / "models.md").read_text()
    assert [name for name in READERS if f"`{name}`" not in page] == []
    sampled = {
        operator.operator for data in SAMPLES.values() for operator in read_tables(data).operators
    }
    assert sampled == set(READERS)


def test_a_convolution_may_have_no_bias():
    (node,) = read_tflite(CONVOLUTION_WITHOUT_BIAS).nodes
    assert node.operator == Convolution(KernelWindow((1, 1)))
    assert node.inputs == ("x", "w", "")


@pytest.mark.parametrize(
    ("name", "axis"), [("conv", 3), ("depthwise", 2), ("fully connected", None)]
)
def test_scales_lie_along_the_channels(name, axis):
    model = read_tflite(SAMPLES[name])
    assert model.tensors["w"].quantization.axis == axis


def test_names_are_made_unique():
    model = read_tflite(SAMPLES["real ends"])
    assert [node.name for node in model.nodes] == ["t#1", "t#2", "tensor 3", "t#4"]
    assert model.inputs == ("t",)


def test_a_constant_of_two_layouts_has_two_names():
    model = TFLiteModel()
    x = model.tensor("x", (4, 4), np.int8, 0.5, 0)
    w = model.tensor("w", (4, 4), np.int8, 0.5, 0, data=np.arange(16).reshape(4, 4))
    y = model.tensor("y", (4, 4), np.int8, 0.5, 0)
    z = model.tensor("z", (4, 4), np.int8, 0.5, 0)
    model.operator(Op.FULLY_CONNECTED, [x, w], [y])
    model.operator(Op.ADD, [y, w], [z])
    read = read_tflite(model.bytes([x], [z]))
    assert [node.inputs[1] for node in read.nodes] == ["w", "w as stored"]
    assert np.array_equal(read.tensors["w"].data, read.tensors["w as stored"].data.T)
