"""SOFTMAX in LiteRT's kernel sets: along the last axis, from codes to codes."""

from typing import Any

import numpy as np
import numpy.typing as npt

from golden.kernels.exponential import expf
from golden.kernels.node_values import NodeValues
from golden.operators import Softmax
from golden.rounding import Rounding, round_float

__all__ = ["builtin", "rows_below_maximum"]

Array = npt.NDArray[Any]


def builtin(x: NodeValues) -> Array:
    """A float32 table of expf(-(scale * beta) * d), d being the distance to the row's maximum.

    The sum is float32, from the first to the last; f32(table * f32(1 / f32(sum * output scale)))
    is rounded, ties away from zero, and for uint8 as trunc(f32(p + 0.5)) without the zero point.
    """
    distances, operator = rows_below_maximum(x)
    step = -x.quantization(0).scale * np.float32(operator.beta)
    table = expf(step * np.arange(256, dtype=np.float32))
    weights = table[distances]
    total = np.add.accumulate(weights, axis=-1, dtype=np.float32)[..., -1:]
    inverse = np.float32(1) / (total * x.output_quantization.scale)
    portion = weights * inverse
    if x.output_format.signed:
        codes = round_float(portion, Rounding.HALF_AWAY) + x.output_quantization.zero_point
    else:
        codes = np.trunc(portion + np.float32(0.5)).astype(np.float64)
    return np.clip(codes, x.output_format.min, x.output_format.max).astype(x.output_format.dtype)


def rows_below_maximum(x: NodeValues) -> tuple[npt.NDArray[np.int64], Softmax]:
    """How far each code is below the largest of its row, and the operator."""
    operator = x.node.operator
    assert isinstance(operator, Softmax)
    codes = x.integers(0).astype(np.int64)
    if operator.axis not in (codes.ndim - 1, -1):
        raise ValueError(f"its axis must be the last one, {codes.ndim - 1}, not {operator.axis}")
    return codes.max(axis=-1, keepdims=True) - codes, operator
