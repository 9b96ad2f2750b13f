"""The smallest job that still fails: halves and ever smaller parts are left out while it does."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from flow.graph import Graph
from flow.layers import Layer
from flow.mismatch_cuts import Axis, NetworkJob, axes

__all__ = ["Reduced", "reduce_job"]

Int8Array = npt.NDArray[np.int8]
Tensors = Mapping[str, Int8Array]
Predicate = Callable[[NetworkJob], bool]

MOST_RUNS = 200


@dataclass(frozen=True, eq=False)
class Reduced:
    """A small job that fails.

    Parameters
    ----------
    job : what is left
    runs : that it took
    """

    job: NetworkJob
    runs: int


def reduce_job(
    graph: Graph,
    layer: Layer,
    expected: Tensors,
    fails: Predicate,
    *,
    most_runs: int = MOST_RUNS,
) -> Reduced | None:
    """Return a small job in which a layer fails; None if even the whole network does not.

    The layer alone is tried first, on what it must have read; then those that it needs, then all.
    `expected` has every tensor of the network, its inputs too.
    """
    counted = _Counted(fails, most_runs)
    for job in _starts(graph, layer, expected):
        if counted.fails(job):
            return Reduced(_cut(job, counted), counted.runs)
    return None


class _Counted:
    """A predicate that says no when it has been asked often enough."""

    def __init__(self, fails: Predicate, most_runs: int) -> None:
        self.runs = 0
        self._fails = fails
        self._most_runs = most_runs

    def fails(self, job: NetworkJob) -> bool:
        """Run the job."""
        if self.runs >= self._most_runs:
            return False
        self.runs += 1
        return self._fails(job)


def _starts(graph: Graph, layer: Layer, expected: Tensors) -> Iterator[NetworkJob]:
    alone = dict.fromkeys(layer.inputs)
    yield NetworkJob(
        Graph({name: graph.types[name] for name in alone}, [layer]),
        {name: expected[name] for name in alone},
    )
    needed = {layer.name}
    for other in reversed(graph.layers):
        if other.name in needed:
            needed |= set(other.inputs)
    layers = [other for other in graph.layers if other.name in needed]
    read = {name: kind for name, kind in graph.inputs.items() if name in needed}
    if len(layers) > 1:
        yield NetworkJob(
            Graph(read, layers, (layer.name,)), {name: expected[name] for name in read}
        )
    if len(layers) < len(graph.layers):
        yield NetworkJob(graph, {name: expected[name] for name in graph.inputs})


def _cut(job: NetworkJob, counted: _Counted) -> NetworkJob:
    """Cut along every axis in turn, until none gets shorter."""
    changed = True
    while changed:
        changed = False
        for name in [axis.name for axis in axes(job)]:
            axis = next(axis for axis in axes(job) if axis.name == name)
            kept = _shorten(axis, counted)
            if kept != range(axis.length):
                job = axis.keep(kept)
                changed = True
    return job


def _shorten(axis: Axis, counted: _Counted) -> range:
    """Leave out as much as possible at the end and the beginning, half of it at first."""
    kept = range(axis.length)
    step = axis.length // 2
    while step:
        step = min(step, len(kept) - 1)
        for part in (kept[: len(kept) - step], kept[step:]):
            if step and counted.fails(axis.keep(part)):
                kept = part
                break
        else:
            step //= 2
    return kept
