"""The two ways to run a fully-connected layer with integer weights, and the memory each saves."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from golden.accumulate import required_bits
from golden.channels import as_codes, as_float, as_float32
from golden.formats import INT32
from golden.gemm import matmul
from golden.layer_memory import LayerMemory, packed_bytes
from golden.quantize import Quantization, dequantize, quantize
from golden.real_scale import combine_scales
from golden.requantize import Requantization, requantize
from golden.rounding import Rounding
from golden.scheme import Scheme

__all__ = ["LayerMemory", "WeightAndActivation", "WeightOnly"]


@dataclass(frozen=True, eq=False)
class WeightOnly:
    """Integer weights, float32 arithmetic: `run` is x @ dequantize(weights) + bias.

    The weights take less memory and traffic; the multiplications stay float32, and their last bits
    depend on the order in which the library adds.

    Parameters
    ----------
    weights
        Codes (K, N).
    quantization
        Of the weights: per tensor or per axis, with any zero point.
    bias
        (N,) float32, or None.
    """

    weights: NDArray[np.integer]
    quantization: Quantization
    bias: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        _check_matrix(self.weights)
        dequantize(self.weights, self.quantization)  # raises for codes that do not fit
        if self.bias is not None:
            object.__setattr__(self, "bias", _checked_bias(self.bias, self.weights.shape[1]))

    @classmethod
    def from_float(
        cls, weights: ArrayLike, quantization: Quantization, bias: ArrayLike | None = None
    ) -> Self:
        """Quantize float weights (K, N)."""
        codes = quantize(as_float(weights, "weights"), quantization)
        return cls(codes, quantization, None if bias is None else as_float32(bias, "bias"))

    def run(self, x: ArrayLike) -> NDArray[np.float32]:
        """Return float32 outputs (..., N) of float activations (..., K)."""
        product = as_float32(x) @ dequantize(self.weights, self.quantization)
        return np.asarray(product if self.bias is None else product + self.bias)

    def memory_bytes(self, rows: int = 1) -> LayerMemory:
        """Return the memory with `rows` rows of activations, all of them float32."""
        k, n = self.weights.shape
        q = self.quantization
        biases = 0 if self.bias is None else n
        zero_points = packed_bytes(q.zero_point.size, q.format) if q.zero_point.any() else 0
        return LayerMemory(
            weights=packed_bytes(k * n, q.format),
            parameters=4 * (q.scale.size + biases) + zero_points,
            activations=4 * rows * (k + n),
            float32=4 * (k * n + biases + rows * (k + n)),
        )


@dataclass(frozen=True, eq=False)
class WeightAndActivation:
    """Integer weights and activations: `run` is requantize(x @ weights), every bit of it defined.

    Parameters
    ----------
    weights
        Codes (K, N) with zero point 0.
    weight_quantization
        Per tensor, or per output channel (axis 1).
    input_quantization, output_quantization
        Of the activations, per tensor.
    requantization
        N channels; the input's zero point is folded into the bias, so that the product needs no
        correction: bias - zero_point * (sum of the channel's weights).
    """

    weights: NDArray[np.integer]
    weight_quantization: Quantization
    input_quantization: Quantization
    output_quantization: Quantization
    requantization: Requantization

    def __post_init__(self) -> None:
        _check_matrix(self.weights)
        _check_quantizations(
            self.weight_quantization, self.input_quantization, self.output_quantization
        )
        needed = required_bits(
            self.weights, self.input_quantization.format, self.requantization.bias
        )
        if needed > INT32.bits:
            raise ValueError(
                f"the accumulator must hold {needed} bits and has {INT32.bits}; "
                f"make K, the weights or the bias smaller"
            )

    @classmethod
    def from_float(
        cls,
        weights: ArrayLike,
        weight_quantization: Quantization,
        input_quantization: Quantization,
        output_quantization: Quantization,
        bias: ArrayLike | None = None,
        *,
        scheme: Scheme = Scheme.FLOAT32,
        tie: Rounding = Rounding.HALF_EVEN,
        relu: bool = False,
    ) -> Self:
        """Quantize a float layer: weights (K, N), bias (N,); a ReLU is the lower clip bound.

        A bias is rounded to steps of input scale * weight scale, ties to even.
        """
        _check_quantizations(weight_quantization, input_quantization, output_quantization)
        codes = quantize(as_float(weights, "weights"), weight_quantization)
        xs, ws, ys = (
            q.scale for q in (input_quantization, weight_quantization, output_quantization)
        )
        steps = -input_quantization.zero_point * codes.sum(axis=0, dtype=np.int64)
        if bias is not None:
            real = _checked_bias(bias, codes.shape[-1]).astype(np.float64)
            steps = steps + np.rint(real / (xs.astype(np.float64) * ws))
        if not INT32.contains(steps):
            raise ValueError(f"the bias must fit int32, not be {np.abs(steps).max():.0f} steps")
        scale: NDArray[np.floating] = xs.astype(np.float64) * ws / ys
        if scheme is Scheme.FLOAT32:
            scale = combine_scales(xs, ws, ys)
        zero_point = int(output_quantization.zero_point)
        requantization = Requantization.from_scale(
            scheme,
            scale,
            steps.astype(np.int64),
            tie=tie,
            zero_point=zero_point,
            low=zero_point if relu else output_quantization.low,
            high=output_quantization.high,
            out=output_quantization.format,
        )
        return cls(
            codes, weight_quantization, input_quantization, output_quantization, requantization
        )

    def run(self, x: NDArray[np.integer]) -> NDArray[np.integer]:
        """Return the output codes (..., N) of input codes (..., K)."""
        codes = as_codes(x, self.input_quantization.low, self.input_quantization.high)
        return requantize(matmul(codes, self.weights), self.requantization)

    def run_float(self, x: ArrayLike) -> NDArray[np.float32]:
        """Quantize float activations (..., K), run, and return the real values (..., N)."""
        codes = quantize(x, self.input_quantization)
        return dequantize(self.run(codes), self.output_quantization)

    def memory_bytes(self, rows: int = 1) -> LayerMemory:
        """Return the memory with `rows` rows of activations, an int32 bias for every channel."""
        k, n = self.weights.shape
        inputs, outputs = self.input_quantization.format, self.output_quantization.format
        scales = self.weight_quantization.scale.size
        return LayerMemory(
            weights=packed_bytes(k * n, self.weight_quantization.format),
            parameters=4 * (scales + n) + packed_bytes(1, outputs),
            activations=packed_bytes(rows * k, inputs) + packed_bytes(rows * n, outputs),
            float32=4 * (k * n + n + rows * (k + n)),
        )


def _check_matrix(weights: NDArray[np.integer]) -> None:
    if weights.ndim != 2 or 0 in weights.shape:
        raise ValueError(f"weights must have a shape (K, N), not {weights.shape}")


def _check_quantizations(weight: Quantization, x: Quantization, y: Quantization) -> None:
    if weight.zero_point.any():
        wrong = weight.zero_point[weight.zero_point != 0].flat[0]
        raise ValueError(f"weights must have zero point 0, not {wrong}")
    if weight.axis not in (None, 1, -1):
        raise ValueError(
            f"weights must be quantized per tensor or along axis 1, not along axis {weight.axis}"
        )
    for name, q in (("input", x), ("output", y)):
        if q.axis is not None:
            raise ValueError(f"the {name} must be quantized per tensor, not along axis {q.axis}")


def _checked_bias(bias: ArrayLike, channels: int) -> NDArray[np.float32]:
    array = as_float(as_float32(bias, "bias"), "bias")
    if array.shape != (channels,):
        raise ValueError(f"bias must have shape ({channels},), not {array.shape}")
    return array
