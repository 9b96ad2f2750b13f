"""Quantized ONNX files as models: QOperator and QDQ form."""

import numpy as np

from flow.errors import UserError
from flow.onnx_arrays import BadModelError, ForeignTypeError
from flow.onnx_fusion import settled
from flow.onnx_graph import OnnxGraph, TensorInfo
from flow.onnx_handlers import HANDLERS, REASONS
from flow.onnx_network import Network
from flow.onnx_node import OnnxNode
from flow.onnx_values import (
    Dequantized,
    Integers,
    Pending,
    Real,
    RefusedError,
    Slot,
    Unknown,
    UnknownError,
    Value,
)
from flow.unsupported import Unsupported, shown
from golden.model import Layout, Model, Node, Tensor
from golden.operators import Dequantize, Reshape

__all__ = ["read_onnx"]


def read_onnx(data: bytes) -> Model:
    """The model in the bytes of an .onnx file.

    Tensors of integers have the names that they have in the file. What moves elements between a
    DequantizeLinear and no QuantizeLinear writes integers that have none there: they are called
    after the real numbers, with `_quantized`. A batch that the file leaves open is 1.

    Raises
    ------
    UserError
        The bytes are no model, or the model has what cannot be imported; all of it is listed.
    """
    try:
        # Each node may copy its constants about once; more is asked for only by hostile files.
        return _read(OnnxGraph(data), folded_elements=8 * len(data) + (1 << 16))
    except BadModelError as error:
        raise UserError(f"it is not a whole ONNX model: {error}") from error


def _read(graph: OnnxGraph, folded_elements: int) -> Model:
    network, unsupported = Network(graph, folded_elements), Unsupported()
    inputs = [_input(network, info) for info in graph.inputs]
    for node in graph.nodes:
        value = _attempt(network, node, unsupported)
        for name in filter(None, node.outputs):
            network[name] = Unknown()
        if node.outputs and node.outputs[0]:
            network[node.outputs[0]] = value
    outputs = [_output(network, info, unsupported) for info in graph.outputs]
    unsupported.check()
    return _model(network, inputs, [slot for slot in outputs if slot is not None])


def _attempt(network: Network, node: OnnxNode, unsupported: Unsupported) -> Value:
    """What a node writes; if it cannot be imported that is noted."""
    try:
        handler = HANDLERS.get((node.domain, node.operator))
        if handler is None or (node.domain, node.operator) in network.graph.functions:
            reason = "there is no such operator here"
            raise RefusedError(REASONS.get(node.operator, reason))
        if any(network.graph.readers.get(name) for name in filter(None, node.outputs[1:])):
            raise RefusedError("only its first output is imported")
        return handler(network, node)
    except RefusedError as refused:
        culprit = refused.node or node
        unsupported.add(culprit.operator, culprit.name, refused.reason)
    except ForeignTypeError as error:
        unsupported.add(node.operator, node.name, str(error))
    except UnknownError:
        pass
    return Unknown()


def _input(network: Network, info: TensorInfo) -> Slot:
    if info.shape is None:
        raise UserError(f"input {shown(info.name)} must have a shape; set it and save the model")
    open_lengths = [shown(n) for n in info.shape[1:] if isinstance(n, str)]
    if open_lengths:
        raise UserError(
            f"input {shown(info.name)} must have lengths that are numbers, but for the batch, not "
            f"{', '.join(open_lengths)}; set them and save the model"
        )
    if info.dtype not in (np.float32, np.int8, np.uint8):
        raise UserError(f"input {shown(info.name)} must be FLOAT, INT8 or UINT8, not {info.dtype}")
    shape = tuple(n if isinstance(n, int) else 1 for n in info.shape)
    slot = Slot(info.name, shape, info.dtype)
    network[info.name] = Real(slot) if info.dtype == np.float32 else Integers(slot)
    return slot


def _output(network: Network, info: TensorInfo, unsupported: Unsupported) -> Slot | None:
    """The tensor of an output, under the name that the file gives it."""
    node = network.graph.writers[info.name]
    try:
        match settled(network, info.name):
            case Integers(slot) | Real(slot):
                if slot.name != info.name:
                    copy = Slot(info.name, slot.shape, slot.dtype, slot.quantization)
                    slot = network.add(node, Reshape(), [slot], copy)
            case Dequantized(slot):
                real = Slot(info.name, slot.shape, np.dtype(np.float32))
                slot = network.add(node, Dequantize(), [slot], real)
            case Pending(other):
                raise RefusedError("its result is not quantized", other)
            case _:
                raise RefusedError("an output of the model is constant")
    except RefusedError as refused:
        culprit = refused.node or node
        unsupported.add(culprit.operator, culprit.name, refused.reason)
        return None
    except UnknownError:
        return None
    _check_output(info, slot)
    return slot


def _check_output(info: TensorInfo, slot: Slot) -> None:
    same = info.dtype == slot.dtype
    if info.shape is not None:
        same &= len(info.shape) == len(slot.shape)
        said = zip(info.shape, slot.shape, strict=False)
        same &= all(isinstance(a, str) or a == b for a, b in said)
    if not same:
        raise BadModelError(
            f"output {shown(info.name)} is said to be {info.dtype} of shape {info.shape}, and it "
            f"is {slot.dtype} of {slot.shape}"
        )


def _model(network: Network, inputs: list[Slot], outputs: list[Slot]) -> Model:
    slots = [*inputs]
    for step in network.steps:
        slots += [slot for slot in step.inputs if slot is not None]
        slots.append(step.output)
    tensors = {
        slot.name: Tensor(
            slot.name, slot.shape, slot.dtype, slot.quantization.parameters, slot.data
        )
        for slot in slots
    }
    nodes = [
        Node(
            step.name,
            step.operator,
            tuple(slot.name if slot else "" for slot in step.inputs),
            (step.output.name,),
        )
        for step in network.steps
    ]
    return Model(
        tensors,
        nodes,
        tuple(slot.name for slot in inputs),
        tuple(slot.name for slot in outputs),
        Layout.CHANNELS_FIRST,
    )
