"""Quantized ONNX models as exporters write them: ONNX Runtime's quantizer, and Brevitas by hand."""

import logging
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

OPSET = 17


@cache
def float_network(activations=True, seed=3):
    """Convolutions with a residual, depthwise, pools, Gemm and MatMul; bytes of a float model."""
    rng = np.random.default_rng(seed)
    nodes, constants = [], []

    def weights(name, *shape):
        array = (rng.standard_normal(shape) * 0.5).astype(np.float32)
        constants.append(numpy_helper.from_array(array, name))
        return name

    def node(operator, inputs, output, **attributes):
        nodes.append(helper.make_node(operator, inputs, [output], name=f"n_{output}", **attributes))
        return output

    def relu(x):
        return node("Relu", [x], f"{x}_relu") if activations else x

    def conv(x, name, outputs, depth, kernel, **attributes):
        inputs = [x, weights(f"{name}_w", outputs, depth, kernel, kernel)]
        inputs.append(weights(f"{name}_b", outputs))
        return node("Conv", inputs, name, **attributes)

    a = relu(conv("x", "conv1", 6, 3, 3, pads=[1, 1, 1, 1]))
    b = relu(conv(a, "conv2", 6, 1, 3, group=6, pads=[1, 1, 1, 1]))
    b = conv(b, "conv3", 6, 6, 1)
    c = relu(node("Add", [a, b], "sum"))
    c = node("MaxPool", [c], "pooled", kernel_shape=[2, 2], strides=[2, 2])
    d = node("AveragePool", [c], "averaged", kernel_shape=[3, 3], pads=[1, 1, 1, 1])
    e = node("Concat", [c, d], "both", axis=1)
    e = relu(conv(e, "conv4", 8, 6, 3, group=2, strides=[2, 2], auto_pad="SAME_UPPER"))
    f = node("GlobalAveragePool", [e], "mean")
    f = node("Flatten", [f], "flat")
    f = relu(node("Gemm", [f, weights("gemm_w", 12, 8), weights("gemm_b", 12)], "gemm", transB=1))
    g = node("MatMul", [f, weights("matmul_w", 12, 5)], "matmul")
    node("Softmax", [g], "y")
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 3, 8, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 5])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()


class Images(CalibrationDataReader):
    """Random images for calibration."""

    def __init__(self, count=4):
        rng = np.random.default_rng(7)
        self._left = [rng.standard_normal((1, 3, 8, 8)).astype(np.float32) for _ in range(count)]

    def get_next(self):
        return {"x": self._left.pop()} if self._left else None


@cache
def quantized_by_onnxruntime(
    form, activation, weight, per_channel, activations=True, symmetric=False
):
    """`quantize_static` of the float network; types are named as the quantizer names them."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "float.onnx", Path(folder) / "quantized.onnx"
        source.write_bytes(float_network(activations))
        logging.disable(logging.WARNING)  # advice to prepare the model first
        try:
            quantize_static(
                source,
                target,
                Images(),
                quant_format=QuantFormat[form],
                activation_type=QuantType[activation],
                weight_type=QuantType[weight],
                per_channel=per_channel,
                extra_options={"ActivationSymmetric": symmetric},
            )
        finally:
            logging.disable(logging.NOTSET)
        return target.read_bytes()


@cache
def brevitas_form(seed=5):
    """Quantize, Clip, Dequantize: weights of 4 bits from real numbers, scales of powers of two."""
    from onnx_builder import Form, Numbers, OnnxBuilder

    rng = np.random.default_rng(seed)
    b = OnnxBuilder(Form.QDQ)

    def clipped(real, numbers, low, high):
        x = b.quantize(real, numbers)
        bounds = [b.constant(numbers.dtype(bound), "bound") for bound in (low, high)]
        name = b.node("Clip", [x.name, *bounds])
        return b.node("DequantizeLinear", [name, *b.scale_and_zero_point(numbers)], "real")

    def weights(*shape):
        real = b.constant(rng.standard_normal(shape).astype(np.float32), "weights")
        return clipped(real, Numbers(2.0**-2, 0), -7, 7)

    def bias(count, scale):
        integers = rng.integers(-99, 99, count).astype(np.int32)
        inputs = [integers, np.float32(scale), np.int32(0)]
        return b.node("DequantizeLinear", [b.constant(part) for part in inputs], "real")

    x = clipped(b.real_input("x", (2, 3, 6, 6)), Numbers(2.0**-6, 0, np.uint8), 0, 127)
    x = b.node("Relu", [b.node("Conv", [x, weights(4, 3, 3, 3), bias(4, 2.0**-8)])])
    x = clipped(x, Numbers(2.0**-4, 0, np.uint8), 0, 15)
    x = b.node("MaxPool", [x], kernel_shape=[2, 2], strides=[2, 2])
    x = b.node("Reshape", [x, b.constant(np.array([0, -1]))])
    x = b.node("Gemm", [x, weights(5, 16), bias(5, 2.0**-6)], transB=1)
    return b.model(clipped(x, Numbers(2.0**-3, 0, np.uint8), 0, 255))
