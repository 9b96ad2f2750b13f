"""What a run of the demo found; the result file and the report page are made from it."""

from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from flow.compiled_program import CompiledProgram
from flow.demo_networks import Accuracy, DemoNetworks
from flow.digits import DigitSet
from flow.float_layers import FloatArray, Shape
from flow.graph import Graph
from flow.layer_work import kind, multiply_accumulates
from flow.network import classes
from flow.program_job import ProgramResult
from golden.compare import Comparison, compare
from golden.program import Counters
from golden.quantization_error import QuantizationError, error_between, quantization_error
from golden.quantize import Quantization, dequantize, saturates

__all__ = ["DemoResult", "LayerResult", "WeightResult", "layer_results"]

Int8Array = npt.NDArray[np.int8]


@dataclass(frozen=True, kw_only=True)
class WeightResult:
    """The weights of a layer before quantization, and what quantization did to them."""

    values: FloatArray
    quantization: Quantization
    error: QuantizationError


@dataclass(frozen=True, kw_only=True)
class LayerResult:
    """One layer on the hardware, beside the golden model and the float network.

    Parameters
    ----------
    name, kind : what it is called, and what it is
    outputs : int8 array (n, y, x, channels), what the hardware wrote
    expected : likewise, golden's
    rows : rows of activations that the array takes: cycles, if nothing ever waits
    multiply_accumulates : products that the layer's definition has
    utilization : of the array's elements while it takes these rows
    weights : None for a layer that has none
    quantization : what the outputs stand for
    float_outputs : before quantization
    error : what quantization did to the outputs
    """

    name: str
    kind: str
    outputs: Int8Array
    expected: Int8Array
    rows: int
    multiply_accumulates: int
    utilization: float
    weights: WeightResult | None
    quantization: Quantization
    float_outputs: FloatArray
    error: QuantizationError

    @cached_property
    def comparison(self) -> Comparison:
        """Of the outputs with golden's."""
        return compare(self.outputs, self.expected)

    @property
    def shape(self) -> Shape:
        """Of the output for one image, (y, x, channels)."""
        _, y, x, channels = self.outputs.shape
        return y, x, channels


@dataclass(frozen=True, kw_only=True)
class DemoResult:
    """Everything that the demo shows.

    Parameters
    ----------
    held_out : the images that ran
    graph : the int8 network
    program : what ran
    inputs : the images as the hardware had them
    layers : in order, those that compute something
    counters : what was counted
    expected_counters : what golden counted
    cycles : of all runs together; None where none are counted
    accuracies : of every network, the hardware last
    settings : what was asked for and built, name by name, in words
    seconds : wall time of each stage, name by name
    """

    held_out: DigitSet
    graph: Graph
    program: CompiledProgram
    inputs: Int8Array
    layers: tuple[LayerResult, ...]
    counters: Counters
    expected_counters: Counters
    cycles: int | None
    accuracies: tuple[Accuracy, ...]
    settings: dict[str, str]
    seconds: dict[str, float]

    @property
    def elements(self) -> int:
        """Outputs compared, all layers together."""
        return sum(layer.comparison.total for layer in self.layers)

    @property
    def differences(self) -> int:
        """Outputs that are not golden's."""
        return sum(layer.comparison.count for layer in self.layers)

    @property
    def equal(self) -> bool:
        """Whether all outputs and counters are golden's."""
        counted_alike = self.counters == self.expected_counters
        return self.differences == 0 and counted_alike

    @property
    def verdict(self) -> str:
        """In a sentence."""
        if self.differences:
            return f"{self.differences:,} of {self.elements:,} elements differ from golden"
        if not self.equal:
            return f"all {self.elements:,} elements equal, but counters differ from golden's"
        return f"all {self.elements:,} elements equal, to the last bit"

    @property
    def rows(self) -> int:
        """Rows of activations of all layers."""
        return sum(layer.rows for layer in self.layers)

    @property
    def utilization(self) -> float:
        """Of the array, over all cycles; where none are counted, over all rows of activations."""
        engine = self.program.config.engine
        products = sum(layer.multiply_accumulates for layer in self.layers)
        possible: int = (self.cycles or self.rows) * engine.rows * engine.cols
        return products / possible

    @property
    def predictions(self) -> npt.NDArray[np.int64]:
        """What the hardware read, image by image."""
        return classes(self.layers[-1].outputs)

    def as_json(self) -> dict[str, Any]:
        """The result file's content: numbers and names, no arrays."""
        return {
            "equal": self.equal,
            "elements": self.elements,
            "differences": self.differences,
            "cycles": self.cycles,
            "utilization": round(self.utilization, 4),
            "counters": asdict(self.counters),
            "expected_counters": asdict(self.expected_counters),
            "accuracies": [
                {
                    "network": accuracy.network,
                    "computed_by": accuracy.computed_by,
                    "right": accuracy.right,
                    "total": accuracy.total,
                }
                for accuracy in self.accuracies
            ],
            "layers": [_layer_as_json(layer) for layer in self.layers],
            "predictions": self.predictions.tolist(),
            "settings": self.settings,
            "seconds": {name: round(seconds, 2) for name, seconds in self.seconds.items()},
        }


def layer_results(
    networks: DemoNetworks, held_out: DigitSet, program: CompiledProgram, run: ProgramResult
) -> list[LayerResult]:
    """Compare each layer with golden, and golden with the float network.

    Layers without instructions compute nothing and are left out.
    """
    quantized, engine = networks.quantized, program.config.engine
    expected = quantized.run(quantized.quantize_images(held_out.images))
    floats = networks.tuned.run(held_out.images)
    types = quantized.graph(len(held_out)).types
    runs = len(held_out) // program.tensors[program.inputs[0]].type.shape[0]
    results = []
    for layer, code in zip(quantized.layers, program.layers, strict=True):
        if not code.count:
            continue
        name, q = layer.name, quantized.tensors[layer.name]
        steps = program.instructions[code.first : code.first + code.count]
        rows = runs * sum(step.passes * step.rows for step in steps)
        products = multiply_accumulates(layer, [types[read] for read in layer.inputs])
        results.append(
            LayerResult(
                name=name,
                kind=kind(layer),
                outputs=run.tensors[name],
                expected=expected[name],
                rows=rows,
                multiply_accumulates=products,
                utilization=products / (rows * engine.rows * engine.cols),
                weights=_weights(networks, name),
                quantization=q,
                float_outputs=floats[name],
                error=error_between(
                    floats[name], dequantize(expected[name], q), saturates(floats[name], q)
                ),
            )
        )
    return results


def _weights(networks: DemoNetworks, name: str) -> WeightResult | None:
    if name not in networks.quantized.weights:
        return None
    values, q = networks.tuned.parameters[name][0], networks.quantized.weights[name]
    return WeightResult(values=values, quantization=q, error=quantization_error(values, q))


def _layer_as_json(layer: LayerResult) -> dict[str, Any]:
    found = {
        "name": layer.name,
        "kind": layer.kind,
        "shape": layer.shape,
        "elements": layer.comparison.total,
        "differences": layer.comparison.count,
        "first_difference": str(layer.comparison.first) if layer.comparison.first else None,
        "rows": layer.rows,
        "multiply_accumulates": layer.multiply_accumulates,
        "utilization": round(layer.utilization, 4),
        "output_sqnr_db": round(layer.error.sqnr_db, 2),
    }
    if layer.weights is not None:
        found["weight_sqnr_db"] = round(layer.weights.error.sqnr_db, 2)
    return found
