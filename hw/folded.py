"""Numbers of which only those up to a limit count."""

from amaranth.hdl import *
from amaranth.utils import bits_for

__all__ = ["exceeds", "folded", "folded_bits", "some_of"]


def exceeds(value, limit):
    """Return whether an unsigned value is above a limit: without carries if that is 2^n - 1."""
    bits = bits_for(limit)
    above = value[bits:].any()
    return above if limit + 1 == 1 << bits else above | (value[:bits] > limit)


def folded_bits(limit):
    """Return the width of what `folded` returns, if that is less than the number's."""
    return bits_for(limit) + 1


def folded(value, limit):
    """Return an unsigned value if it is at most `limit`, else a number above that, in few bits.

    It is never more than the value. So a product of such numbers, or a sum, is right if it is at
    most `limit`, and above it where the true one is, as long as no factor is 0.
    """
    bits = folded_bits(limit) - 1
    if len(value) <= bits + 1:
        return value
    return Cat(value[:bits], value[bits:].any())


def some_of(bits):
    """Return of every four bits whether one is 1: what a look-up table can say."""
    return Cat(Cat(bits[n:n + 4]).any() for n in range(0, len(bits), 4))
