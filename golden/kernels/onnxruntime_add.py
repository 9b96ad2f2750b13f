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
    shapes = (x.tensor(0).shape, x.tensor(1).shape)
    a, b = (1, 0) if _scalar_first(*shapes) else (0, 1)
    c = x.output_quantization
    ra, rb = (np.float32(x.quantization(index).scale / c.scale) for index in (a, b))
    za, zb = (np.float32(x.quantization(index).zero_point) for index in (a, b))
    fixed = np.float32(c.zero_point) - fused_multiply_add(ra, za, np.float32(rb * zb))
    terms = [(x.integers(a), ra), (x.integers(b), rb)]
    if _one_by_one(*shapes):
        terms.reverse()
    (outer, outer_ratio), (inner, inner_ratio) = terms
    total = fused_multiply_add(inner.astype(np.float32), inner_ratio, fixed)
    total = fused_multiply_add(outer.astype(np.float32), outer_ratio, total)
    fmt = x.output_format
    return clipped(total, fmt.min, fmt.max).astype(fmt.dtype)


def _innermost(first: Shape, second: Shape) -> tuple[int, int]:
    """Lengths along the last dimension in which one of the shapes is longer than 1."""
    for lengths in zip(reversed(first), reversed(second), strict=False):
        if lengths != (1, 1):
            return lengths
    if first and second:
        return 1, 1
    return (first or (1,))[-1], (second or (1,))[-1]


def _scalar_first(first: Shape, second: Shape) -> bool:
    """Whether the first input has one element for a whole run of the second: then they swap."""
    return _innermost(first, second)[0] == 1


def _one_by_one(first: Shape, second: Shape) -> bool:
    """Whether runs are of one element: then the other input is added last."""
    return _innermost(first, second) == (1, 1)
