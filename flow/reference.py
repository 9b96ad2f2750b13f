"""What every tensor of a network must be, computed layer by layer.

Written the plain way: zero points are subtracted, images are padded with zeros, and a loop over the
kernel adds up products in int64. It knows neither tiles nor instructions.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from flow.graph import Graph
from flow.layers import (
    AveragePool,
    Conv2d,
    DepthwiseConv2d,
    Flatten,
    FullyConnected,
    GlobalAveragePool,
    Layer,
    MaxPool,
    ResidualAdd,
    TensorType,
)
from golden.formats import INT8, INT32
from golden.kernel_window import KernelWindow
from golden.requantize import Requantization, requantize
from golden.residual import residual_add

__all__ = ["run_layer", "run_reference"]

Int8Array = npt.NDArray[np.int8]
Integers = npt.NDArray[np.int64]


def run_reference(graph: Graph, inputs: Mapping[str, Int8Array]) -> dict[str, Int8Array]:
    """Return every tensor of the network, by name.

    Raises ValueError for inputs of another shape, OverflowError where a sum leaves int32.
    """
    tensors: dict[str, Int8Array] = {}
    for name, wanted in graph.inputs.items():
        if name not in inputs:
            raise ValueError(f"input {name} is missing")
        if inputs[name].shape != wanted.shape or inputs[name].dtype != np.int8:
            raise ValueError(
                f"input {name} must be int8 of shape {wanted.shape}, not {inputs[name].dtype} "
                f"of shape {inputs[name].shape}"
            )
        tensors[name] = inputs[name]
    for layer in graph.layers:
        read = [tensors[name] for name in layer.inputs]
        types = [graph.types[name] for name in layer.inputs]
        tensors[layer.name] = run_layer(layer, read, types)
    return tensors


def run_layer(layer: Layer, read: list[Int8Array], types: list[TensorType]) -> Int8Array:
    """Return what a layer makes of tensors of some types."""
    x, zero = read[0], types[0].zero_point
    match layer:
        case Conv2d():
            taps = _taps(_centred(x, zero), layer.window, 0)
            weights = layer.weights.astype(np.int64)
            sums = sum(np.einsum("nyxc,cd->nyxd", tap, weights[at]) for at, tap in taps)
            return _requantized(np.asarray(sums), layer.requantization)
        case DepthwiseConv2d():
            taps = _taps(_centred(x, zero), layer.window, 0)
            weights = layer.weights.astype(np.int64)
            products = sum(np.einsum("nyxc,cm->nyxcm", tap, weights[at]) for at, tap in taps)
            sums = np.asarray(products)
            return _requantized(sums.reshape(*sums.shape[:3], -1), layer.requantization)
        case FullyConnected():
            sums = _centred(x, zero) @ layer.weights.astype(np.int64)
            return _requantized(sums, layer.requantization)
        case GlobalAveragePool():
            sums = _centred(x, zero).sum(axis=(1, 2), keepdims=True)
            return _requantized(sums, layer.requantization)
        case AveragePool():
            taps = _taps(_centred(x, zero), layer.window, 0)
            return _requantized(np.asarray(sum(tap for _, tap in taps)), layer.requantization)
        case MaxPool():
            taps = _taps(x.astype(np.int64), layer.window, INT8.min)
            return np.asarray(np.max([tap for _, tap in taps], axis=0)).astype(np.int8)
        case ResidualAdd():
            zeros = (types[0].zero_point, types[1].zero_point)
            return residual_add(read[0], read[1], layer.multipliers, zeros, layer.requantization)
        case Flatten():
            return x.reshape(len(x), 1, 1, -1)
    raise TypeError(f"layer {layer.name} must be one of flow.layers, not {type(layer).__name__}")


def _centred(x: Int8Array, zero_point: int) -> Integers:
    return x.astype(np.int64) - zero_point


def _taps(x: Integers, window: KernelWindow, padding: int) -> Iterator[tuple[tuple[int, int], Any]]:
    """For each kernel element: where it is, and what it sees, one element an output."""
    height, width = window.output_size((x.shape[1], x.shape[2]))
    padded = np.pad(x, ((0, 0), *window.padding, (0, 0)), constant_values=padding)
    (stride_y, stride_x), (dilation_y, dilation_x) = window.stride, window.dilation
    for ky, kx in np.ndindex(window.kernel):
        rows = ky * dilation_y + stride_y * np.arange(height)
        columns = kx * dilation_x + stride_x * np.arange(width)
        yield (ky, kx), padded[:, rows][:, :, columns]


def _requantized(sums: Integers, requantization: Requantization) -> Int8Array:
    total = sums + requantization.bias
    if not INT32.contains(total):
        raise OverflowError(f"a sum of {np.abs(total).max()} leaves int32")
    return requantize(sums.astype(np.int32), requantization).astype(np.int8)
