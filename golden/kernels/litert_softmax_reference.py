"""SOFTMAX of LiteRT's reference kernels: fixed point from end to end, without a table.

A number in Qm is an int32 with m bits above the binary point and 31 - m below, as gemmlowp has
them. Products are rounding high products, (a * b + 2**30) >> 31.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from golden.kernels.litert_softmax import rows_below_maximum
from golden.kernels.node_values import NodeValues
from golden.q31 import high_multiply, quantize_multiplier
from golden.rounding import Rounding, round_divide, round_shift

__all__ = ["exp_on_negative", "reciprocal_of_one_plus", "reference"]

Integers = npt.NDArray[np.int64]

ONE = (1 << 31) - 1
"""1.0 in Q0, as near as it gets."""

DIFFERENCE_BITS = 5
"""Differences are in Q5: from -32 to 0."""

SUM_BITS = 12
"""Sums of exponentials are in Q12."""

_FRACTION_BITS = 31 - DIFFERENCE_BITS

_POWERS = (
    (-2, 1672461947), (-1, 1302514674), (0, 790015084), (1, 290630308),
    (2, 39332535), (3, 720401), (4, 242),
)  # fmt: skip
"""exp(-2**e) in Q0."""


def reference(x: NodeValues) -> npt.NDArray[Any]:
    """The exponential of each difference over their sum, by a Newton-Raphson reciprocal."""
    distances, operator = rows_below_maximum(x)
    real = float(operator.beta) * float(x.quantization(0).scale) * 2.0**_FRACTION_BITS
    if real <= 1:
        raise ValueError(f"its scale times beta must be above 2**-{_FRACTION_BITS}")
    multipliers, exponents = quantize_multiplier(min(real, 2.0**31 - 1))
    left = int(exponents[0])
    # Beyond this radius the scaled difference would leave Q5, and its exponential is 0 anyway.
    radius = ((1 << DIFFERENCE_BITS) - 1) * 2.0**_FRACTION_BITS / 2.0**left
    steps = np.arange(256)
    within = steps <= np.floor(radius)
    scaled = high_multiply(np.where(within, -steps, 0), multipliers, left)
    table = np.where(within, exp_on_negative(scaled), 0)
    summands = round_shift(table, SUM_BITS, Rounding.HALF_AWAY)
    total = summands[distances].sum(-1, keepdims=True)
    headroom = 32 - np.frexp(total.astype(np.float64))[1].astype(np.int64)
    fraction = ((total << headroom) - (1 << 31)).astype(np.int64)
    portion = _high(reciprocal_of_one_plus(fraction), table[distances])
    fmt = x.output_format
    shift = SUM_BITS - headroom + 31 - fmt.bits
    codes = round_shift(portion, shift, Rounding.HALF_AWAY) + fmt.min
    codes = np.where(within[distances], codes, fmt.min)
    return np.asarray(np.clip(codes, fmt.min, fmt.max), fmt.dtype)


def exp_on_negative(a: Integers) -> Integers:
    """The exponential of Q5 numbers from -32 to 0, in Q0.

    The part in [-1/4, 0) goes through a polynomial about -1/8; each bit of the rest multiplies by
    an exponential.
    """
    quarter = 1 << (_FRACTION_BITS - 2)
    low = (a & (quarter - 1)) - quarter
    result = _exp_near_minus_eighth(low << DIFFERENCE_BITS)
    rest = low - a
    for exponent, factor in _POWERS:
        bit = (rest >> (_FRACTION_BITS + exponent)) & 1
        result = np.where(bit == 1, _high(result, np.int64(factor)), result)
    return np.asarray(np.where(a == 0, ONE, result))


def _exp_near_minus_eighth(a: Integers) -> Integers:
    """The exponential in [-1/4, 0), Q0: exp(-1/8) times the Taylor polynomial of degree 4."""
    x = a + (1 << 28)
    x2 = _high(x, x)
    x3 = _high(x2, x)
    x4 = _high(x2, x2)
    quartic = round_shift(x4, 2, Rounding.HALF_AWAY)
    cubic = _high(quartic + x3, np.int64(715827883))
    tail = round_shift(cubic + x2, 1, Rounding.HALF_AWAY)
    constant = 1895147668
    return np.asarray(constant + _high(np.int64(constant), x + tail))


def reciprocal_of_one_plus(a: Integers) -> Integers:
    """1 / (1 + a) in Q0 of a in [0, 1) in Q0: three Newton-Raphson steps on half of 1 + a."""
    half = round_divide(a + ONE, 2, Rounding.HALF_AWAY)
    estimate = np.int64(1515870810) + _high(half, np.int64(-1010580540))  # 48 / 17 - 32 / 17 d, Q2
    for _ in range(3):
        error = (1 << 29) - _high(half, estimate)
        step = _saturated(_high(estimate, error) * 4)
        estimate = estimate + step
    return _saturated(estimate * 2)


def _high(a: Integers | np.int64, b: Integers | np.int64) -> Integers:
    """The rounding high product: ties away from zero below zero as gemmlowp's."""
    product = np.asarray(a * b, np.int64)
    nudge = np.where(product >= 0, 1 << 30, 1 - (1 << 30))
    total = product + nudge
    return np.asarray(np.where(total >= 0, total >> 31, -((-total) >> 31)))


def _saturated(a: Integers) -> Integers:
    return np.clip(a, -(1 << 31), ONE)
