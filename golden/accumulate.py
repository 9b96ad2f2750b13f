"""Accumulators of any width from 2 to 64 bits, and the proof that a width is enough.

An accumulator that wraps gives the same result in every order. One that saturates does not, so here
it adds in the order of the reduction axis, first element first, and saturates at every step.
"""

import numpy as np
import numpy.typing as npt

from golden.arrays import integer_array
from golden.formats import IntegerFormat
from golden.overflow import Overflow

__all__ = [
    "accumulate",
    "accumulate_products",
    "accumulator_limits",
    "accumulator_range",
    "add_step",
    "checked_bits",
    "largest_k",
    "required_bits",
    "wrap",
]

Integers = npt.NDArray[np.int64]


def checked_bits(bits: int) -> int:
    """`bits` itself if an accumulator may be that wide; TypeError or ValueError otherwise."""
    if isinstance(bits, bool) or not isinstance(bits, int):
        raise TypeError(f"accumulator bits must be an integer, not {bits!r}")
    if not 2 <= bits <= 64:
        raise ValueError(f"accumulator bits must be from 2 to 64, not {bits}")
    return bits


def wrap(values: npt.ArrayLike, bits: int) -> Integers:
    """Values modulo 2**bits as two's complement, for 2 to 64 bits.

    >>> wrap([127, 128, -129], 8)
    array([ 127, -128,  127])
    """
    unused = 64 - checked_bits(bits)
    return np.asarray((integer_array(values) << unused) >> unused)


def accumulator_limits(bits: int, overflow: Overflow) -> tuple[int, int]:
    """The smallest and the largest value of a saturating accumulator."""
    high = (1 << (checked_bits(bits) - 1)) - 1
    match overflow:
        case Overflow.SATURATE:
            return -high - 1, high
        case Overflow.SATURATE_SYMMETRIC:
            return -high, high
    raise ValueError(
        f"overflow must be WRAP, SATURATE or SATURATE_SYMMETRIC for an accumulator, not {overflow}"
    )


def add_step(acc: npt.ArrayLike, addend: npt.ArrayLike, bits: int, overflow: Overflow) -> Integers:
    """One step of an accumulator: acc + addend, brought into `bits` bits.

    `acc` must be in range already, and `addend` below 2**62 in magnitude.
    """
    acc, addend = integer_array(acc, "acc"), integer_array(addend, "addend")
    if overflow is Overflow.WRAP:
        return wrap(acc + addend, bits)
    low, high = accumulator_limits(bits, overflow)
    # Make room before adding, so that 64-bit accumulators do not overflow on the way.
    room_above = np.minimum(acc, high - np.maximum(addend, 0))
    room_below = np.maximum(acc, low - np.minimum(addend, 0))
    return np.asarray(np.where(addend > 0, room_above, room_below) + addend)


def accumulate(
    products: npt.ArrayLike,
    *,
    bits: int = 32,
    overflow: Overflow = Overflow.WRAP,
    initial: npt.ArrayLike = 0,
    axis: int = -1,
) -> Integers:
    """Add up products along an axis with an accumulator of `bits` bits.

    The accumulator is two's complement, 2 to 64 `bits` wide, and starts from `initial`, brought
    into range. `overflow` is WRAP, where the order is free, or SATURATE or SATURATE_SYMMETRIC at
    every step, in index order. A product must be below 2**62 in magnitude.

    >>> accumulate([100, 100, -100], bits=8), accumulate([100, 100, -100], bits=8,
    ...     overflow=Overflow.SATURATE)
    (array(100), array(27))
    """
    steps = np.moveaxis(np.atleast_1d(integer_array(products, "products")), axis, 0)
    start = integer_array(initial, "initial")
    if overflow is Overflow.WRAP:
        return wrap(start + steps.sum(axis=0, dtype=np.int64), bits)
    low, high = accumulator_limits(bits, overflow)
    shape = np.broadcast_shapes(start.shape, steps.shape[1:])
    total: Integers = np.broadcast_to(start.clip(low, high), shape)
    for step in steps:
        total = add_step(total, step, bits, overflow)
    return np.array(total)


def accumulate_products(
    a: npt.ArrayLike, w: npt.ArrayLike, *, bits: int = 32, overflow: Overflow = Overflow.SATURATE
) -> Integers:
    """The matrix product (..., M, K) x (..., K, N), one `add_step` for each k in order.

    The definition that `golden.gemm.matmul` shortens: as slow as K steps over all outputs.
    """
    activations, weights = integer_array(a, "a"), integer_array(w, "w")
    batch = np.broadcast_shapes(activations.shape[:-2], weights.shape[:-2])
    total: Integers = np.zeros((*batch, activations.shape[-2], weights.shape[-1]), np.int64)
    for k in range(activations.shape[-1]):
        product = activations[..., :, k, None] * weights[..., k, None, :]
        total = add_step(total, product, bits, overflow)
    return total


def accumulator_range(
    weights: npt.ArrayLike, input_format: IntegerFormat, bias: npt.ArrayLike = 0
) -> tuple[list[int], list[int]]:
    """The smallest and the largest accumulator that any input can give, one per output channel.

    `weights` has shape (K, N), `bias` is one integer for all channels or one each. Both ends are
    attained. If the accumulator starts with the bias, no partial sum in any order leaves this
    range, for the input's range contains 0.

    """
    w = integer_array(weights, "weights")
    if w.ndim != 2:
        raise ValueError(f"weights must have shape (K, N), not {w.shape}")
    start = np.broadcast_to(integer_array(bias, "bias"), w.shape[1:]).tolist()
    # Python integers, because sums of 32-bit weights times 32-bit inputs pass 2**63.
    positive = [int(total) for total in np.maximum(w, 0).sum(axis=0, dtype=np.int64)]
    negative = [int(total) for total in np.minimum(w, 0).sum(axis=0, dtype=np.int64)]
    smallest, largest = input_format.min, input_format.max
    channels = list(zip(start, positive, negative, strict=True))
    low = [b + p * smallest + n * largest for b, p, n in channels]
    high = [b + p * largest + n * smallest for b, p, n in channels]
    return low, high


def required_bits(
    weights: npt.ArrayLike, input_format: IntegerFormat, bias: npt.ArrayLike = 0
) -> int:
    """The fewest accumulator bits (two's complement) that no input can overflow.

    >>> required_bits([[127], [-128]], IntegerFormat(8, signed=True))
    16
    """
    low, high = accumulator_range(weights, input_format, bias)
    return max((_bits_of(value) for value in low + high), default=1)


def largest_k(activation: IntegerFormat, weight: IntegerFormat, bits: int = 32) -> int:
    """The longest reduction that cannot overflow `bits` bits, whatever the operands.

    >>> int8 = IntegerFormat(8, signed=True)
    >>> largest_k(int8, int8, 32) == 2**17 - 1
    True
    """
    limit = 1 << (checked_bits(bits) - 1)
    corners = [a * w for a in (activation.min, activation.max) for w in (weight.min, weight.max)]
    longest = []
    if max(corners) > 0:
        longest.append((limit - 1) // max(corners))
    if min(corners) < 0:
        longest.append(limit // -min(corners))
    return min(longest)


def _bits_of(value: int) -> int:
    return (value if value >= 0 else ~value).bit_length() + 1
