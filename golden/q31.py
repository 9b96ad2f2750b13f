"""Q31 multipliers: a real scale as an integer of 31 bits and a power of two.

The arithmetic of LiteRT's builtin kernels: scale = multiplier * 2**(exponent - 31).
"""

import numpy as np
import numpy.typing as npt

from golden.real_scale import split_scale

__all__ = ["MULTIPLIER_BITS", "high_multiply", "quantize_multiplier"]

MULTIPLIER_BITS = 31

Integers = npt.NDArray[np.int64]


def quantize_multiplier(scale: npt.ArrayLike) -> tuple[Integers, Integers]:
    """LiteRT's QuantizeMultiplier: multiplier and exponent of each float64 scale.

    The mantissa is rounded, ties away from zero; a scale below 2**-32 becomes 0. Raises ValueError
    from 2**30 on.
    """
    mantissa, exponent = split_scale(scale, MULTIPLIER_BITS)
    if (exponent > 30).any():
        value = np.atleast_1d(scale)[exponent > 30][0]
        raise ValueError(f"scale must be below 2**30 for Scheme.Q31_DOUBLE, not {value}")
    zero = (mantissa == 0) | (exponent < -31)
    return np.where(zero, 0, mantissa), np.where(zero, 0, exponent)


def high_multiply(
    values: npt.NDArray[np.integer], multiplier: npt.ArrayLike, exponent: npt.ArrayLike
) -> Integers:
    """(wrap32(values << max(exponent, 0)) * multiplier + 2**30) >> 31: what is to be shifted right.

    LiteRT leaves a left shift that overflows undefined; here it wraps, as its compilers do.
    """
    left = np.maximum(np.asarray(exponent, np.int64), 0)
    moved = (values.astype(np.int64) << left).astype(np.int32)
    return (moved.astype(np.int64) * np.asarray(multiplier, np.int64) + (1 << 30)) >> 31
