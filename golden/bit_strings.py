"""Floats to bit strings and back, every bit kept."""

import numpy as np
from bitstring import Bits
from numpy.typing import ArrayLike

from golden.floating_point import FloatArray, FloatFormat, bit_pattern, check_format

__all__ = ["from_bits", "to_bits"]


def to_bits(values: ArrayLike, fmt: FloatFormat) -> Bits:
    """Return the bit string of one or more floats in `fmt`, sign bit first, in C order.

    Nothing is rounded: every value, a NaN's payload included, must be exact in `fmt`, or ValueError
    is raised.

    >>> to_bits(-1.5, FloatFormat.FLOAT16).bin
    '1011111000000000'
    """
    check_format(fmt)
    array = np.asarray(values)
    if array.size == 0 and not isinstance(values, np.ndarray):
        array = array.astype(fmt.dtype)
    source = FloatFormat.of(array)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        narrow = array.astype(fmt.dtype)
        back = narrow.astype(source.dtype)
    changed = bit_pattern(back, source) != bit_pattern(array, source)
    if changed.any():
        raise ValueError(
            f"{array[changed].flat[0]} is not exact in {fmt.value}: convert it first,"
            f" for example with .astype(np.{fmt.value})"
        )
    return Bits(hex=narrow.astype(fmt.dtype.newbyteorder(">")).tobytes().hex())


def from_bits(bits: Bits | str, fmt: FloatFormat) -> FloatArray:
    """Return the floats, in one dimension, that `bits` holds one after the other.

    `bits` is a `bitstring.Bits` or text that makes one, such as "0x3c00" or "0b0011110000000000".

    >>> from_bits("0x3c00be00", FloatFormat.FLOAT16)
    array([ 1. , -1.5], dtype=float16)
    """
    check_format(fmt)
    string = _bit_string(bits)
    if len(string) % fmt.bits:
        raise ValueError(
            f"{fmt.value} needs a whole number of times {fmt.bits} bits, not {len(string)}"
        )
    data = np.frombuffer(string.tobytes(), fmt.unsigned.newbyteorder(">"))
    return data.astype(fmt.unsigned).view(fmt.dtype)


def _bit_string(bits: Bits | str) -> Bits:
    if not isinstance(bits, Bits | str):
        raise TypeError(f"bits must be a bitstring.Bits or text like 0x3c00, not {bits!r}")
    try:
        return Bits(bits)
    except ValueError:
        raise ValueError(
            f"bits must be digits behind 0x or 0b, for example 0x3c00, not {bits!r}"
        ) from None
