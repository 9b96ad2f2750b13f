"""Networks made smaller along one axis: images, rows, columns, channels, products."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from flow.graph import Graph
from flow.layers import (
    AveragePool,
    Conv2d,
    DepthwiseConv2d,
    FullyConnected,
    GlobalAveragePool,
    Layer,
    MaxPool,
    ResidualAdd,
    Shape,
    TensorType,
)
from golden.kernel_window import Pair
from golden.requantize import Requantization

__all__ = ["Axis", "NetworkJob", "axes"]

Int8Array = npt.NDArray[np.int8]

_BATCH, _CHANNEL = 0, 3


@dataclass(frozen=True, eq=False)
class NetworkJob:
    """A network and its inputs."""

    graph: Graph
    inputs: Mapping[str, Int8Array]


@dataclass(frozen=True)
class Axis:
    """Something of which a job has `length`; `keep` makes the job with a part of it."""

    name: str
    length: int
    keep: Callable[[range], NetworkJob]


def axes(job: NetworkJob) -> Iterator[Axis]:
    """Along what a job can be cut: any one along the batch, one of a single layer along more."""
    graph = job.graph
    batch = next(iter(graph.inputs.values())).shape[_BATCH]
    yield Axis("images", batch, lambda part: _sliced(job, graph.layers, _BATCH, part))
    if len(graph.layers) == 1:
        yield from _layer_axes(job, graph.layers[0])


def _layer_axes(job: NetworkJob, layer: Layer) -> Iterator[Axis]:
    shape = job.graph.types[layer.inputs[0]].shape
    match layer:
        case Conv2d() | DepthwiseConv2d() | AveragePool() | MaxPool():
            for axis, name in enumerate(("rows", "columns")):
                length = layer.window.output_size((shape[1], shape[2]))[axis]
                yield Axis(name, length, _windows(job, layer, axis))
        case ResidualAdd() | GlobalAveragePool():
            for axis, name in enumerate(("rows", "columns")):
                yield Axis(name, shape[axis + 1], _plain(job, layer, axis + 1))
    match layer:
        case Conv2d() | FullyConnected():
            yield Axis("channels", layer.weights.shape[-1], _outputs(job, layer))
            yield Axis("input channels", shape[_CHANNEL], _products(job, layer))
        case _:
            yield Axis("channels", shape[_CHANNEL], _channels(job, layer))


def _plain(job: NetworkJob, layer: Layer, axis: int) -> Callable[[range], NetworkJob]:
    return lambda part: _sliced(job, [layer], axis, part)


def _windows(
    job: NetworkJob, layer: Conv2d | DepthwiseConv2d | AveragePool | MaxPool, axis: int
) -> Callable[[range], NetworkJob]:
    """Outputs along y or x: the part of the image that they see, and padding where it ends."""
    length = job.graph.types[layer.input].shape[axis + 1]

    def keep(part: range) -> NetworkJob:
        window = layer.window
        before = window.padding[axis][0]
        first = part.start * window.stride[axis] - before
        stop = (part.stop - 1) * window.stride[axis] - before + window.extent[axis]
        padding: list[Pair] = list(window.padding)
        padding[axis] = (max(-first, 0), max(stop - length, 0))
        cut = replace(layer, window=replace(window, padding=(padding[0], padding[1])))
        return _sliced(job, [cut], axis + 1, range(max(first, 0), min(stop, length)))

    return keep


def _outputs(job: NetworkJob, layer: Conv2d | FullyConnected) -> Callable[[range], NetworkJob]:
    def keep(part: range) -> NetworkJob:
        cut = replace(
            layer,
            weights=layer.weights[..., part.start : part.stop],
            requantization=_requantization(layer.requantization, part),
        )
        return NetworkJob(Graph(job.graph.inputs, [cut]), job.inputs)

    return keep


def _products(job: NetworkJob, layer: Conv2d | FullyConnected) -> Callable[[range], NetworkJob]:
    def keep(part: range) -> NetworkJob:
        cut = replace(layer, weights=layer.weights[..., part.start : part.stop, :])
        return _sliced(job, [cut], _CHANNEL, part)

    return keep


def _channels(job: NetworkJob, layer: Layer) -> Callable[[range], NetworkJob]:
    """Channels that are inputs and outputs; a depthwise kernel may have several outputs of each."""

    def keep(part: range) -> NetworkJob:
        cut: Layer = layer
        match layer:
            case DepthwiseConv2d():
                weights = layer.weights[:, :, part.start : part.stop]
                each = layer.weights.shape[3]
                outputs = range(part.start * each, part.stop * each)
                requantization = _requantization(layer.requantization, outputs)
                cut = replace(layer, weights=weights, requantization=requantization)
            case AveragePool() | GlobalAveragePool():
                cut = replace(layer, requantization=_requantization(layer.requantization, part))
        return _sliced(job, [cut], _CHANNEL, part)

    return keep


def _requantization(whole: Requantization, part: range) -> Requantization:
    if whole.channels == 1:
        return whole
    selected = slice(part.start, part.stop)
    arrays: dict[str, Any] = {
        field.name: value[selected]
        for field in fields(whole.scaling)
        if isinstance(value := getattr(whole.scaling, field.name), np.ndarray)
    }
    return replace(whole, scaling=replace(whole.scaling, **arrays), bias=whole.bias[selected])


def _sliced(job: NetworkJob, layers: Any, axis: int, part: range) -> NetworkJob:
    """The layers on a part of the inputs."""
    place = (slice(None),) * axis + (slice(part.start, part.stop),)
    inputs = {name: np.ascontiguousarray(values[place]) for name, values in job.inputs.items()}
    types = {
        name: TensorType(_shape(values), job.graph.inputs[name].zero_point)
        for name, values in inputs.items()
    }
    return NetworkJob(Graph(types, layers, job.graph.outputs), inputs)


def _shape(values: Int8Array) -> Shape:
    batch, height, width, channels = values.shape
    return batch, height, width, channels
