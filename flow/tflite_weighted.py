"""Convolution, depthwise convolution and fully connected layers of a .tflite file."""

import numpy as np
from tflite import FullyConnectedOptionsWeightsFormat

from flow.tflite_node import FileNode
from flow.tflite_tensors import INT8, Arrangement, NodeError
from golden.model import Tensor
from golden.operators import Convolution, DepthwiseConvolution, FullyConnected, Operator

__all__ = ["read_convolution", "read_depthwise", "read_fully_connected"]

Read = tuple[Operator, tuple[str, ...]]


def read_convolution(node: FileNode) -> Read:
    """CONV_2D; groups follow from the channels of the weights."""
    node.arity(2, 3)
    node.options("Conv2DOptions")
    read, written = node.activations()
    weights = _weights(node, read, Arrangement.CONVOLUTION, may_be_asymmetric=read.dtype != INT8)
    rows, columns, channels, outputs = weights.shape
    window = node.window(read, written, (rows, columns), outputs)
    groups = read.shape[3] // channels
    if groups * channels != read.shape[3] or outputs % groups:
        raise NodeError(
            f"{read.shape[3]} channels with weights for {channels} and {outputs} outputs"
        )
    bias = _bias(node, outputs)
    return Convolution(window, groups, node.fused()), (read.name, weights.name, bias)


def read_depthwise(node: FileNode) -> Read:
    """DEPTHWISE_CONV_2D; the multiplier follows from the channels of the weights."""
    node.arity(2, 3)
    node.options("DepthwiseConv2DOptions")
    read, written = node.activations()
    channels = read.shape[-1] if len(read.shape) == 4 else 0
    weights = _weights(
        node, read, Arrangement.DEPTHWISE, may_be_asymmetric=read.dtype != INT8, channels=channels
    )
    rows, columns, _, multiplier = weights.shape
    if node.integer("DepthMultiplier") not in (0, multiplier):
        raise NodeError(
            f"multiplier {node.integer('DepthMultiplier')} with weights for {multiplier}"
        )
    window = node.window(read, written, (rows, columns), channels * multiplier)
    bias = _bias(node, channels * multiplier)
    return DepthwiseConvolution(window, node.fused()), (read.name, weights.name, bias)


def read_fully_connected(node: FileNode) -> Read:
    """FULLY_CONNECTED; the input is rows of as many elements as the weights take."""
    node.arity(2, 3)
    node.options("FullyConnectedOptions")
    if node.integer("WeightsFormat") != FullyConnectedOptionsWeightsFormat.DEFAULT:
        raise NodeError("shuffled weights")
    read, written = node.activations()
    weights = _weights(node, read, Arrangement.FULLY_CONNECTED, may_be_asymmetric=True)
    depth, outputs = weights.shape
    keeps = bool(node.integer("KeepNumDims"))
    if read.size % depth or (keeps and read.shape[-1:] != (depth,)):
        raise NodeError(f"an input of shape {read.shape} with weights for {depth}")
    node.shape(written, (*(read.shape[:-1] if keeps else (read.size // depth,)), outputs))
    bias = _bias(node, outputs)
    return FullyConnected(node.fused()), (read.name, weights.name, bias)


def _weights(
    node: FileNode,
    read: Tensor,
    arrangement: Arrangement,
    *,
    may_be_asymmetric: bool,
    channels: int = 0,
) -> Tensor:
    index = node.operator.inputs[1]
    stored = node.tensors.read(index)
    rank = 2 if arrangement is Arrangement.FULLY_CONNECTED else 4
    if len(stored.shape) != rank:
        raise NodeError(f"weights of shape {stored.shape}")
    if arrangement is Arrangement.DEPTHWISE and (
        stored.shape[0] != 1 or not channels or stored.shape[3] % channels
    ):
        raise NodeError(f"weights of shape {stored.shape} for an input of shape {read.shape}")
    if stored.dtype != read.dtype:
        raise NodeError(f"{stored.dtype} weights with {read.dtype} activations")
    quantization = stored.quantization
    if quantization is None:
        raise NodeError("not quantized: weights have no scale")
    if quantization.axis is not None and read.dtype != INT8:
        raise NodeError(f"{read.dtype} weights with a scale per channel")
    if quantization.zero_points.any() and not (may_be_asymmetric and quantization.axis is None):
        # the kernels of the runtime never look at these zero points
        raise NodeError("int8 weights with a zero point other than 0")
    return node.tensors.constant(index, arrangement, channels)


def _bias(node: FileNode, outputs: int) -> str:
    """The name of the bias, empty if there is none."""
    if not node.has_input(2):
        return ""
    bias = node.tensors.constant(node.operator.inputs[2], Arrangement.VECTOR)
    if bias.dtype != np.int32:
        raise NodeError(f"a bias of {bias.dtype}")
    if bias.size != outputs:
        raise NodeError(f"a bias of {bias.size} elements for {outputs} outputs")
    return bias.name
