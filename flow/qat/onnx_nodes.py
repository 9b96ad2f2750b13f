"""Writing the modules of a quantized model as nodes of an ONNX graph."""

from typing import Any

import numpy as np
from onnx import NodeProto, TensorProto, helper, numpy_helper
from torch import Tensor, nn

from flow.qat.layers import (
    QuantAdd,
    QuantConv2d,
    QuantLinear,
    QuantReLU,
    WeightedLayer,
)
from flow.qat.quantizer import FakeQuantizer
from golden.quantization import Quantization
from golden.quantize import quantize, saturates

__all__ = ["GraphWriter"]


class GraphWriter:
    """The nodes and the constants so far, and the name of what each step of the model wrote."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: list[TensorProto] = []
        self.written: dict[str, str] = {}

    @staticmethod
    def refusal(module: nn.Module) -> str:
        """Why a module cannot be written; empty if it can."""
        match module:
            case nn.MaxPool2d() | nn.AvgPool2d() if module.ceil_mode:
                return "rounds its output's size up (ceil_mode), which is not supported"
            case nn.MaxPool2d() if module.return_indices:
                return "returns indices, which is not supported"
            case nn.AvgPool2d() if module.divisor_override is not None:
                return "has a divisor of its own, which is not supported"
            case nn.AdaptiveAvgPool2d() if module.output_size not in (1, (1, 1)):
                return f"must pool to one value, not to {module.output_size}"
            case nn.Flatten() if (module.start_dim, module.end_dim) != (1, -1):
                return "must flatten all dimensions but the batch"
            case (
                QuantConv2d() | QuantLinear() | nn.MaxPool2d() | nn.AvgPool2d()
                | nn.AdaptiveAvgPool2d() | nn.Flatten() | nn.Identity() | nn.Dropout()
            ):  # fmt: skip
                return ""
        return f"is {type(module).__name__}, which is not supported"

    def input(self, step: str) -> str:
        """The graph's input."""
        self.written[step] = "input"
        return "input"

    def module(self, step: str, module: nn.Module, inputs: list[str]) -> str:
        """Write a module and return the name of its output."""
        match module:
            case QuantReLU():
                return self._positive(step, inputs[0], module)
            case QuantAdd():
                total = self._node(step, "Add", inputs if len(inputs) == 2 else inputs * 2)
                write = self._positive if module.relu else self.quantized
                return write(step, total, module)
            case FakeQuantizer():
                return self.quantized(step, inputs[0], module)
            case nn.Identity() | nn.Dropout():
                self.written[step] = inputs[0]
                return inputs[0]
        operator, attributes = _operator(module)
        reads = [*inputs, *self._parameters(step, module)]
        self.written[step] = self._node(step, operator, reads, **attributes)
        return self.written[step]

    def quantized(self, step: str, real: str, quantizer: FakeQuantizer) -> str:
        """Write QuantizeLinear and DequantizeLinear, and return the name of the real values."""
        q = quantizer.quantization
        fields = self._fields(step, q, q.format.dtype)
        codes = self._node(f"{step}.quantize", "QuantizeLinear", [real, *fields])
        self.written[step] = self._node(f"{step}.dequantize", "DequantizeLinear", [codes, *fields])
        return self.written[step]

    def _positive(self, step: str, real: str, quantizer: FakeQuantizer) -> str:
        """Write a ReLU and its quantization.

        Quantization clips like a ReLU if its lowest code is that of 0. Else a runtime would keep
        float32 in front of the ReLU; what is quantized there too is the same after it.
        """
        q = quantizer.quantization
        if (q.zero_point > q.low).any():
            real = self.quantized(f"{step}.signed", real, quantizer)
        return self.quantized(step, self._node(f"{step}.relu", "Relu", [real]), quantizer)

    def _parameters(self, step: str, module: nn.Module) -> list[str]:
        if not isinstance(module, WeightedLayer):
            return []
        names = [self._constant(f"{step}.weight", module.weight, module.weight_quantization)]
        if module.bias is not None:
            q = module.bias_quantization
            values = module.bias.detach().cpu().numpy()
            if saturates(values, q).any():
                worst = float(np.abs(values).max())
                raise ValueError(
                    f"the bias of {step} must fit int32, and its largest value of {worst:g} does "
                    "not: scale the model down"
                )
            names.append(self._constant(f"{step}.bias", module.bias, q))
        return names

    def _constant(self, name: str, values: Tensor, q: Quantization) -> str:
        codes = quantize(values.detach().cpu().numpy(), q)
        self._store(f"{name}.codes", codes)
        fields = self._fields(name, q, codes.dtype)
        axis = {} if q.axis is None else {"axis": q.axis}
        return self._node(name, "DequantizeLinear", [f"{name}.codes", *fields], **axis)

    def _fields(self, name: str, q: Quantization, dtype: np.dtype[Any]) -> list[str]:
        self._store(f"{name}.scale", q.scale)
        self._store(f"{name}.zero_point", q.zero_point.astype(dtype))
        return [f"{name}.scale", f"{name}.zero_point"]

    def _store(self, name: str, array: np.ndarray[Any, Any]) -> None:
        self.constants.append(numpy_helper.from_array(array.copy(), name))

    def _node(self, name: str, kind: str, inputs: list[str], **attributes: Any) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [name], f"{name}.node", **attributes))
        return name


def _operator(module: nn.Module) -> tuple[str, dict[str, Any]]:
    """The ONNX operator of a module and its attributes."""
    match module:
        case QuantConv2d():
            return "Conv", {**_window(module), "dilations": module.dilation, "group": module.groups}
        case QuantLinear():
            return "Gemm", {"transB": 1}
        case nn.MaxPool2d():
            return "MaxPool", {**_window(module), "dilations": _pair(module.dilation)}
        case nn.AvgPool2d():
            counted = {"count_include_pad": int(module.count_include_pad)}
            return "AveragePool", {**_window(module), **counted}
        case nn.AdaptiveAvgPool2d():
            return "GlobalAveragePool", {}
        case nn.Flatten():
            return "Flatten", {"axis": 1}
    raise TypeError(f"there is no ONNX operator for {type(module).__name__}")


def _window(module: Any) -> dict[str, tuple[int, ...]]:
    return {
        "kernel_shape": _pair(module.kernel_size),
        "strides": _pair(module.stride),
        "pads": _pair(module.padding) * 2,
    }


def _pair(value: int | tuple[int, int]) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else value
