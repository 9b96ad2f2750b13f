"""The integer bounds of a fused activation, as LiteRT's two families of kernels compute them.

They differ only where a bound of 6 or 1 is half way between two codes, or close to it.
"""

import numpy as np

from golden.kernels.node_values import NodeValues
from golden.operators import Activation

__all__ = ["builtin_bounds", "real_bounds", "xnnpack_bounds"]

Bounds = tuple[int, int]


def builtin_bounds(x: NodeValues, activation: Activation) -> Bounds:
    """Of the builtin kernels: zero point + round(f32(bound / scale)), ties away from zero."""
    return real_bounds(x, activation.bounds)


def real_bounds(x: NodeValues, bounds: tuple[float, float]) -> Bounds:
    """The builtin rule for any real bounds, which may be infinite."""
    q, fmt = x.output_quantization, x.output_format
    codes = []
    for bound, end in zip(bounds, (fmt.min, fmt.max), strict=True):
        if np.isinf(bound):
            codes.append(end)
            continue
        steps = float(np.float32(bound) / q.scale)
        nearest = int(np.copysign(np.floor(abs(steps) + 0.5), steps))
        codes.append(q.zero_point + nearest)
    return max(codes[0], fmt.min), min(codes[1], fmt.max)


def xnnpack_bounds(x: NodeValues, activation: Activation) -> Bounds:
    """Of XNNPACK: rne(f32(f32(bound / scale) + zero point)), clipped before it is rounded."""
    q, fmt = x.output_quantization, x.output_format
    codes = []
    for bound in activation.bounds:
        with np.errstate(over="ignore"):
            place = np.float32(bound) / q.scale + np.float32(q.zero_point)
        codes.append(int(np.rint(np.clip(place, fmt.min, fmt.max))))
    return codes[0], codes[1]
