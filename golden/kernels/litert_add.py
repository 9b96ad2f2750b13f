"""ADD in LiteRT's kernel sets."""

from typing import Any

import numpy as np
import numpy.typing as npt

from golden.kernels.litert_bounds import builtin_bounds, xnnpack_bounds
from golden.kernels.node_values import NodeValues
from golden.operators import Add
from golden.rounding import Rounding, round_shift
from golden.scaling import Q31Scaling

__all__ = ["builtin", "reference", "xnnpack", "xnnpack_multipliers", "xnnpack_takes"]

Array = npt.NDArray[Any]

LEFT_SHIFT = 20
"""What the builtin kernel gains in precision before it scales the operands."""

NARROWEST_WRAP = 2**15 - 2**8
"""Output steps of the sum that still leave room for a zero point in 16 bits."""

MULTIPLIER_BITS = 21
"""Of the larger of XNNPACK's multipliers."""


def xnnpack_multipliers(
    scale_a: np.float32, scale_b: np.float32, scale_out: np.float32
) -> tuple[tuple[int, int], int]:
    """The two multipliers and the shift k: rne(f32(scale / scale_out) * 2**k).

    The larger ratio is brought into [2**20, 2**21).
    """
    ratios = [np.float32(scale) / np.float32(scale_out) for scale in (scale_a, scale_b)]
    shift = MULTIPLIER_BITS - int(np.frexp(max(ratios))[1])
    a, b = (int(np.rint(np.ldexp(ratio, shift))) for ratio in ratios)
    return (a, b), shift


def xnnpack_takes(x: NodeValues) -> bool:
    """Whether both input scales are from 1 / 1024 to below 256 of the output's."""
    out = x.output_quantization.scale
    ratios = [x.quantization(index).scale / out for index in (0, 1)]
    return all(2.0**-10 <= ratio < 2.0**8 for ratio in ratios)


def xnnpack(x: NodeValues) -> Array:
    """(am * (a - za) + bm * (b - zb) + 2**(k - 1)) >> k, then the zero point."""
    a, b = _operands(x)
    (am, bm), shift = xnnpack_multipliers(
        x.quantization(0).scale, x.quantization(1).scale, x.output_quantization.scale
    )
    scaled = round_shift(am * a + bm * b, shift, Rounding.HALF_UP)
    return _finish(x, scaled, xnnpack_bounds(x, _add(x).activation))


def builtin(x: NodeValues) -> Array:
    """The rule of `reference`, refused where the sum may leave 16 bits, at which vectors wrap."""
    out = x.output_quantization.scale
    largest = 256 * sum(float(x.quantization(index).scale) for index in (0, 1)) / float(out)
    if largest >= NARROWEST_WRAP:
        raise ValueError(
            f"its sum may be {largest:.0f} output steps, and this kernel wraps at 16 bits: the "
            "output scale is too small"
        )
    return reference(x)


def reference(x: NodeValues) -> Array:
    """Both operands << 20 and scaled to a common scale, summed, scaled: each by `Q31Scaling`."""
    scales = [np.float64(x.quantization(index).scale) for index in (0, 1)]
    common = 2 * max(scales)
    out = common / (2.0**LEFT_SHIFT * np.float64(x.output_quantization.scale))
    if not out < 1:
        raise ValueError(
            f"its output scale must be above {common / 2.0**LEFT_SHIFT:g} for this kernel, not "
            f"{x.output_quantization.scale:g}"
        )
    terms = [
        Q31Scaling.from_scale(scale / common).apply((values << LEFT_SHIFT).astype(np.int32))
        for values, scale in zip(_operands(x), scales, strict=True)
    ]
    total = (terms[0] + terms[1]).astype(np.int32)
    scaled = Q31Scaling.from_scale(out).apply(total)
    return _finish(x, scaled, builtin_bounds(x, _add(x).activation))


def _operands(x: NodeValues) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Both inputs without their zero points, at least one-dimensional."""
    a, b = (
        np.atleast_1d(x.integers(index)).astype(np.int64) - x.quantization(index).zero_point
        for index in (0, 1)
    )
    return a, b


def _finish(x: NodeValues, scaled: npt.NDArray[np.int64], bounds: tuple[int, int]) -> Array:
    moved = np.clip(scaled + x.output_quantization.zero_point, *bounds)
    return moved.astype(x.output_format.dtype).reshape(x.output_shape)


def _add(x: NodeValues) -> Add:
    assert isinstance(x.node.operator, Add)
    return x.node.operator
