"""Small quantized ONNX models, the same network in QOperator or in QDQ form.

    builder = OnnxBuilder(Form.QDQ)
    x = builder.input("x", (1, 3, 8, 8), Numbers(0.02, 3, np.int8))
    y = builder.conv(x, weights, np.full(4, 0.01), Numbers(0.05, -5, np.int8), bias=bias)
    data = builder.model(y)

Weights are integers in ONNX's layouts, biases int32 (or float32, in QDQ form). Tensors are named
after the operator and counted: conv1, add2; that is the name of the integers of an output.
"""

from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
from onnx import TensorProto, helper, numpy_helper

MICROSOFT = "com.microsoft"


class Form(Enum):
    QDQ = "QDQ"
    QOPERATOR = "QOperator"


@dataclass(frozen=True)
class Numbers:
    """How a tensor's integers stand for real numbers."""

    scale: float
    zero_point: int
    dtype: type = np.int8


@dataclass(frozen=True)
class Quantized:
    """A tensor of integers in a builder's model."""

    name: str
    numbers: Numbers


class OnnxBuilder:
    """Collects nodes; each method appends an operator and returns its output's integers."""

    def __init__(self, form, opset=17):
        self.form = form
        self.opset = opset
        self.nodes, self.initializers, self.inputs = [], [], []
        self._count = 0

    def name(self, prefix):
        self._count += 1
        return f"{prefix}{self._count}"

    def constant(self, array, prefix="c"):
        name = self.name(prefix)
        self.initializers.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def node(self, operator, inputs, prefix=None, domain="", name=None, **attributes):
        """Any node with one output; returns the output's name."""
        output = name or self.name(prefix or operator.lower())
        attributes = {key: value for key, value in attributes.items() if value is not None}
        self.nodes.append(
            helper.make_node(
                operator, inputs, [output], name=f"{output}_{operator}", domain=domain, **attributes
            )
        )
        return output

    def input(self, name, shape, numbers):
        """A graph input of integers."""
        kind = helper.np_dtype_to_tensor_dtype(np.dtype(numbers.dtype))
        self.inputs.append(helper.make_tensor_value_info(name, kind, shape))
        return Quantized(name, numbers)

    def real_input(self, name, shape):
        """A graph input of float32; returns its name."""
        self.inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
        return name

    def scale_and_zero_point(self, numbers):
        return [
            self.constant(np.float32(numbers.scale), "scale"),
            self.constant(numbers.dtype(numbers.zero_point), "zero"),
        ]

    def quantize(self, real, numbers, prefix="quantized", domain=""):
        """Real numbers, by name, to integers."""
        inputs = [real, *self.scale_and_zero_point(numbers)]
        return Quantized(self.node("QuantizeLinear", inputs, prefix, domain), numbers)

    def dequantize(self, x, domain=""):
        """Integers to real numbers; returns their name."""
        inputs = [x.name, *self.scale_and_zero_point(x.numbers)]
        return self.node("DequantizeLinear", inputs, "real", domain)

    def stored(self, array, numbers):
        """Constant integers that an activation's place may take."""
        return Quantized(self.constant(np.asarray(array, numbers.dtype), "stored"), numbers)

    # Operators with weights

    def conv(self, x, weights, scales, out, bias=None, zero_points=None, clip=None, **attributes):
        """Weights (outputs, channels / group, rows, columns); one scale, or one an output."""
        parts = self._weights(x, weights, scales, zero_points, bias, axis=0)
        if self.form is Form.QOPERATOR:
            inputs = [*self._triple(x), *parts[:3], *self.scale_and_zero_point(out), *parts[3:]]
            return Quantized(self.node("QLinearConv", inputs, "conv", **attributes), out)
        return self._finish(
            self.node("Conv", [self.dequantize(x), *parts], **attributes), out, clip
        )

    def gemm(self, x, weights, scales, out, bias=None, zero_points=None, clip=None, trans_b=1):
        """Weights (outputs, K), or (K, outputs) if not `trans_b`."""
        parts = self._weights(x, weights, scales, zero_points, bias, axis=0 if trans_b else 1)
        if self.form is Form.QOPERATOR:
            bias_input = parts[3:] or [""]
            inputs = [*self._triple(x), *parts[:3], *bias_input, *self.scale_and_zero_point(out)]
            name = self.node("QGemm", inputs, "gemm", MICROSOFT, transB=trans_b)
            return Quantized(name, out)
        name = self.node("Gemm", [self.dequantize(x), *parts], transB=trans_b)
        return self._finish(name, out, clip)

    def matmul(self, x, weights, scales, out, bias=None, zero_points=None, clip=None):
        """Weights (K, outputs); a bias is an Add behind, in QDQ form only."""
        parts = self._weights(x, weights, scales, zero_points, bias, axis=1)
        if self.form is Form.QOPERATOR:
            inputs = [*self._triple(x), *parts[:3], *self.scale_and_zero_point(out)]
            return Quantized(self.node("QLinearMatMul", inputs, "matmul"), out)
        real = self.node("MatMul", [self.dequantize(x), parts[0]])
        if bias is not None:
            real = self.node("Add", [real, parts[1]])
        return self._finish(real, out, clip)

    # Other operators

    def add(self, a, b, out, clip=None):
        if self.form is Form.QOPERATOR:
            inputs = [*self._triple(a), *self._triple(b), *self.scale_and_zero_point(out)]
            return Quantized(self.node("QLinearAdd", inputs, "add", MICROSOFT), out)
        real = self.node("Add", [self.dequantize(a), self.dequantize(b)])
        return self._finish(real, out, clip)

    def average_pool(self, x, out, **attributes):
        return self._simple("AveragePool", x, out, **attributes)

    def global_average_pool(self, x, out):
        attributes = {"channels_last": 0} if self.form is Form.QOPERATOR else {}
        return self._simple("GlobalAveragePool", x, out, **attributes)

    def softmax(self, x, out, axis=-1):
        attributes = {"opset": self.opset} if self.form is Form.QOPERATOR else {}
        return self._simple("Softmax", x, out, axis=axis, **attributes)

    def mean(self, x, out, axes, keepdims=1):
        """In QDQ form only: ONNX Runtime has no kernel of QLinearReduceMean."""
        inputs, attributes = [self.dequantize(x)], {"keepdims": keepdims}
        if self.opset >= 18:
            inputs.append(self.constant(np.array(axes, np.int64), "axes"))
        else:
            attributes["axes"] = axes
        return self._finish(self.node("ReduceMean", inputs, "mean", **attributes), out)

    def concat(self, parts, out, axis=1):
        if self.form is Form.QOPERATOR:
            triples = [name for part in parts for name in self._triple(part)]
            inputs = [*self.scale_and_zero_point(out), *triples]
            return Quantized(
                self.node("QLinearConcat", inputs, "concat", MICROSOFT, axis=axis), out
            )
        real = self.node("Concat", [self.dequantize(part) for part in parts], axis=axis)
        return self._finish(real, out)

    def clip(self, x, low, high, out):
        """Clip as a node of its own, on real numbers."""
        return self._finish(self._clip(self.dequantize(x), (low, high)), out)

    def move(self, operator, x, *constants, **attributes):
        """MaxPool, Reshape, Flatten, Transpose, Pad, ...: integers that stay what they are."""
        inputs = [self.constant(np.asarray(value)) for value in constants]
        if self.form is Form.QOPERATOR:
            return replace(x, name=self.node(operator, [x.name, *inputs], **attributes))
        real = self.node(operator, [self.dequantize(x), *inputs], **attributes)
        return self._finish(real, x.numbers)

    def model(self, *outputs, ir_version=8):
        """The file, with outputs that are integers (`Quantized`) or real numbers (a name)."""
        infos = [
            helper.make_tensor_value_info(
                *((output, TensorProto.FLOAT) if isinstance(output, str) else
                  (output.name, helper.np_dtype_to_tensor_dtype(np.dtype(output.numbers.dtype)))),
                None,
            )
            for output in outputs
        ]  # fmt: skip
        graph = helper.make_graph(self.nodes, "network", self.inputs, infos, self.initializers)
        imports = [helper.make_opsetid("", self.opset), helper.make_opsetid(MICROSOFT, 1)]
        model = helper.make_model(graph, opset_imports=imports, ir_version=ir_version)
        return model.SerializeToString()

    def _triple(self, x):
        return [x.name, *self.scale_and_zero_point(x.numbers)]

    def _weights(self, x, weights, scales, zero_points, bias, axis):
        """Inputs of a node: [weights, scales, zero points, bias], dequantized in QDQ form."""
        scales = np.asarray(scales, np.float32)
        zeros = np.zeros(scales.shape) if zero_points is None else np.asarray(zero_points)
        parts = [
            self.constant(weights, "weights"),
            self.constant(scales, "scale"),
            self.constant(np.broadcast_to(zeros, scales.shape).astype(weights.dtype), "zero"),
        ]
        if self.form is Form.QDQ:
            per_axis = {"axis": axis} if scales.ndim else {}
            parts = [self.node("DequantizeLinear", parts, "real", **per_axis)]
        if bias is not None:
            parts.append(self.constant(bias, "bias"))
            if self.form is Form.QDQ and bias.dtype == np.int32:
                product = np.float32(x.numbers.scale) * scales
                bias_scale = self.constant(product, "scale")
                zero = self.constant(np.zeros(product.shape, np.int32), "zero")
                per_axis = {"axis": 0} if product.ndim else {}
                inputs = [parts[1], bias_scale, zero]
                parts[1] = self.node("DequantizeLinear", inputs, "real", **per_axis)
        return parts

    def _simple(self, operator, x, out, **attributes):
        if self.form is Form.QOPERATOR:
            inputs = [*self._triple(x), *self.scale_and_zero_point(out)]
            prefix = operator.lower()
            name = self.node(f"QLinear{operator}", inputs, prefix, MICROSOFT, **attributes)
            return Quantized(name, out)
        return self._finish(self.node(operator, [self.dequantize(x)], **attributes), out)

    def _finish(self, name, out, clip=None):
        """Quantize the last node's output: its integers take its name, the real numbers `_real`."""
        real = self.nodes[-1].output[0] = f"{name}_real"
        if clip is not None:
            real = self._clip(real, clip)
        inputs = [real, *self.scale_and_zero_point(out)]
        return Quantized(self.node("QuantizeLinear", inputs, name=name), out)

    def _clip(self, real, bounds):
        if bounds == (0, np.inf):
            return self.node("Relu", [real])
        return self.node("Clip", [real, *(self.constant(np.float32(v), "bound") for v in bounds)])
