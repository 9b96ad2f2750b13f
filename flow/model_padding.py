"""Padding nodes that become part of the convolutions that read them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from golden.kernel_window import KernelWindow, Pair
from golden.model import Layout, Model, Node
from golden.operators import Convolution, DepthwiseConvolution, Pad

__all__ = ["FoldedModel", "fold_padding"]

Padding = tuple[Pair, Pair]


@dataclass(frozen=True, eq=False)
class FoldedModel:
    """A model without the padding nodes that convolutions can take over.

    Parameters
    ----------
    model : what is left
    folded : the padding nodes, each with the names of the nodes that do it now
    """

    model: Model
    folded: Mapping[str, tuple[str, ...]]


def fold_padding(model: Model) -> FoldedModel:
    """Move padding into the windows of the convolutions that read it, if nothing else does."""
    changed: dict[str, Node] = {}
    folded: dict[str, tuple[str, ...]] = {}
    for node in model.nodes:
        readers = [other for other in model.nodes if set(node.outputs) & set(other.inputs)]
        pads = _spatial(model, node)
        if pads is None or not readers or set(node.outputs) & set(model.outputs):
            continue
        padded = [_with_padding(changed.get(r.name, r), node, pads) for r in readers]
        if all(reader is not None for reader in padded):
            changed |= {reader.name: reader for reader in padded if reader is not None}
            folded[node.name] = tuple(reader.name for reader in readers)
    nodes = [changed.get(node.name, node) for node in model.nodes if node.name not in folded]
    return FoldedModel(replace(model, nodes=nodes), folded)


def _spatial(model: Model, node: Node) -> Padding | None:
    """The padding of height and width of a node that pads these with zeros and nothing else."""
    if not isinstance(node.operator, Pad) or node.operator.value != 0:
        return None
    source, target = (model.tensors[name] for name in (node.inputs[0], node.outputs[0]))
    before, after = source.quantization, target.quantization
    if before is None or after is None or len(node.operator.pads) != 4:
        return None
    if (before.scale, before.zero_point) != (after.scale, after.zero_point):
        return None
    spatial = (1, 2) if model.layout is Layout.CHANNELS_LAST else (2, 3)
    others = [pads for axis, pads in enumerate(node.operator.pads) if axis not in spatial]
    if any(pads != (0, 0) for pads in others):
        return None
    return node.operator.pads[spatial[0]], node.operator.pads[spatial[1]]


def _with_padding(reader: Node, node: Node, pads: Padding) -> Node | None:
    """The convolution on what the padding reads; None if it cannot be."""
    operator = reader.operator
    if not isinstance(operator, Convolution | DepthwiseConvolution):
        return None
    if reader.inputs[0] != node.outputs[0] or node.outputs[0] in reader.inputs[1:]:
        return None
    (top, bottom), (left, right) = operator.window.padding
    (above, below), (before, behind) = pads
    padding = ((top + above, bottom + below), (left + before, right + behind))
    try:
        window: KernelWindow = replace(operator.window, padding=padding)
    except ValueError:
        return None
    inputs = (node.inputs[0], *reader.inputs[1:])
    return replace(reader, operator=replace(operator, window=window), inputs=inputs)
