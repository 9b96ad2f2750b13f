"""The integers of a layer's weights and bias, and the proof that they fit an int32 accumulator."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from flow.errors import UserError
from flow.onnx_float import FloatArray
from golden.accumulate import accumulator_range
from golden.formats import INT8, INT32, IntegerFormat
from golden.quantization import Quantization
from golden.quantize import QuantizationKind, choose, quantize, raise_to_power_of_two
from golden.ranges import RangeRule, find_range

__all__ = ["LayerCodes", "WeightSettings", "quantize_layer"]

LARGEST_BIAS = 2**30
"""Steps that a bias may have: half of int32 is left to the products."""
SMALLEST_STEP = 2.0**-100
"""Of an accumulator: what a rescaling makes of it is a normal float32."""


@dataclass(frozen=True, kw_only=True)
class WeightSettings:
    """How weights are quantized: symmetric, without the lowest code, the zero point 0.

    Parameters
    ----------
    format : 8 bits or fewer, signed
    rule : how the range follows from the weights
    per_channel : a scale for each output channel
    power_of_two : every scale is one
    """

    format: IntegerFormat = INT8
    rule: RangeRule = RangeRule.MIN_MAX
    per_channel: bool = True
    power_of_two: bool = False

    def __post_init__(self) -> None:
        if not self.format.signed or not 2 <= self.format.bits <= 8:
            raise ValueError(f"weights must be int2 to int8, not {self.format}")


@dataclass(frozen=True)
class LayerCodes:
    """What a layer computes with.

    Parameters
    ----------
    weights : int8, in the shape of the real weights
    quantization : theirs
    bias : int32, or None if the layer has none
    bias_scale : float32, activation scale times weight scale
    widened : channels whose scale was raised for the bias to fit
    """

    weights: npt.NDArray[np.int8]
    quantization: Quantization
    bias: npt.NDArray[np.int32] | None
    bias_scale: npt.NDArray[np.float32]
    widened: int


def quantize_layer(
    name: str,
    weights: FloatArray,
    bias: FloatArray | None,
    axis: int,
    activation: Quantization,
    settings: WeightSettings,
) -> LayerCodes:
    """Quantize the weights, output channels along `axis`, and the bias of a layer.

    The bias has the scale of the accumulator, f32(activation scale * weight scale). Where it would
    have more than 2^30 steps, the weights' scale is raised to |bias| / (2^30 activation scale):
    such weights are tiny beside their bias, and lose nothing that shows.

    Raises UserError if some input could overflow the int32 accumulator.
    """
    found = find_range(
        weights,
        settings.rule,
        settings.format,
        axis=axis if settings.per_channel else None,
        symmetric=True,
    )
    kinds = QuantizationKind.SYMMETRIC, QuantizationKind.POWER_OF_TWO
    chosen = choose(found, settings.format, kinds[settings.power_of_two], narrow=True)
    wide, widened = _widened(chosen, bias, activation, settings)
    codes = quantize(weights, wide).astype(np.int8)
    step = np.asarray(activation.scale * wide.scale, np.float32)
    steps = None if bias is None else np.rint(bias.astype(np.float64) / step)
    _check_accumulator(name, np.moveaxis(codes, axis, -1), steps, activation)
    whole = None if steps is None else steps.astype(np.int32)
    return LayerCodes(codes, wide, whole, step, widened)


def _widened(
    chosen: Quantization,
    bias: FloatArray | None,
    activation: Quantization,
    settings: WeightSettings,
) -> tuple[Quantization, int]:
    largest = np.zeros(chosen.scale.shape)
    if bias is not None:
        magnitude = np.abs(bias).astype(np.float64)
        largest = magnitude if chosen.axis is not None else np.asarray(magnitude.max())
    step = np.maximum(largest / LARGEST_BIAS, SMALLEST_STEP)
    least = step / activation.scale.astype(np.float64)
    if settings.power_of_two:
        least = raise_to_power_of_two(least)
    raised = chosen.scale < least
    scale = np.where(raised, least, chosen.scale).astype(np.float32)
    wide = Quantization(scale, chosen.zero_point, chosen.format, chosen.axis, chosen.narrow)
    return wide, int(np.sum(raised))


def _check_accumulator(
    name: str,
    codes: npt.NDArray[np.int8],
    bias: npt.NDArray[np.float64] | None,
    activation: Quantization,
) -> None:
    """Hold the sums of every channel, over all activations, against int32; channels are last."""
    matrix = codes.reshape(-1, codes.shape[-1]).astype(np.int64)
    start = np.zeros(matrix.shape[1]) if bias is None else bias
    folded = start.astype(np.int64) - int(activation.zero_point) * matrix.sum(axis=0)
    low, high = accumulator_range(matrix, activation.format, folded)
    if not INT32.contains(low) or not INT32.contains(high):
        raise UserError(
            f"the accumulator of {name} could reach {max(map(abs, low + high))}, beyond int32; "
            "give fewer --weight-bits or a model with smaller layers"
        )
