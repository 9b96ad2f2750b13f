"""Where the tensors of a network are in the activation memory."""

from collections.abc import Sequence

from flow.allocation import ALIGNMENT, Lifetime, Reuse, allocate
from flow.graph import Graph
from flow.layers import Flatten

__all__ = ["tensor_addresses"]


def tensor_addresses(graph: Graph, available: int, reuse: Reuse) -> dict[str, int]:
    """Return the address of every tensor; a flattened one is where the plain one is.

    Inputs are there from the start, outputs to the end. Raises ValueError, with the layer that
    needs most, if the memory has too few bytes.
    """
    same = {name: name for name in graph.inputs}
    for layer in graph.layers:
        same[layer.name] = same[layer.inputs[0]] if isinstance(layer, Flatten) else layer.name
    end = len(graph.layers)
    first = dict.fromkeys(graph.inputs, -1)
    last = dict.fromkeys(graph.inputs, -1)
    for index, layer in enumerate(graph.layers):
        first.setdefault(same[layer.name], index)
        last.setdefault(same[layer.name], index)
        for name in layer.inputs:
            last[same[name]] = index
    for name in graph.types if reuse is Reuse.NONE else graph.outputs:
        last[same[name]] = end
    lifetimes = [Lifetime(name, graph.types[name].bytes, first[name], last[name]) for name in first]
    addresses = allocate(lifetimes)
    needed = max(addresses[name] + graph.types[name].bytes for name in addresses)
    if needed > available:
        _refuse_activations(lifetimes, needed, available)
    return {name: addresses[other] for name, other in same.items()}


def _refuse_activations(lifetimes: Sequence[Lifetime], needed: int, available: int) -> None:
    """Say which step needs the most memory."""
    needed = -(-needed // ALIGNMENT) * ALIGNMENT

    def alive(at: Lifetime) -> list[Lifetime]:
        return [other for other in lifetimes if other.first <= at.first <= other.last]

    worst = max(lifetimes, key=lambda tensor: sum(other.bytes for other in alive(tensor)))
    listed = ", ".join(f"{tensor.name} {tensor.bytes}" for tensor in alive(worst))
    raise ValueError(
        f"layer {worst.name}: the tensors needed at this point ({listed} bytes) do not fit the "
        f"{available} bytes of the activation memory; the network needs activation_bytes={needed}"
    )
