"""Models as exporters write them: every tensor equal to ONNX Runtime's."""

import numpy as np
import pytest
from onnx_check import check_against_runtime, operators
from onnx_exports import brevitas_form, quantized_by_onnxruntime

from golden.operators import (
    Add,
    Clamp,
    Concatenation,
    Convolution,
    DepthwiseConvolution,
    Dequantize,
    FullyConnected,
    MaxPool,
    Quantize,
    Reshape,
)


@pytest.mark.parametrize("symmetric", [False, True])
@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("activation", ["QInt8", "QUInt8"])
@pytest.mark.parametrize("form", ["QDQ", "QOperator"])
def test_what_onnx_runtime_quantizes_equals_it(form, activation, per_channel, symmetric):
    relu = form == "QDQ" or not symmetric
    data = quantized_by_onnxruntime(form, activation, "QInt8", per_channel, relu, symmetric)
    model = check_against_runtime(data)
    assert len(model.nodes) >= 15
    assert {Convolution, DepthwiseConvolution, Add, Concatenation} <= set(operators(model))


def test_what_brevitas_exports_equals_onnx_runtime():
    model = check_against_runtime(brevitas_form())
    assert operators(model) == [
        Quantize, Clamp, Convolution, Clamp, MaxPool, Reshape, FullyConnected, Clamp, Dequantize
    ]  # fmt: skip
    assert model.nodes[1].operator == Clamp(0.0, 127 / 64)
    weights = model.tensors[model.nodes[2].inputs[1]]
    assert weights.data.min() == -7
    assert weights.data.max() == 7
    assert model.tensors[model.nodes[-1].outputs[0]].dtype == np.float32
