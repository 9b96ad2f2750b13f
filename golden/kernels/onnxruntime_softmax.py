"""QLinearSoftmax of ONNX Runtime."""

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from golden.kernels.node_values import NodeValues
from golden.operators import Softmax

__all__ = ["softmax"]

ENTRIES = 256
RESERVE = 5.0
"""Powers of e that the largest sum stays below float32's largest number."""


def softmax(x: NodeValues) -> npt.NDArray[Any]:
    """rne(f32(f32(e * c) / sum)) + z: e from a table, c = floor(f32(1 / ys)), the sum in turn.

    The table has f32(exp((i - 255 + b) * xs)) for the i-th integer when the largest is the last
    one, b = (ln(f32(FLT_MAX / n)) - 5) / xs. The output's scale counts only as c.
    """
    operator = x.node.operator
    assert isinstance(operator, Softmax)
    if operator.beta != 1:
        raise ValueError(f"it has the beta {operator.beta}; ONNX has only 1")
    if x.tensor(0).dtype != x.output.dtype:
        raise ValueError(f"its input must be {x.output.dtype} like its output")
    rows = np.moveaxis(x.integers(0), operator.axis, -1).astype(np.int64)
    out, fmt = x.output_quantization, x.output_format
    table = _table(x.quantization(0).scale, rows.shape[-1])
    factor = np.float32(np.floor(np.float32(1) / out.scale))
    if table[-1] > np.finfo(np.float32).max / max(factor, np.float32(1)):
        raise ValueError(
            f"its {rows.shape[-1]} elements at a scale of {out.scale} overflow float32 in "
            "ONNX Runtime"
        )
    powers = table[rows + (ENTRIES - 1) - rows.max(axis=-1, keepdims=True)]
    total = np.zeros(rows.shape[:-1], np.float32)
    for index in range(rows.shape[-1]):
        total = total + powers[..., index]
    scaled = np.rint(powers * factor / total[..., None]).astype(np.int64) + out.zero_point
    result = scaled.clip(fmt.min, fmt.max).astype(fmt.dtype)
    return np.ascontiguousarray(np.moveaxis(result, -1, operator.axis))


def _table(scale: np.float32, count: int) -> npt.NDArray[np.float32]:
    largest = float(np.finfo(np.float32).max / np.float32(count))
    above = max(0.0, float(np.float32(math.log(largest))) - RESERVE) / float(scale)
    powers = [math.exp((i - (ENTRIES - 1) + above) * float(scale)) for i in range(ENTRIES)]
    with np.errstate(under="ignore"):
        return np.array(powers).astype(np.float32)
