"""Compares what an .onnx file becomes with what ONNX Runtime computes of it."""

import numpy as np
import onnx
from onnxruntime_runner import draw, run

from flow.onnx_reader import read_onnx
from golden.kernels.kernel_set import evaluate
from golden.kernels.onnxruntime import ONNXRUNTIME


def operators(model):
    return [type(node.operator) for node in model.nodes]


def check_against_runtime(data, images=2):
    """Compare every tensor of integers that the file names; returns the model."""
    model = read_onnx(data)
    random = np.random.default_rng(1)
    inputs = {}
    for name in model.inputs:
        tensor = model.tensors[name]
        if tensor.dtype == np.float32:
            inputs[name] = random.standard_normal(tensor.shape).astype(np.float32)
        else:
            inputs[name] = draw(random, tensor.shape, tensor.dtype)
    values = evaluate(model, inputs, ONNXRUNTIME)
    written = {name for node in onnx.load_from_string(data).graph.node for name in node.output}
    names = {name: model.tensors[name].dtype for name in model.activations if name in written}
    tensors = run(data, inputs, names).tensors
    assert names
    for name, tensor in tensors.items():
        assert tensor.shape == model.tensors[name].shape, name
        assert np.array_equal(tensor, values[name]), name
    return model
