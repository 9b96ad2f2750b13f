"""From a float model and data, as files, to a quantized model as a file, and what it costs."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from flow.atomic import atomic_write_bytes
from flow.calibration import ActivationSettings, calibrate, probability
from flow.errors import UserError
from flow.files import FileKind, read_array
from flow.onnx_float import FloatArray, FloatGraph, float_model, run_model
from flow.onnx_float_check import check_supported
from flow.onnx_float_reader import read_float_graph
from flow.onnx_folding import fold
from flow.onnx_quantizer import QuantizedModel, quantize_graph
from flow.quantization_plan import QuantizationPlan
from flow.quantization_report import QuantizationReport, measure
from flow.weight_quantization import WeightSettings

__all__ = ["QuantizationResult", "QuantizationSettings", "quantize_file", "quantize_float_graph"]

BATCH = 32
"""Samples at a time, where the model takes any number."""


@dataclass(frozen=True)
class QuantizationSettings:
    """How activations and weights are quantized."""

    activations: ActivationSettings = field(default_factory=ActivationSettings)
    weights: WeightSettings = field(default_factory=WeightSettings)


@dataclass(frozen=True, eq=False)
class QuantizationResult:
    """The model, what it costs, and the bytes of its file."""

    quantized: QuantizedModel
    report: QuantizationReport
    size: int


def quantize_file(
    model: Path,
    calibration: Path,
    out: Path,
    settings: QuantizationSettings,
    *,
    batch: int | None = None,
    validation: Path | None = None,
    labels: Path | None = None,
    on_stage: Callable[[str], None] = lambda stage: None,
) -> QuantizationResult:
    """Quantize a model by calibration data, measure it on the validation data and write it.

    Without validation data it is measured on the calibration data. Raises UserError for files that
    do not suit, before anything is written.
    """
    graph = fold(read_float_graph(model))
    check_supported(graph)
    batch = _batch(graph, batch)
    data = _samples(calibration, graph, batch)
    seen = data if validation is None else _samples(validation, graph, batch)
    right = None if labels is None else _labels(labels, len(seen))
    quantized = quantize_float_graph(graph, data, settings, batch=batch, on_stage=on_stage)
    done = 0

    def on_batch(samples: int) -> None:
        nonlocal done
        done += samples
        on_stage(f"measure: {done:,} of {len(seen):,} samples")

    report = measure(graph, quantized, seen, batch, right, on_batch)
    content = quantized.bytes
    with atomic_write_bytes(out) as file:
        file.write(content)
    return QuantizationResult(quantized, report, len(content))


def quantize_float_graph(
    graph: FloatGraph,
    data: FloatArray,
    settings: QuantizationSettings,
    *,
    batch: int = BATCH,
    on_stage: Callable[[str], None] = lambda stage: None,
) -> QuantizedModel:
    """Quantize a graph, folded and checked, by the values that `data` cause in it."""
    plan = QuantizationPlan(graph)

    def run(names: tuple[str, ...]) -> Iterable[Mapping[str, FloatArray]]:
        model = float_model(graph, [name for name in names if name != graph.input])
        for start, tensors in enumerate(run_model(model, data, batch)):
            on_stage(f"calibrate: {min((start + 1) * batch, len(data)):,} of {len(data):,} samples")
            yield {**tensors, graph.input: data[start * batch : (start + 1) * batch]}

    first = next(iter(run(tuple(n for names in plan.ranged_by.values() for n in names))))
    share = len(data) / min(batch, len(data))
    sizes = {name: int(np.ceil(values.size * share)) for name, values in first.items()}
    groups = calibrate(
        run,
        plan.ranged_by,
        sizes,
        settings.activations,
        lambda name: on_stage(f"find the range of {name}"),
    )
    groups |= dict.fromkeys(plan.probabilities, probability(settings.activations))
    on_stage("quantize the weights")
    return quantize_graph(plan, groups, settings.weights)


def _batch(graph: FloatGraph, batch: int | None) -> int:
    fixed = graph.shape[0]
    if fixed is None:
        return BATCH if batch is None else batch
    if batch not in (None, fixed):
        raise UserError(f"--batch {batch}: the model takes {fixed} samples at a time; leave it out")
    return fixed


def _samples(path: Path, graph: FloatGraph, batch: int) -> FloatArray:
    """The samples of a file, held against the input of the model."""
    values = read_array(path) if FileKind.of(path) is FileKind.NPY else None
    if values is None:
        raise UserError(f"{path} must be a .npy; write it with numpy.save")
    wanted = "x".join(str(length or "any") for length in ("samples", *graph.shape[1:]))
    if values.dtype != np.float32:
        raise UserError(
            f"{path} holds {values.dtype}, and the input {graph.input} is float32; "
            "save values.astype(numpy.float32)"
        )
    fits = values.ndim == len(graph.shape) and all(
        length in (None, found)
        for length, found in zip(graph.shape[1:], values.shape[1:], strict=True)
    )
    if not fits:
        shape = "x".join(map(str, values.shape))
        raise UserError(f"{path} has the shape {shape}, and the input {graph.input} is {wanted}")
    if not np.isfinite(values).all():
        place = np.unravel_index(int(np.argmin(np.isfinite(values))), values.shape)
        where = ", ".join(map(str, map(int, place)))
        raise UserError(f"{path} holds {values[place]} at [{where}]; give finite samples")
    if graph.shape[0] is not None and len(values) % batch:
        raise UserError(
            f"{path} holds {len(values)} samples, and the model takes {batch} at a time; "
            f"give a multiple of {batch}"
        )
    return values


def _labels(path: Path, samples: int) -> npt.NDArray[np.int64]:
    values = read_array(path)
    if values.dtype.kind not in "iu":
        raise UserError(f"{path} holds {values.dtype}; labels are integers, the numbers of classes")
    if values.shape != (samples,):
        shape = "x".join(map(str, values.shape))
        raise UserError(f"{path} has the shape {shape}, and there are {samples} samples to label")
    return values.astype(np.int64)
