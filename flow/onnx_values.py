"""What a name of an ONNX graph stands for while the graph is imported."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from flow.onnx_arrays import Array
from flow.onnx_node import OnnxNode
from golden.model import QuantizationParameters
from golden.operators import Operator

__all__ = [
    "Constant",
    "Dequantized",
    "Integers",
    "Pending",
    "Quantization",
    "Real",
    "RefusedError",
    "Slot",
    "Step",
    "Unknown",
    "UnknownError",
    "Value",
    "Weights",
]


class RefusedError(Exception):
    """A node cannot be imported, with the reason; `node` if it is another than the one at hand."""

    def __init__(self, reason: str, node: OnnxNode | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.node = node


class UnknownError(Exception):
    """A node reads what another, already refused, would have written."""


@dataclass(eq=False)
class Quantization:
    """Parameters shared by all tensors that hold the same integers, once a node says them."""

    parameters: QuantizationParameters | None = None


@dataclass(eq=False)
class Slot:
    """A tensor of the model to be; `provisional` if its name may still change."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    quantization: Quantization = field(default_factory=Quantization)
    data: Array | None = None
    provisional: bool = False


@dataclass(frozen=True, eq=False)
class Step:
    """A node of the model to be."""

    name: str
    operator: Operator
    inputs: tuple[Slot | None, ...]
    output: Slot


@dataclass(frozen=True, eq=False)
class Constant:
    """Elements of the file: real numbers, integers or lengths."""

    name: str
    array: Array


@dataclass(frozen=True, eq=False)
class Weights:
    """Real numbers that constant integers stand for."""

    name: str
    array: Array
    parameters: QuantizationParameters


@dataclass(frozen=True, eq=False)
class Integers:
    """Integers of an activation."""

    slot: Slot


@dataclass(frozen=True, eq=False)
class Dequantized:
    """Real numbers that the integers of an activation stand for; `clipped` since they were."""

    slot: Slot
    clipped: bool = False


@dataclass(frozen=True, eq=False)
class Real:
    """Real numbers, stored as float32."""

    slot: Slot


@dataclass(frozen=True, eq=False)
class Pending:
    """The real result of an operator on integers: it gets a tensor when it is quantized.

    Parameters
    ----------
    bounds : what activations behind it have clipped it to
    """

    node: OnnxNode
    operator: Operator
    inputs: tuple[Slot | None, ...]
    shape: tuple[int, ...]
    bounds: tuple[float, float] = (-float("inf"), float("inf"))


@dataclass(frozen=True)
class Unknown:
    """What a refused node would have written."""


Value = Constant | Weights | Integers | Dequantized | Real | Pending | Unknown
