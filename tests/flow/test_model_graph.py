"""Which nodes the accelerator takes, that it computes them as the kernel set does, and why not."""

import re

import numpy as np
import pytest
from deployed_networks import onnx_network, padded_network
from onnx_builder import Form
from tflite_samples import SAMPLES

from flow.errors import UserError
from flow.job import Level
from flow.model_graph import HardwareStep, partition_model
from flow.model_inputs import draw_model_inputs
from flow.model_layout import placed_input
from flow.model_run import Target, run_model
from flow.onnx_reader import read_onnx
from flow.reference import run_reference
from flow.tflite_reader import read_tflite
from golden.kernels.kernel_set import evaluate
from golden.kernels.registry import KernelSets
from golden.model import Layout, QuantizationParameters, Tensor
from golden.operators import Pad
from hw.config import EngineConfig

ENGINE = EngineConfig(rows=3, cols=4, depth=32)
LITERT, ONNXRUNTIME = KernelSets.LITERT.kernels, KernelSets.ONNXRUNTIME.kernels

REFUSED = {
    "conv uint8": "weights less their zero points reach from -131 to 120",
    "fully connected rows": "changes the number of images",
    "fully connected uint8": "weights less their zero points reach",
    "fully connected asymmetric": "weights less their zero points reach",
    "add broadcast": "operands have different shapes",
    "add constant": "adds a constant",
    "average pool": "averages over padding",
    "mean": "rounds some of its 5101 sums otherwise",
    "mean kept": "rounds some of its 5101 sums otherwise",
    "mean of channels": "not a mean over height and width",
    "relu": "rounds some of its 256 sums otherwise",
    "relu6": "rounds some of its 256 sums otherwise",
    "relu uint8": "rounds some of its 256 sums otherwise",
    "relu -1 to 1": "rounds some of its 256 sums otherwise",
    "pad": "not read by convolutions alone",
    "pad with a value": "not read by convolutions alone",
    "reshape": "only rearranges what is on the host",
    "squeeze": "only rearranges what is on the host",
    "expand dims": "only rearranges what is on the host",
    "transpose": "only rearranges what is on the host",
    "concatenation": "has no concatenation",
    "softmax": "has no softmax",
    "softmax uint8": "has no softmax",
}
"""Models of one node that the accelerator cannot compute, and why not."""


def parts(model, kernels, images=2):
    """Partition a model, and check that the networks' tensors are what the kernel set computes."""
    inputs = draw_model_inputs(model, 3, images)
    divided = partition_model(model, kernels, ENGINE, batch=len(inputs[model.inputs[0]]))
    expected = evaluate(model, inputs, kernels)
    for step in divided.hardware:
        read = {place.name: place.to_graph(expected[n]) for n, place in step.inputs.items()}
        written = run_reference(step.graph, read)
        for name, place in step.tensors.items():
            assert step.graph.types[place.name] == place.type(len(written[place.name])), name
            values = place.to_model(written[place.name], model.tensors[name])
            assert values.dtype == expected[name].dtype
            np.testing.assert_array_equal(values, expected[name], err_msg=name)
    return divided


def kinds(divided):
    """For each part what it computes: the operators of a network, or one in brackets."""
    return [
        [type(node.operator).__name__ for node in step.nodes]
        if isinstance(step, HardwareStep)
        else (type(step.node.operator).__name__,)
        for step in divided.steps
    ]


@pytest.mark.parametrize("name", [name for name in SAMPLES if name not in REFUSED])
def test_an_operator_is_computed_as_the_kernel_set_does(name):
    assert parts(read_tflite(SAMPLES[name]), LITERT).hardware


@pytest.mark.parametrize("name", REFUSED)
def test_an_operator_is_refused_with_the_reason(name):
    with pytest.raises(UserError, match=REFUSED[name]):
        partition_model(read_tflite(SAMPLES[name]), LITERT, ENGINE, batch=6)


@pytest.mark.parametrize("form", list(Form))
@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
def test_a_network_with_channels_first_turns_to_the_host_and_back(form, dtype):
    divided = parts(read_onnx(onnx_network(form, dtype)), ONNXRUNTIME)
    assert kinds(divided) == [
        ["Convolution"] * 2
        + ["DepthwiseConvolution", "Add", "MaxPool", "Reshape", "FullyConnected"],
        ("AveragePool",),
        ("Softmax",),
        ["GlobalAveragePool", "Reshape", "FullyConnected"],
    ]
    reasons = [step.reason for step in divided.host]
    assert reasons == [
        "its result in kernel set onnxruntime may depend on more than the sum",
        "the accelerator has no softmax",
    ]
    wanted = {name for step in divided.hardware for name in step.graph.outputs}
    assert {divided.host[0].node.inputs[0], divided.host[1].node.inputs[0]} <= wanted


def test_padding_becomes_a_part_of_the_convolution():
    model = read_tflite(padded_network())
    divided = parts(model, LITERT)
    assert divided.folded == {"padded": ("convolved",)}
    assert kinds(divided) == [["Convolution", "AveragePool", "Reshape", "FullyConnected"]]


@pytest.mark.parametrize(
    ("pads", "value"),
    [
        (((0, 0), (1, 0), (0, 2), (0, 0)), 0.5),
        (((0, 0), (3, 0), (0, 0), (0, 0)), 0.0),
    ],
    ids=["of another value", "as high as the kernel"],
)
def test_other_padding_stays_on_the_host(pads, value):
    model = read_tflite(padded_network(pads))
    node = model.nodes[0]
    assert isinstance(node.operator, Pad)
    changed = type(node)(node.name, Pad(node.operator.pads, value), node.inputs, node.outputs)
    model = type(model)(
        model.tensors, [changed, *model.nodes[1:]], model.inputs, model.outputs, model.layout
    )
    divided = parts(model, LITERT)
    assert divided.folded == {}
    assert kinds(divided)[0] == ("Pad",)


@pytest.mark.parametrize("kernels", [KernelSets.LITERT_REFERENCE, KernelSets.LITERT_NO_DELEGATE])
def test_a_kernel_set_with_another_arithmetic_is_refused(kernels):
    sentence = (
        f"Convolution .kernel set {kernels.value} does not scale its sums in float32 as the "
        "accelerator does; --kernels litert and onnxruntime do. at convolved; FullyConnected"
    )
    with pytest.raises(UserError, match=sentence):
        partition_model(read_tflite(padded_network()), kernels.kernels, ENGINE, batch=1)


def test_what_the_engine_cannot_do_stays_on_the_host():
    narrow = EngineConfig(rows=2, cols=2, accumulator_bits=18)
    divided = partition_model(read_tflite(padded_network()), LITERT, narrow, batch=1)
    reasons = [(step.node.name, step.reason) for step in divided.host]
    assert reasons[0][0] == "convolved"
    assert re.search("needs accumulators of .* bits, and there are 18", reasons[0][1])


@pytest.mark.parametrize("layout", list(Layout))
@pytest.mark.parametrize("dtype", [np.int8, np.uint8])
@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (1, 1, 1, 3), (2, 6), (1, 4, 3), (3,)])
def test_a_tensor_goes_to_the_accelerator_and_back(layout, dtype, shape):
    zero_point = 3 if dtype == np.int8 else 131
    scale = QuantizationParameters(np.array([0.1]), np.array([zero_point]))
    tensor = Tensor("x", shape, np.dtype(dtype), scale)
    values = np.random.default_rng(0).integers(-128, 128, shape)
    values = (values + (128 if dtype == np.uint8 else 0)).astype(dtype)
    place = placed_input(tensor, layout)
    codes = place.to_graph(values)
    assert codes.shape == place.type(shape[0]).shape
    assert place.zero_point == 3
    if len(shape) == 4:
        image = values if layout is Layout.CHANNELS_LAST else np.moveaxis(values, 1, -1)
        np.testing.assert_array_equal(codes.astype(int) - 3, image.astype(int) - zero_point)
    back = place.to_model(codes, tensor)
    assert back.dtype == dtype
    np.testing.assert_array_equal(back, values)


def test_a_run_has_every_tensor():
    model = read_onnx(onnx_network(Form.QOPERATOR, np.int8))
    run = run_model(
        model,
        draw_model_inputs(model, 1, 2),
        ONNXRUNTIME,
        Target(EngineConfig(rows=4, cols=4, statistics=True), Level.GOLDEN),
    )
    assert run.equal
    on_host = [tensor.node for tensor in run.tensors if tensor.host]
    assert [step.node for step in run.partition.host] == on_host
    assert set(run.values) >= set(model.activations)
