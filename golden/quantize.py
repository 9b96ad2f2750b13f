"""Uniform quantization: real = (code - zero_point) * scale."""

from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from golden.channels import as_codes, as_float32, spread
from golden.formats import IntegerFormat
from golden.quantization import Quantization, Range
from golden.rounding import Rounding, round_float

__all__ = [
    "Quantization",
    "QuantizationKind",
    "Range",
    "choose",
    "clipped_steps",
    "dequantize",
    "quantize",
    "raise_to_power_of_two",
    "saturates",
]

SMALLEST_SCALE = 2.0**-126
"""Below it float32 is subnormal, which the hardware does not have."""


class QuantizationKind(Enum):
    """How a scale and a zero point follow from a range of real values."""

    ASYMMETRIC = "asymmetric"
    """The range, with 0 taken in, covers all codes; the zero point is the code of 0."""
    SYMMETRIC = "symmetric"
    """[-A, A] covers all codes; the zero point is 0, or the middle code of an unsigned format."""
    POWER_OF_TWO = "power_of_two"
    """Symmetric with the scale raised to the next power of two, so that rescaling is a shift."""


def choose(
    values: Range, fmt: IntegerFormat, kind: QuantizationKind, *, narrow: bool = False
) -> Quantization:
    """Choose the scale and the zero point that spend all codes of `fmt` on a range.

    With qmin and qmax the lowest and the highest code used, and A the larger of |low| and |high|:

    * asymmetric: [low, high] is widened to hold 0; scale = (high - low) / (qmax - qmin),
      zero point = qmax - high / scale, ties to even, so that the real 0 is exactly a code;
    * symmetric: scale = 2 A / (qmax - qmin); zero point 0, or the middle code (unsigned). With
      `narrow` that is A / 127 for int8, else A / 127.5, and A itself lies half a step outside;
    * power of two: the symmetric scale s raised to 2^ceil(log2 s).

    The scale is at least 2^-126, the smallest normal float32. A range of zeros gets the scale 1
    and the zero point nearest to 0 (symmetric unsigned: the middle code).
    """
    qmin, qmax = fmt.min + int(narrow), fmt.max
    if qmin >= qmax:
        raise ValueError(f"a narrow range needs at least 2 bits, not {fmt}")
    low, high = np.minimum(values.low, 0.0), np.maximum(values.high, 0.0)
    if kind is not QuantizationKind.ASYMMETRIC:
        high = np.maximum(-low, high)
        low = -high
    with np.errstate(over="ignore"):
        scale = np.maximum(high / (qmax - qmin) - low / (qmax - qmin), SMALLEST_SCALE)
        if kind is QuantizationKind.POWER_OF_TWO:
            scale = raise_to_power_of_two(scale)
        scale = np.where(high == low, 1.0, scale).astype(np.float32)
    if kind is QuantizationKind.ASYMMETRIC:
        zero = np.rint(qmax - high / scale.astype(np.float64))
        zero = np.clip(np.where(high == low, 0.0, zero), qmin, qmax)
    else:
        zero = np.full(scale.shape, 0 if fmt.signed else 2 ** (fmt.bits - 1))
    return Quantization(scale, zero.astype(np.int64), fmt, values.axis, narrow)


def quantize(
    x: ArrayLike,
    q: Quantization,
    rounding: Rounding = Rounding.HALF_EVEN,
    *,
    seed: int | None = None,
) -> NDArray[Any]:
    """Return the codes of real values: round(f32(x / scale)) + zero_point, saturated.

    This is ONNX's QuantizeLinear as ONNX Runtime computes it: `x` as float32, a true float32
    division, ties to even (`rounding` names another rule, `seed` feeds STOCHASTIC). Infinities
    saturate and NaN gives the lowest code. The result has the shape of `x` and `q.format.dtype`.
    """
    steps = clipped_steps(x, q, rounding, seed=seed)
    int_type = _working_types(q.format)[1]
    zero = spread(q.zero_point, steps.shape, q.axis).astype(int_type)
    return np.asarray((steps.astype(int_type) + zero).astype(q.format.dtype))


def clipped_steps(
    x: ArrayLike,
    q: Quantization,
    rounding: Rounding = Rounding.HALF_EVEN,
    *,
    seed: int | None = None,
) -> NDArray[Any]:
    """Return `quantize(x) - zero_point` as floats, float32 up to 16 bits; 0 may be -0."""
    steps, zero = _steps(x, q, rounding, seed)
    float_type = _working_types(q.format)[0]
    low, high = (q.low - zero).astype(float_type), (q.high - zero).astype(float_type)
    # fmax takes the number and not the NaN
    return np.asarray(np.fmin(np.fmax(steps.astype(float_type, copy=False), low), high))


def saturates(
    x: ArrayLike,
    q: Quantization,
    rounding: Rounding = Rounding.HALF_EVEN,
    *,
    seed: int | None = None,
) -> NDArray[np.bool_]:
    """Return where `quantize` clips: the rounded value, zero point added, is not a code used."""
    steps, zero = _steps(x, q, rounding, seed)
    exact = steps.astype(np.float64)
    return np.asarray(~((exact >= q.low - zero) & (exact <= q.high - zero)))


def dequantize(codes: ArrayLike, q: Quantization) -> NDArray[np.float32]:
    """Return the real values of codes: f32(code - zero_point) * scale, rounded to float32.

    Raises ValueError for codes outside `q.format`.
    """
    array = as_codes(codes, q.format.min, q.format.max)
    int_type = _working_types(q.format)[1]
    zero = spread(q.zero_point, array.shape, q.axis).astype(int_type)
    scale = spread(q.scale, array.shape, q.axis)
    with np.errstate(over="ignore"):
        return np.asarray((array.astype(int_type) - zero).astype(np.float32) * scale)


def _steps(
    x: ArrayLike, q: Quantization, rounding: Rounding, seed: int | None
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return round(f32(x / scale)) and the zero point, broadcastable against each other."""
    values = as_float32(x)
    scale = spread(q.scale, values.shape, q.axis)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        ratio = np.asarray(values / scale)
    if rounding is Rounding.HALF_EVEN:
        steps = np.rint(ratio)
    else:
        steps = round_float(ratio, rounding, seed=seed)
    return np.asarray(steps), spread(q.zero_point, values.shape, q.axis)


def _working_types(fmt: IntegerFormat) -> tuple[np.dtype[Any], np.dtype[Any]]:
    """Return float and integer types in which code - zero_point is exact; 32 bits are faster."""
    if fmt.bits <= 16:
        return np.dtype(np.float32), np.dtype(np.int32)
    return np.dtype(np.float64), np.dtype(np.int64)


def raise_to_power_of_two(scale: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 2^ceil(log2 scale), exactly."""
    mantissa, exponent = np.frexp(scale)
    return np.asarray(np.ldexp(1.0, exponent - (mantissa == 0.5)), dtype=np.float64)
