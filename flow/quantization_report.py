"""What quantization costs: the errors of weights and activations by layer, and of answers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from flow.errors import user_input
from flow.onnx_float import FloatArray, FloatGraph, FloatNode, batches, float_model, run_model
from flow.onnx_quantizer import QuantizedModel
from flow.onnx_reader import read_onnx
from flow.quantization_plan import QuantizationPlan
from golden.fake_quantize import fake_quantize
from golden.kernels.kernel_set import evaluate
from golden.kernels.onnxruntime import ONNXRUNTIME
from golden.quantization import Quantization
from golden.quantization_error import QuantizationError, decibels, quantization_error
from golden.quantize import dequantize, saturates

__all__ = ["Answers", "LayerReport", "QuantizationReport", "measure"]


@dataclass(frozen=True)
class LayerReport:
    """A tensor and the weights behind it.

    Parameters
    ----------
    name : of the tensor
    operator : which gives it; "input" for the input
    quantization : its scale and zero point
    sqnr_db : of its real values against the codes of them
    clipped : the fraction of its real values that saturate, from 0 to 1
    network_sqnr_db : of its real values against what the integer network has there
    weights : the error of the weights, if there are some
    """

    name: str
    operator: str
    quantization: Quantization
    sqnr_db: float
    clipped: float
    network_sqnr_db: float
    weights: QuantizationError | None


@dataclass(frozen=True)
class Answers:
    """The classes that both networks answer; `labels` are the right ones, if they are known."""

    real: npt.NDArray[np.int64]
    integer: npt.NDArray[np.int64]
    labels: npt.NDArray[np.int64] | None

    @property
    def same(self) -> int:
        """How often the integer network answers as the float one does."""
        return int(np.sum(self.real == self.integer))

    def right(self, answers: npt.NDArray[np.int64]) -> int:
        """How many are right. ValueError without labels."""
        if self.labels is None:
            raise ValueError("accuracy needs labels")
        return int(np.sum(answers == self.labels))


@dataclass(frozen=True)
class QuantizationReport:
    """Layers in order, the input first, and the answers."""

    layers: tuple[LayerReport, ...]
    answers: Answers


@dataclass
class _Sums:
    """Of a tensor, over the batches."""

    signal: float = 0.0
    noise: float = 0.0
    network_noise: float = 0.0
    clipped: int = 0
    count: int = 0

    def add(self, x: FloatArray, q: Quantization, network: FloatArray) -> None:
        self.signal += _square_sum(x)
        self.noise += _square_sum(fake_quantize(x, q).astype(np.float64) - x)
        self.network_noise += _square_sum(network.astype(np.float64) - x)
        self.clipped += int(np.sum(saturates(x, q)))
        self.count += x.size


def measure(
    graph: FloatGraph,
    quantized: QuantizedModel,
    x: FloatArray,
    batch: int,
    labels: npt.NDArray[np.int64] | None = None,
    on_batch: Callable[[int], None] = lambda done: None,
) -> QuantizationReport:
    """Run both networks on data, `batch` samples at a time, and compare every tensor.

    The integers are golden's, as ONNX Runtime computes them. Of what a Relu or Clip will bound,
    only what is inside the bounds counts.
    """
    names = list(dict.fromkeys((*quantized.tensors, graph.outputs[0])))
    sums = {name: _Sums() for name in quantized.tensors}
    answers: tuple[list[Any], list[Any]] = [], []
    model, plan = read_onnx(quantized.bytes), QuantizationPlan(graph)
    runs = zip(run_model(float_model(graph, names[1:]), x, batch), batches(x, batch), strict=True)
    for real, samples in runs:
        real[graph.input] = samples
        with user_input("the quantized model"):
            integer = evaluate(model, {graph.input: samples}, ONNXRUNTIME)
        for name, total in sums.items():
            q = quantized.tensors[name]
            bounds = plan.bounds.get(name, (-np.inf, np.inf))
            network = dequantize(integer[quantized.codes_of(name)], q)
            total.add(real[name].clip(*bounds), q, network.clip(*bounds))
        answer = graph.outputs[0]
        for found, values in zip(answers, (real[answer], integer[answer]), strict=True):
            found.append(values.reshape(len(values), -1).argmax(axis=1))
        on_batch(len(answers[0][-1]))
    giver = {node.outputs[0]: node for node in quantized.nodes}
    layers = [
        _layer(name, giver.get(name), graph, quantized, total) for name, total in sums.items()
    ]
    real_answers, integer_answers = (np.concatenate(found) for found in answers)
    return QuantizationReport(tuple(layers), Answers(real_answers, integer_answers, labels))


def _layer(
    name: str, node: FloatNode | None, graph: FloatGraph, quantized: QuantizedModel, total: _Sums
) -> LayerReport:
    weights = None
    if node is not None and name in quantized.layers:
        real = graph.constants[node.inputs[1]]
        weights = quantization_error(real, quantized.layers[name].quantization)
    return LayerReport(
        name=name,
        operator="input" if node is None else node.operator,
        quantization=quantized.tensors[name],
        sqnr_db=decibels(total.signal, total.noise),
        clipped=total.clipped / total.count,
        network_sqnr_db=decibels(total.signal, total.network_noise),
        weights=weights,
    )


def _square_sum(values: npt.NDArray[Any]) -> float:
    return float(np.square(values, dtype=np.float64).sum())
