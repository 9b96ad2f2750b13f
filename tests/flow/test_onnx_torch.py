"""Fake-quantized networks as PyTorch exports them: every tensor equal to ONNX Runtime's."""

import io
import warnings

import pytest
from onnx_check import check_against_runtime, operators

from golden.operators import (
    Add,
    Convolution,
    DepthwiseConvolution,
    Dequantize,
    FullyConnected,
    GlobalAveragePool,
    Mean,
    Quantize,
    Reshape,
)

torch = pytest.importorskip("torch", reason="PyTorch is not installed: pip install lastbit[torch]")
pytestmark = pytest.mark.long


def quantize(x, scale, zero_point, low=0, high=255):
    return torch.fake_quantize_per_tensor_affine(x, scale, zero_point, low, high)


def quantize_channels(weight, scale):
    scales = torch.linspace(scale, 2 * scale, len(weight))
    zeros = torch.zeros(len(weight), dtype=torch.int32)
    return torch.fake_quantize_per_channel_affine(weight, scales, zeros, 0, -128, 127)


class Network(torch.nn.Module):
    """A residual of convolutions, and a product behind its mean."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.first = torch.nn.Conv2d(3, 4, 3)
        self.second = torch.nn.Conv2d(4, 4, 3, groups=4)
        self.last = torch.nn.Linear(4, 5)

    def forward(self, x):
        conv = torch.nn.functional.conv2d
        x = quantize(x, 0.02, 10)
        weight = quantize_channels(self.first.weight, 0.004)
        a = quantize(torch.relu(conv(x, weight, self.first.bias, padding=1)), 0.02, 0)
        weight = quantize(self.second.weight, 0.005, 0, -128, 127)
        b = quantize(conv(a, weight, self.second.bias, padding=1, groups=4), 0.02, 100)
        mean = (a + b).relu()
        mean = torch.nn.functional.adaptive_avg_pool2d(quantize(mean, 0.02, 0), 1)
        flat = torch.flatten(quantize(mean, 0.01, 0), 1)
        weight = quantize(self.last.weight, 0.006, 0, -128, 127)
        flat = quantize(flat, 0.01, 0)
        return quantize(torch.nn.functional.linear(flat, weight, self.last.bias), 0.01, 128)


def exported(**options):
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporters warn of their own future
        image = torch.zeros(2, 3, 8, 8)
        torch.onnx.export(Network().eval(), (image,), file, input_names=["x"], **options)
    return file.getvalue()


@pytest.mark.parametrize("opset", [13, 17, 20])
def test_the_exporter_by_tracing(opset):
    model = check_against_runtime(exported(opset_version=opset, dynamo=False))
    assert operators(model)[:5] == [
        Quantize, Convolution, DepthwiseConvolution, Add, GlobalAveragePool
    ]  # fmt: skip
    assert operators(model)[-2:] == [FullyConnected, Dequantize]


def test_the_exporter_of_programs():
    pytest.importorskip("onnxscript", reason="onnxscript is not installed: pip install onnxscript")
    data = exported(opset_version=20, dynamo=True, external_data=False, verbose=False)
    model = check_against_runtime(data)
    assert operators(model) == [
        Quantize, Convolution, DepthwiseConvolution, Add, Mean, Reshape, FullyConnected, Dequantize
    ]  # fmt: skip
