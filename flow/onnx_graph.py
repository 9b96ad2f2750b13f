"""Checked access to an ONNX file: whatever the bytes, a question has an answer or an error."""

import heapq
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx import GraphProto, ModelProto, TensorProto, ValueInfoProto

from flow.errors import UserError
from flow.onnx_arrays import (
    Array,
    BadModelError,
    ForeignTypeError,
    array_of,
    check_shape,
    dtype_of,
    text_of,
)
from flow.onnx_node import STANDARD, OnnxNode
from flow.unsupported import shown

__all__ = ["OPSETS", "OnnxGraph", "TensorInfo"]

OPSETS = range(10, 29)
"""Versions of the standard operators, from the first that has QuantizeLinear."""


@dataclass(frozen=True)
class TensorInfo:
    """What the file says about an input or output; a length that it does not say is a text."""

    name: str
    dtype: np.dtype[Any]
    shape: tuple[int | str, ...] | None


class OnnxGraph:
    """The only graph of a model, its nodes in an order in which they can be computed.

    Parameters
    ----------
    data
        The file's bytes.

    Raises
    ------
    BadModelError
        The bytes are no model, or the graph does not hold together.
    UserError
        The model is whole, but is of a kind that is not imported.

    Attributes
    ----------
    opset : version of the standard operators
    functions : (domain, name) of operators that the file itself defines
    constants : by name; `foreign` has, of those of another type, a sentence that says so
    inputs, outputs, nodes
    writers : the node that writes a tensor
    readers : how many nodes and outputs read a tensor
    names : of all tensors
    """

    def __init__(self, data: bytes) -> None:
        model = ModelProto()
        try:
            model.ParseFromString(data)
        except (DecodeError, UnicodeDecodeError):
            raise BadModelError("its bytes do not read as one; is it cut off?") from None
        if not model.HasField("graph") or not model.graph.node:
            raise BadModelError("it has no graph with nodes")
        self.opset = _opset(model)
        self.functions = {(text_of(f.domain), text_of(f.name)) for f in model.functions}
        graph = model.graph
        self.constants: dict[str, Array] = {}
        self.foreign: dict[str, str] = {}
        self._read_constants(graph)
        self.inputs = tuple(
            _info(value)
            for value in graph.input
            if value.name not in self.constants and value.name not in self.foreign
        )
        self.outputs = tuple(_info(value) for value in graph.output)
        self.nodes = _ordered([OnnxNode(proto) for proto in graph.node], self._given())
        self.writers = {name: node for node in self.nodes for name in node.outputs}
        self._check_outputs()
        self.readers: Mapping[str, int] = self._count_readers()
        self.names = {*self.readers, *self._given(), *self.writers}

    def _read_constants(self, graph: GraphProto) -> None:
        if graph.sparse_initializer:
            raise UserError("it has sparse constants; save them as dense ones")
        for proto in graph.initializer:
            name = text_of(proto.name)
            if not name or name in self.constants or name in self.foreign:
                raise BadModelError(f"two constants are named {shown(name)!r}, or it is no name")
            try:
                self.constants[name] = array_of(proto, name)
            except ForeignTypeError as error:
                self.foreign[name] = str(error)

    def _given(self) -> set[str]:
        given = {info.name for info in self.inputs}
        if len(given) != len(self.inputs) or "" in given:
            raise BadModelError("its inputs must have names of their own")
        return given | set(self.constants) | set(self.foreign)

    def _check_outputs(self) -> None:
        if not self.outputs:
            raise BadModelError("it has no output")
        if len({info.name for info in self.outputs}) != len(self.outputs):
            raise BadModelError("its outputs must have names of their own")
        for info in self.outputs:
            if info.name not in self.writers:
                raise BadModelError(f"no node writes its output {shown(info.name)}")

    def _count_readers(self) -> Mapping[str, int]:
        readers: dict[str, int] = {}
        for name in (
            *(name for node in self.nodes for name in node.inputs),
            *(info.name for info in self.outputs),
        ):
            readers[name] = readers.get(name, 0) + 1
        return readers


def _opset(model: ModelProto) -> int:
    versions = {entry.version for entry in model.opset_import if entry.domain in STANDARD}
    if len(versions) != 1:
        raise BadModelError("it must say one version of the standard operators")
    version = int(versions.pop())
    if version not in OPSETS:
        raise UserError(
            f"its operator set must be from {OPSETS[0]} to {OPSETS[-1]}, not {version}; convert it "
            "with onnx.version_converter"
        )
    return version


def _info(value: ValueInfoProto) -> TensorInfo:
    name = text_of(value.name)
    if not value.type.HasField("tensor_type"):
        raise UserError(f"{shown(name)} must be a tensor, not a sequence or a map")
    kind = value.type.tensor_type
    if kind.elem_type == TensorProto.UNDEFINED:
        raise BadModelError(f"tensor {shown(name)} has no type")
    try:
        dtype = dtype_of(kind.elem_type, name)
    except ForeignTypeError as error:
        raise UserError(str(error)) from None
    if not kind.HasField("shape"):
        return TensorInfo(name, dtype, None)
    lengths: list[int | str] = []
    for position, dimension in enumerate(kind.shape.dim):
        known = dimension.HasField("dim_value") and dimension.dim_value != -1
        lengths.append(
            int(dimension.dim_value) if known else text_of(dimension.dim_param) or "unknown"
        )
        if known and dimension.dim_value < 1:
            raise BadModelError(
                f"dimension {position} of tensor {shown(name)} must be at least 1, not "
                f"{dimension.dim_value}"
            )
    check_shape(tuple(n if isinstance(n, int) else 1 for n in lengths), name)
    return TensorInfo(name, dtype, tuple(lengths))


def _ordered(nodes: list[OnnxNode], given: set[str]) -> tuple[OnnxNode, ...]:
    """The nodes, each behind what it reads; otherwise in the order of the file."""
    writers: dict[str, int] = {}
    for index, node in enumerate(nodes):
        for name in filter(None, node.outputs):
            if name in writers or name in given:
                raise BadModelError(f"{node} writes {shown(name)}, which is there already")
            writers[name] = index
    waiting = []
    readers: list[list[int]] = [[] for _ in nodes]
    for index, node in enumerate(nodes):
        read = {name for name in node.inputs if name and name not in given}
        for name in read:
            if name not in writers:
                raise BadModelError(f"{node} reads {shown(name)}, which is nowhere")
            readers[writers[name]].append(index)
        waiting.append(len(read))
    ready = [index for index, count in enumerate(waiting) if not count]
    order = []
    while ready:
        index = heapq.heappop(ready)
        order.append(nodes[index])
        for reader in readers[index]:
            waiting[reader] -= 1
            if not waiting[reader]:
                heapq.heappush(ready, reader)
    if len(order) < len(nodes):
        stuck = next(node for node, count in zip(nodes, waiting, strict=True) if count)
        raise BadModelError(f"{stuck} waits, directly or not, for what it writes itself")
    return tuple(order)
