"""What a run of the demo found; the result file and the report page are made from it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from flow.demo_networks import Accuracy
from flow.digits import DigitSet
from flow.job import JobResult
from flow.network import FloatArray
from flow.quantized_network import LayerRecord, QuantizedLayer, predictions
from golden.compare import Comparison, compare
from golden.quantization_error import QuantizationError, error_between, quantization_error
from golden.quantize import dequantize, saturates
from sim.gemm_job import GemmJob

__all__ = ["DemoResult", "LayerResult", "layer_result"]

Int8Array = npt.NDArray[np.int8]


@dataclass(frozen=True, kw_only=True)
class LayerResult:
    """One layer on the hardware, beside the golden model and the float network.

    Parameters
    ----------
    layer : its integers
    job : what the engine was given
    outputs : int8 array (M, N), what the hardware put out
    comparison : of the outputs with golden
    cycles : clock cycles from the first input to the last output
    utilization : useful multiply-accumulates over those the array could do in these cycles
    busy : bool (cycles,), in which of them a row of activations entered the array
    float_weights, float_outputs : before quantization, (K, N) and (M, N)
    weight_error, output_error : what quantization did to them
    """

    layer: QuantizedLayer
    job: GemmJob
    outputs: Int8Array
    comparison: Comparison
    cycles: int
    utilization: float
    busy: npt.NDArray[np.bool_]
    float_weights: FloatArray
    float_outputs: FloatArray
    weight_error: QuantizationError
    output_error: QuantizationError

    @property
    def shape(self) -> tuple[int, int, int]:
        """M, K and N of the product."""
        return (len(self.outputs), *self.layer.weights.shape)

    @property
    def used(self) -> npt.NDArray[np.float64]:
        """Of each cycle, the share of the array's elements that take a useful product.

        A row of activations counts in the cycle it enters; what pads the last tiles does not. The
        mean is the utilization.
        """
        _, k, n = self.shape
        rows, cols = self.job.config.rows, self.job.config.cols
        shares = np.concatenate(
            [
                np.full(
                    step.count,
                    min(rows, k - step.k_tile * rows) * min(cols, n - step.n_tile * cols),
                )
                for step in self.job.passes
            ]
        )
        used = np.zeros(self.cycles)
        used[self.busy] = shares / (rows * cols)
        return used

    @property
    def multiply_accumulates(self) -> int:
        """Useful products, without those of padding."""
        m, k, n = self.shape
        return m * k * n


@dataclass(frozen=True, kw_only=True)
class DemoResult:
    """Everything that the demo shows.

    Parameters
    ----------
    held_out : the images that ran
    layers : in order
    accuracies : of every network, the hardware last
    settings : what was asked for and built, name by name, in words
    seconds : wall time of each stage, name by name
    """

    held_out: DigitSet
    layers: tuple[LayerResult, ...]
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
    def cycles(self) -> int:
        """Clock cycles of all layers."""
        return sum(layer.cycles for layer in self.layers)

    @property
    def utilization(self) -> float:
        """Of all layers, weighted by their cycles."""
        return sum(layer.utilization * layer.cycles for layer in self.layers) / self.cycles

    @property
    def predictions(self) -> npt.NDArray[np.int64]:
        """What the hardware read, image by image."""
        return predictions(self.layers[-1].outputs)

    def as_json(self) -> dict[str, Any]:
        """The result file's content: numbers and names, no arrays."""
        return {
            "equal": self.differences == 0,
            "elements": self.elements,
            "differences": self.differences,
            "cycles": self.cycles,
            "utilization": round(self.utilization, 4),
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


def layer_result(
    record: LayerRecord,
    job: GemmJob,
    run: JobResult,
    float_weights: FloatArray,
    float_outputs: FloatArray,
) -> LayerResult:
    """Compare one layer with golden (`record`), and golden with the float network.

    `run` is from a level with a clock.
    """
    q = record.layer.quantization
    assert run.cycles is not None
    assert run.utilization is not None
    assert run.busy is not None
    return LayerResult(
        layer=record.layer,
        job=job,
        outputs=run.outputs,
        comparison=compare(run.outputs, record.outputs),
        cycles=run.cycles,
        utilization=run.utilization,
        busy=run.busy,
        float_weights=float_weights,
        float_outputs=float_outputs,
        weight_error=quantization_error(float_weights, q.weights),
        output_error=error_between(
            float_outputs,
            dequantize(record.outputs, q.output),
            saturates(float_outputs, q.output),
        ),
    )


def _layer_as_json(layer: LayerResult) -> dict[str, Any]:
    m, k, n = layer.shape
    return {
        "name": layer.layer.name,
        "m": m,
        "k": k,
        "n": n,
        "elements": layer.comparison.total,
        "differences": layer.comparison.count,
        "first_difference": str(layer.comparison.first) if layer.comparison.first else None,
        "cycles": layer.cycles,
        "multiply_accumulates": layer.multiply_accumulates,
        "utilization": round(layer.utilization, 4),
        "accumulator_bits": layer.layer.accumulator_bits,
        "weight_sqnr_db": round(layer.weight_error.sqnr_db, 2),
        "output_sqnr_db": round(layer.output_error.sqnr_db, 2),
    }
