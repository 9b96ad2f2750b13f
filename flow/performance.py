"""What each layer of a program does with the cycles it takes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from flow.compiled_program import CompiledProgram
from flow.cycles import InstructionCycles, predict_cycles
from flow.graph import Graph
from flow.layer_work import multiply_accumulates
from golden.instruction import Instruction
from hw.config import EngineConfig
from hw.launcher import StallCause

__all__ = ["LayerPerformance", "NetworkPerformance", "Roof", "elements", "network_performance"]


def elements(engine: EngineConfig) -> int:
    """Products that an array can do in a cycle."""
    count: int = engine.rows * engine.cols
    return count


class Roof(Enum):
    """What a layer cannot be faster than: each moves one row or word a cycle."""

    ACTIVATIONS = "activations"
    """Rows through the array, R bytes each: one of activations for each row of a pass."""
    WEIGHTS = "weights"
    """Words of C weights, R for each pass."""
    PARAMETERS = "parameters"
    """Parameter words, C for each column tile."""
    RESULTS = "results"
    """Rows of C results, as many cycles each as a requantizer serves columns."""


@dataclass(frozen=True)
class LayerPerformance:
    """A layer of a program.

    Parameters
    ----------
    name : of the layer
    products : that its definition has
    cycles : from the last row of the layers before it to its own last row
    rows : through the array
    passes : weight tiles
    results : rows of C outputs
    roofs : cycles that each of them takes alone
    stalls : cycles without a row, by cause
    waits : those without activations because earlier outputs are not written
    """

    name: str
    products: int
    cycles: int
    rows: int
    passes: int
    results: int
    roofs: Mapping[Roof, int]
    stalls: Mapping[StallCause, int]
    waits: int

    @property
    def roof(self) -> Roof:
        """The highest of them."""
        return max(self.roofs, key=self.roofs.__getitem__)

    @property
    def stalled(self) -> int:
        """Cycles without a row."""
        return sum(self.stalls.values())

    def utilization(self, engine: EngineConfig) -> float:
        """Products over those that the array could do in its cycles; 0 without cycles."""
        return self.products / (max(1, self.cycles) * elements(engine))

    def products_per_weight(self, engine: EngineConfig) -> float:
        """Products for each byte that is read from the weight memory."""
        return self.products / max(1, self.passes * elements(engine))

    def products_per_activation(self, engine: EngineConfig) -> float:
        """Products for each byte that is read from the activation memory."""
        read: int = self.rows * engine.rows
        return self.products / max(1, read)


@dataclass(frozen=True)
class NetworkPerformance:
    """A program.

    Parameters
    ----------
    engine : that it is for
    cycles : from its start to its end
    streaming : those from the first activation at the engine to the last result, both included
    layers : in its order
    """

    engine: EngineConfig
    cycles: int
    streaming: int
    layers: Sequence[LayerPerformance]

    @property
    def products(self) -> int:
        """Of all layers."""
        return sum(layer.products for layer in self.layers)

    @property
    def utilization(self) -> float:
        """Products over those that the array could do in all the cycles."""
        return self.products / (self.cycles * elements(self.engine))

    @property
    def rows(self) -> int:
        """Rows of all passes."""
        return sum(layer.rows for layer in self.layers)


def network_performance(graph: Graph, program: CompiledProgram) -> NetworkPerformance:
    """Return what the layers of a network do with their cycles.

    Raises
    ------
    ValueError
        The program cannot be predicted, as `flow.cycles.predict_cycles` says.
    """
    predicted = predict_cycles(program.instructions, program.config)
    engine = program.config.engine
    layers = []
    before = 0
    for layer, code in zip(graph.layers, program.layers, strict=True):
        part = slice(code.first, code.first + code.count)
        done = predicted.instructions[part]
        end = done[-1].last if done else before
        products = multiply_accumulates(layer, [graph.types[name] for name in layer.inputs])
        layers.append(
            _layer(layer.name, products, end - before, program.instructions[part], done, engine)
        )
        before = end
    streaming = predicted.last_result - predicted.first_activation + 1
    return NetworkPerformance(engine, predicted.cycles, streaming, layers)


def _layer(
    name: str,
    products: int,
    cycles: int,
    steps: Sequence[Instruction],
    done: Sequence[InstructionCycles],
    engine: EngineConfig,
) -> LayerPerformance:
    stalls: Counter[StallCause] = Counter()
    for each in done:
        stalls.update(each.stalls)
    rows, passes = sum(each.rows for each in done), sum(each.passes for each in done)
    tiles = sum(step.tiles_n for step in steps if step.drain)
    results = sum(step.tiles_n * step.rows for step in steps if step.drain)
    roofs = {
        Roof.ACTIVATIONS: rows,
        Roof.WEIGHTS: passes * engine.rows,
        Roof.PARAMETERS: tiles * engine.cols,
        Roof.RESULTS: results * engine.lane_columns,
    }
    return LayerPerformance(
        name=name,
        products=products,
        cycles=cycles,
        rows=rows,
        passes=passes,
        results=results,
        roofs=roofs,
        stalls=stalls,
        waits=sum(each.waits for each in done),
    )
