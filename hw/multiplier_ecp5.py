"""A product in a MULT18X18D of the ECP5."""

from amaranth.hdl import *

from hw.multiplier_kind import MultiplierKind

__all__ = ["add_mult18"]


def add_mult18(m, a, b, take_b, *, o_shape):
    """Add the block, with registers of operands and product, and return the product.

    Operands stand at its upper end: the unused low bits are constant, and no sign is repeated by
    routing. Clocks, enables and resets that no register uses stay open: nextpnr would route a
    constant to each of them, around the block where there is least room, and may never end.
    """
    width = MultiplierKind.ECP5.max_bits
    product = Signal(2 * width)
    ports = {"i_CLK0": ClockSignal(), "i_CE0": 1, "i_CE1": take_b, "i_RST0": 0}
    for operand, value in (("A", a), ("B", b)):
        # An unsigned operand is a signed one with a zero in front.
        bits = Value.cast(value) if value.shape().signed else Cat(value, 0)
        bits = Cat(Const(0, width - len(bits)), bits)
        ports |= {f"i_{operand}{n}": bits[n] for n in range(width)}
        ports |= {f"i_SIGNED{operand}": 1, f"i_SOURCE{operand}": 0}
    ports |= {f"o_P{n}": product[n] for n in range(2 * width)}
    parameters = {
        "p_REG_INPUTA_CLK": "CLK0", "p_REG_INPUTA_CE": "CE0",
        "p_REG_INPUTB_CLK": "CLK0", "p_REG_INPUTB_CE": "CE1",
        "p_REG_OUTPUT_CLK": "CLK0", "p_REG_OUTPUT_CE": "CE0",
        "p_GSR": "DISABLED",
    }
    m.submodules.primitive = Instance("MULT18X18D", **parameters, **ports)
    extra = (not a.shape().signed) + (not b.shape().signed)
    start = 2 * width - o_shape.width - extra
    bits = product[start:start + o_shape.width]
    return bits.as_signed() if o_shape.signed else bits
