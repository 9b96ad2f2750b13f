"""QLinearAdd of ONNX Runtime."""

from typing import Any

import numpy as np
import numpy.typing as npt

from golden.kernels.node_values import NodeValues
from golden.kernels.onnxruntime_float import clipped, fused_multiply_add
from golden.kernels.onnxruntime_quantize import activated, is_fused, real
from golden.operators import Add

__all__ = ["add"]

Shape = tuple[int, ...]


def add(x: NodeValues) -> npt.NDArray[Any]:
    """Two fused multiply-adds: rne(fma(a, ra, fma(b, rb, f))).

    ra = f32(as / cs), rb = f32(bs / cs) and f = f32(zc - fma(ra, za, f32(rb * zb))); the zero point
    is added before rounding. The roles of a and b depend on how the shapes broadcast. Behind an
    activation that stays, the sum is one of float32 numbers.
    """
    operator = x.node.operator
    assert isinstance(operator, Add)
    if not is_fused(operator.activation, x.output):
        return activated(real(x, 0) + real(x, 1), operator.activation, x.output)
    if x.tensor(0).dtype != x.output.dtype or x.tensor(1).dtype != x.output.dtype:
        raise ValueError(f"its inputs must be {x.output.dtype} like its output")
    a, b = (1, 0) if _scalar_first(x.tensor(0).shape, x.tensor(1).shape) else (0, 1)
    c = x.output_quantization
    ra, rb = (np.float32(x.quantization(index).scale / c.scale) for index in (a, b))
    za, zb = (np.float32(x.quantization(index).zero_point) for index in (a, b))
    fixed = np.float32(c.zero_point) - fused_multiply_add(ra, za, np.float32(rb * zb))
    total = fused_multiply_add(x.integers(b).astype(np.float32), rb, fixed)
    total = fused_multiply_add(x.integers(a).astype(np.float32), ra, total)
    fmt = x.output_format
    return clipped(total, fmt.min, fmt.max).astype(fmt.dtype)


def _scalar_first(first: Shape, second: Shape) -> bool:
    """Whether the first input has one element for a whole run of the second: then they swap.

    The last dimension in which not both have one element decides; without any they swap too.
    """
    for lengths in zip(reversed(first or (1,)), reversed(second or (1,)), strict=False):
        if lengths != (1, 1):
            return lengths[0] == 1
    return True
