"""How an operator between DequantizeLinear and QuantizeLinear becomes one node on integers.

Clips behind the operator become what is fused with it: the first `Activation` that bounds the
output's integers as the clips do. Of an output with scale s and zero point z a bound b is the
integer rne(f32(b / s)) + z, saturated; so a Relu before a zero point of qmin is none at all, as
ONNX Runtime has it when it leaves such a Relu out.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from flow.onnx_arrays import Array
from flow.onnx_network import Network
from flow.onnx_values import (
    Dequantized,
    Integers,
    Pending,
    Quantization,
    RefusedError,
    Slot,
    Value,
)
from golden.model import QuantizationParameters
from golden.operators import (
    Activation,
    Add,
    AveragePool,
    Clamp,
    Concatenation,
    Convolution,
    DepthwiseConvolution,
    FullyConnected,
    Operator,
)

__all__ = ["finish", "real_of", "round_to", "settled"]

ACTIVATIONS = (Activation.NONE, Activation.RELU, Activation.RELU6, Activation.RELU_N1_TO_1)


def finish(
    network: Network,
    pending: Pending,
    name: str,
    parameters: QuantizationParameters,
    dtype: np.dtype[Any],
) -> Integers:
    """Give the result of an operator its integers, and the operator its activation."""
    operator = pending.operator
    if isinstance(operator, Clamp):
        operator = Clamp(*pending.bounds)
    else:
        activation = _activation(pending, parameters, dtype)
        operator = _with_activation(pending, activation)
    output = Slot(name, pending.shape, dtype, Quantization(parameters))
    return Integers(network.add(pending.node, operator, pending.inputs, output))


def _with_activation(pending: Pending, activation: Activation) -> Operator:
    match pending.operator:
        case (
            Convolution() | DepthwiseConvolution() | FullyConnected() | Add() | AveragePool()
            | Concatenation()
        ) as operator:  # fmt: skip
            return replace(operator, activation=activation)
        case operator if activation is Activation.NONE:
            return operator
        case operator:
            reason = f"nothing can be fused behind {type(operator).__name__}"
            raise RefusedError(reason, pending.node)


def _activation(
    pending: Pending, parameters: QuantizationParameters, dtype: np.dtype[Any]
) -> Activation:
    wanted = np.array(pending.bounds, np.float32)
    if np.isnan(wanted).any():
        raise RefusedError("it is clipped to a bound that is no number", pending.node)
    wanted = round_to(wanted, parameters, dtype)
    for activation in ACTIVATIONS:
        bounds = round_to(np.array(activation.bounds, np.float32), parameters, dtype)
        if np.array_equal(bounds, wanted):
            return activation
    low, high = pending.bounds
    raise RefusedError(
        f"it is clipped to {low:g} .. {high:g}, and only 0 .. inf, 0 .. 6, -1 .. 1 and what the "
        "output can hold can be fused",
        pending.node,
    )


def round_to(real: Array, parameters: QuantizationParameters, dtype: np.dtype[Any]) -> Array:
    """QuantizeLinear: rne(f32(x / s)) + z, saturated; per channel along the parameters' axis."""
    limits = np.iinfo(dtype)
    shape = [1] * real.ndim
    if parameters.axis is not None:
        shape[parameters.axis] = -1
    if not real.ndim:
        shape = [1]
    with np.errstate(over="ignore"):
        scaled = np.rint(real / parameters.scales.reshape(shape)).astype(np.float64)
    codes = np.clip(scaled + parameters.zero_points.reshape(shape), limits.min, limits.max)
    return codes.astype(dtype).reshape(real.shape)


def real_of(codes: Array, parameters: QuantizationParameters) -> Array:
    """DequantizeLinear: f32(x - z) * s, per tensor."""
    centred = (codes.astype(np.int64) - parameters.zero_point).astype(np.float32)
    with np.errstate(over="ignore"):
        return centred * parameters.scale


def settled(network: Network, name: str) -> Value:
    """A value; clipped integers get a tensor of their input's scale, if that holds the bounds.

    What only moves elements can read it then. Products cannot: runtimes compute them on real
    numbers here.
    """
    value = network[name]
    if not isinstance(value, Pending) or not isinstance(value.operator, Clamp):
        return value
    slot = value.inputs[0]
    assert slot is not None
    assert slot.quantization.parameters is not None
    parameters, limits = slot.quantization.parameters, np.iinfo(slot.dtype)
    bounds = np.array(value.bounds, np.float32)
    held = real_of(round_to(bounds, parameters, slot.dtype), parameters)
    ends = real_of(np.array([limits.min, limits.max]), parameters)
    if not ((held == bounds) | (bounds < ends[0]) | (bounds > ends[1])).all():
        reason = "it is not quantized, and clips to what is none of its input's numbers"
        raise RefusedError(reason, value.node)
    clipped = finish(network, value, network.fresh(name), parameters, slot.dtype).slot
    clipped.provisional = True
    network[name] = Dequantized(clipped, clipped=True)
    return network[name]
