"""A product in carry cells of the ECP5: each bit of a sum takes the ANDs of two rows with it."""

from amaranth.hdl import *

from hw.pipeline import registered

__all__ = ["add_carry_product"]

# A half of a CCU2C is a table of A, B, C, D, whose output is added to the carry; where it is 0, the
# carry out is that of the table for C = D = 0. So the table is the sum of A·B and C·D, or of their
# complements: where the two are equal, A·B alone says what they carry.
_AND = 0x8888
_TABLES = {
    False: _AND ^ 0xF000,           # A·B + C·D
    True:  _AND ^ 0xF000 ^ 0xFFFF,  # ~(A·B) + C·D
}
_ONE = 0x000F  # with C = D = 1: 0, and a carry in any case


def add_carry_product(m, a, b, take_b):
    """Add registers, carry cells and adders, and return the product of signed `a` and `b`.

    The rows of `b` are added by two in chains of carry cells, then by an adder tree. The product
    comes 3 cycles later; its register stands before the last adder.
    """
    a = registered(m, a, name="a_reg")
    held = Signal(b.shape(), reset_less=True, name="b_reg")
    with m.If(take_b):
        m.d.sync += held.eq(b)
    # An odd number of rows has its sign twice.
    rows = [*held, *([held[-1]] * (len(held) % 2))]
    parts = [
        _add_rows(m, a, rows[n], rows[n + 1], subtract=n + 2 == len(rows), name=f"rows_{n}")
        for n in range(0, len(rows), 2)
    ]
    bits = 2
    while len(parts) > 2:
        parts = _paired(parts, bits)
        bits *= 2
    parts = [registered(m, part, name=f"part_{n}") for n, part in enumerate(parts)]
    total, = _paired(parts, bits) if len(parts) > 1 else parts
    return registered(m, total, name="product")


def _paired(parts, bits):
    """Return the sums of neighbouring parts, of which the second is worth 2**bits."""
    sums = [
        Cat(low[:bits], low[bits:].as_signed() + high).as_signed()
        for low, high in zip(parts[::2], parts[1::2], strict=False)
    ]
    return sums + parts[2 * len(sums):]


def _add_rows(m, a, low, high, *, subtract, name):
    """Return a · low + 2 · a · high, or the first without the second."""
    width = len(a) + 2
    total = Signal(signed(width + width % 2), name=name)
    once = [a[min(n, len(a) - 1)] for n in range(len(total))]
    double = [C(0, 1), *once]
    carry = C(0, 1)
    for n in range(0, len(total), 2):
        ports, parameters = {}, {}
        for half in range(2):
            k = n + half
            # Bit 0 is no sum; its cell gives the carry that a subtraction begins with.
            begins = subtract and k == 0
            inputs = (C(0, 1), C(0, 1), C(1, 1), C(1, 1)) if begins else (
                double[k], high, once[k], low)
            ports |= {f"i_{pin}{half}": value
                      for pin, value in zip("ABCD", inputs, strict=True)}
            ports[f"o_S{half}"] = Signal(name=f"{name}_unused") if begins else total[k]
            parameters[f"p_INIT{half}"] = Const(_ONE if begins else _TABLES[subtract], 16)
            parameters[f"p_INJECT1_{half}"] = "NO"
        following = Signal(name=f"{name}_carry_{n}")
        m.submodules[f"{name}_{n}"] = Instance(
            "CCU2C", **parameters, **ports, i_CIN=carry, o_COUT=following)
        carry = following
    if subtract:
        m.d.comb += total[0].eq(once[0] & low)
    return total
