"""Reads int8 and uint8 models of .tflite files."""

from flow.errors import UserError
from flow.tflite_node import FileNode
from flow.tflite_operators import READERS
from flow.tflite_tables import FileGraph, FileOperator, read_tables
from flow.tflite_tensors import NodeError, Tensors
from flow.unsupported import Unsupported, shown
from golden.model import Layout, Model, Node

__all__ = ["read_tflite"]


def read_tflite(data: bytes) -> Model:
    """Read a .tflite file into a deployed model.

    A node is called like the tensor it writes. Tensors have the names of the file; one whose name
    an earlier tensor has gets `#` and its index behind it. Constants are views of `data`, laid out
    as `golden.operators` says; a second layout of the same constant gets a name of its own.
    Tensors that only describe a node (a shape, axes, paddings) are no part of the model. A batch
    that may be resized is that of the file's shape, 1 as a rule.

    Raises UserError, in a sentence without the file's name, if the file is not whole, its nodes
    are out of order, or it has what cannot be imported: then all of that is listed.
    """
    graph = read_tables(data)
    _check_indices(graph)
    tensors = Tensors(graph.tensors)
    _check_order(graph, tensors)
    unsupported = Unsupported()
    nodes = [
        node
        for operator in graph.operators
        if (node := _node(operator, tensors, unsupported)) is not None
    ]
    for kind, indices in (("input", graph.inputs), ("output", graph.outputs)):
        for index in indices:
            try:
                tensors.any(index)
            except NodeError as error:
                unsupported.add(f"{kind} of the model", tensors.name(index), str(error))
    unsupported.check()
    return Model(
        tensors=tensors.used,
        nodes=nodes,
        inputs=tuple(map(tensors.name, graph.inputs)),
        outputs=tuple(map(tensors.name, graph.outputs)),
        layout=Layout.CHANNELS_LAST,
    )


def _node(operator: FileOperator, tensors: Tensors, unsupported: Unsupported) -> Node | None:
    name = tensors.name(operator.outputs[0])
    if operator.operator not in READERS:
        unsupported.add(operator.operator, name, "there is no such operator here")
        return None
    try:
        computed, inputs = READERS[operator.operator](FileNode(operator, tensors))
    except NodeError as error:
        unsupported.add(operator.operator, name, str(error))
        return None
    return Node(name, computed, inputs, (name,))


def _check_indices(graph: FileGraph) -> None:
    """Every index leads to a tensor; -1 is an absent input."""
    if not graph.operators or not graph.outputs:
        raise UserError("the model must have at least one operator and one output")
    count = len(graph.tensors)
    found = [(-1, operator.inputs) for operator in graph.operators]
    found += [(0, operator.outputs) for operator in graph.operators]
    found += [(0, graph.inputs), (0, graph.outputs)]
    for lowest, indices in found:
        for index in indices:
            if not lowest <= index < count:
                raise UserError(
                    f"not a whole .tflite file: it names tensor {index}, and there are {count}"
                )
    for operator in graph.operators:
        if not operator.outputs:
            raise UserError(f"not a whole .tflite file: {operator.operator} without an output")


def _check_order(graph: FileGraph, tensors: Tensors) -> None:
    """Each node reads what is there before it, and writes what is not."""
    known = {i for i, tensor in enumerate(graph.tensors) if tensor.data is not None}
    for index in graph.inputs:
        if index in known:
            raise UserError(f"input {shown(tensors.name(index))} is constant or named twice")
        known.add(index)
    for operator in graph.operators:
        node = shown(tensors.name(operator.outputs[0]))
        for index in operator.inputs:
            if index != -1 and index not in known:
                what = shown(tensors.name(index))
                raise UserError(f"node {node} reads {what}, which nothing before it writes")
        for index in operator.outputs:
            if index in known:
                what = shown(tensors.name(index))
                raise UserError(f"node {node} writes {what}, which is there already")
            known.add(index)
    for index in graph.outputs:
        if index not in known:
            raise UserError(f"output {shown(tensors.name(index))} is written by no node")
