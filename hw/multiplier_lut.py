"""A product in look-up tables: signed digits of an operand choose multiples of the other."""

from amaranth.hdl import *

from hw.pipeline import named, registered

__all__ = ["add_lut_product"]


def add_lut_product(m, a, b, take_b):
    """Add registers, tables and adders, and return the product of signed `a` and `b`.

    The product comes 3 cycles later. `b` is written in digits of base 4: -1, 0, 1 or 2, the first
    one -2 to 2. It is so when it is taken, which costs nothing later: a table of four inputs
    chooses a bit of a digit's multiple of `a` from two bits of `a` by two bits of the digit. What
    is 0, a, 2a or ~a then lacks 1 where the digit is -1. That goes into the free low bits of the
    sum of this multiple and higher ones, in an adder that is there anyway; only the first digit has
    one of its own. The register of the product stands before the last adder.
    """
    a = named(m, registered(m, a, name="a_reg"), name="a_operand")
    digits, top = _digits(m, b, take_b)
    # A multiple of `a`, how many digits it and what is above it span, and what each of them lacks.
    parts = [_multiple(m, a, digit, n) for n, digit in enumerate(digits)]
    parts.append((_first_multiple(a, top), [C(0, 1)]))
    while len(parts) > 2:
        parts = _paired(m, parts)
    parts = [
        (registered(m, value, name=f"part_{n}"),
         [registered(m, lack, name=f"lack_{n}_{k}") for k, lack in enumerate(lacks)])
        for n, (value, lacks) in enumerate(parts)
    ]
    (total, _), = _paired(m, parts)
    return registered(m, total, name="product")


def _digits(m, b, take_b):
    """Take the digits of `b`: two bits for 0, 1, 2, -1 each, and of the first one sign and size."""
    count = -(-len(b) // 2)
    b = named(m, Cat(b, b[-1])[:2 * count], name="b_even")
    carry, digits = C(0, 1), []
    for n in range(count - 1):
        bits = b.bit_select(2 * n, 2)
        digit = Signal(2, reset_less=True, name=f"digit_{n}")
        with m.If(take_b):
            m.d.sync += digit.eq((bits + carry)[:2])
        digits.append(digit)
        carry = named(m, bits[1] & (bits[0] | carry), name=f"carry_{n}")
    last = b.bit_select(2 * (count - 1), 2).as_signed() + carry
    top = Signal(3, reset_less=True, name="digit_top")
    with m.If(take_b):
        # Negative, one, two.
        m.d.sync += top.eq(Cat(last < 0, last[0], (last == 2) | (last == -2)))
    return digits, top


def _multiple(m, a, digit, n):
    """Return 0, a, 2a or ~a, and whether it lacks 1."""
    double = Cat(C(0, 1), a)
    once = Cat(a, a[-1])
    chosen = Signal(len(a) + 1, name=f"multiple_{n}")
    with m.Switch(digit):
        for value, multiple in ((1, once), (2, double), (3, ~once)):
            with m.Case(value):
                m.d.comb += chosen.eq(multiple)
    return chosen.as_signed(), [digit.all()]


def _first_multiple(a, digit):
    """Return -2a to 2a, exactly."""
    negative, one, two = digit
    bits = len(a) + 1
    size = (Cat(a, a[-1]) & one.replicate(bits)) | (Cat(C(0, 1), a) & two.replicate(bits))
    return (size ^ negative.replicate(bits)).as_signed() + negative


def _paired(m, parts):
    """Return the sums of neighbouring parts. What the lower one lacks goes below the upper one."""
    sums = []
    for (low, lacks), (high, high_lacks) in zip(parts[::2], parts[1::2], strict=False):
        free = Cat(Cat(lack, C(0, 1)) for lack in lacks)
        sums.append((low + Cat(free, high).as_signed(), [C(0, 1)] * len(lacks) + high_lacks))
    return sums + parts[2 * len(sums):]
