"""Why a tensor is not what it must be: the first element that differs, where it is computed, how.

The first layer that differs, in the order of the program, has read tensors that were right; so what
golden does with them is what the hardware had to do.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from flow.compiled_program import CompiledProgram
from flow.graph import Graph
from flow.layers import Layer
from flow.mismatch_faults import explain_by_faults
from flow.mismatch_location import Element, Location, locate
from flow.mismatch_replay import ElementPlaces, LayerReplay, layer_code
from flow.mismatch_rounding import RequantizationCase, requantization_case, together
from flow.network_run import kept_tensors
from golden.compare import Comparison, compare
from golden.diagnose import diagnose
from golden.hypothesis import Explanation
from golden.origin import Requantized

__all__ = ["Mismatch", "explain_mismatch", "first_layer"]

Int8Array = npt.NDArray[np.int8]
Tensors = Mapping[str, Int8Array]

LARGEST_DIAGNOSED = 1 << 18
"""Elements in which causes are looked for; of larger tensors those of one image."""


@dataclass(frozen=True, eq=False)
class Mismatch:
    """A layer that differs, and its first element that does.

    Parameters
    ----------
    layer : the first one that differs
    comparison : of all its elements
    unknown : layers before it that were not compared, since their places were used again
    location : where its first differing element is computed
    actual, expected : that element
    case : how golden requantizes it
    columns : of the array, in which there are differences, and how many it uses
    causes : that explain all or most differences, best first
    compiled_wrongly : golden finds the same difference in the program: it is not the hardware's
    """

    layer: Layer
    comparison: Comparison
    unknown: tuple[str, ...]
    location: Location
    actual: int
    expected: int
    case: RequantizationCase
    columns: tuple[tuple[int, ...], int]
    causes: tuple[Explanation, ...]
    compiled_wrongly: bool


def first_layer(
    graph: Graph, program: CompiledProgram, expected: Tensors, actual: Tensors
) -> Layer | None:
    """The first layer with instructions that differs; None if none does as far as is known."""
    kept = kept_tensors(graph, program)
    for layer in graph.layers:
        name = layer.name
        computed = name in kept and layer_code(program, name).count
        if computed and not np.array_equal(expected[name], actual[name]):
            return layer
    return None


def explain_mismatch(
    graph: Graph, program: CompiledProgram, expected: Tensors, actual: Tensors
) -> Mismatch | None:
    """Explain the first difference of one run of a program; None if there is none.

    `expected` has every tensor of the network, its inputs too.
    """
    layer = first_layer(graph, program, expected, actual)
    if layer is None:
        return None
    right, found = expected[layer.name], actual[layer.name]
    comparison = compare(found, right)
    assert comparison.first is not None
    batch, y, x, channel = comparison.first.index
    element: Element = (batch, y, x, channel)
    replay = LayerReplay(program, layer, expected)
    places = replay.places()
    location = locate(program, layer, element, expected, places)
    parameters = program.parameters[int(places.parameter[element])]
    case = requantization_case(parameters, int(places.accumulator[element]))
    different = np.asarray(found != right)
    compiled_wrongly = case.result != int(right[element])
    kept = kept_tensors(graph, program)
    before = graph.layers[: list(graph.layers).index(layer)]
    return Mismatch(
        layer=layer,
        comparison=comparison,
        unknown=tuple(other.name for other in before if other.name not in kept),
        location=location,
        actual=int(found[element]),
        expected=int(right[element]),
        case=case,
        columns=(
            tuple(sorted(set(places.column[different].tolist()))),
            len(set(places.column.ravel().tolist())),
        ),
        causes=() if compiled_wrongly else _causes(replay, places, found, right, batch),
        compiled_wrongly=compiled_wrongly,
    )


def _causes(
    replay: LayerReplay, places: ElementPlaces, found: Int8Array, right: Int8Array, batch: int
) -> tuple[Explanation, ...]:
    """Mistakes of the requantization or of the order, and faults of the array."""
    image = slice(None) if found.size <= LARGEST_DIAGNOSED else slice(batch, batch + 1)
    wrong = np.unique(places.column[found != right])
    by_channel = places.column[0, 0, 0]
    channels = np.flatnonzero(np.isin(by_channel, wrong))
    alone = ""
    if len(channels) == len(by_channel) or (places.column != by_channel).any():
        channels = np.arange(len(by_channel))
    else:
        alone = f"of the channels in column{'s' * (len(wrong) > 1)} {', '.join(map(str, wrong))}, "
    parameters = places.parameter[0, 0, 0, channels]
    requantization = together([replay.program.parameters[int(index)] for index in parameters])
    origin = None
    if requantization is not None:
        accumulators = places.accumulator[image][..., channels].astype(np.int32)
        origin = Requantized(accumulators, requantization)
    arithmetic = [
        replace(each, sentence=f"{alone}{each.sentence}")
        for each in diagnose(found[image][..., channels], right[image][..., channels], origin)
    ]
    everywhere = len(wrong) == len(np.unique(places.column))
    if everywhere and any(each.complete for each in arithmetic):
        return tuple(arithmetic)
    array = explain_by_faults(replay, places, found, right)
    both = [*arithmetic, *array]
    return tuple([each for each in both if each.complete] or both)
