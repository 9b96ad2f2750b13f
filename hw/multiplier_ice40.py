"""Products of 8 bits in an SB_MAC16 of the iCE40 UltraPlus, one or two of them."""

from amaranth.hdl import *

from hw.multiplier_kind import MultiplierKind

__all__ = ["add_mac16"]

_HALF = MultiplierKind.ICE40.max_bits

_USED = {
    "MODE_8x8": 1, "A_SIGNED": 1, "B_SIGNED": 1, "A_REG": 1, "B_REG": 1,
    "TOP_8x8_MULT_REG": 1, "BOT_8x8_MULT_REG": 1,
    # The product plus C or D, which are 0, in the register behind it.
    "TOPADDSUB_LOWERINPUT": 1, "TOPADDSUB_UPPERINPUT": 1, "TOPOUTPUT_SELECT": 1,
    "BOTADDSUB_LOWERINPUT": 1, "BOTADDSUB_UPPERINPUT": 1, "BOTOUTPUT_SELECT": 1,
}
_UNUSED = (
    "NEG_TRIGGER", "C_REG", "D_REG", "PIPELINE_16x16_MULT_REG1", "PIPELINE_16x16_MULT_REG2",
    "TOPADDSUB_CARRYSELECT", "BOTADDSUB_CARRYSELECT",
)
_ZERO = (
    "AHOLD", "CHOLD", "DHOLD", "IRSTTOP", "IRSTBOT", "ORSTTOP", "ORSTBOT", "OLOADTOP", "OLOADBOT",
    "ADDSUBTOP", "ADDSUBBOT", "OHOLDTOP", "OHOLDBOT", "CI", "ACCUMCI", "SIGNEXTIN",
)


def add_mac16(m, a, b, take_b):
    """Add the block for one or two pairs of signed operands, and return their products.

    All three registers of the latency are in the block. The operands of both halves are taken
    together: a block has one enable for them.
    """
    halves = {}
    for name, values in (("A", a), ("B", b)):
        half = [Signal(signed(_HALF), name=f"{name.lower()}_{n}") for n in range(2)]
        m.d.comb += [signal.eq(value) for signal, value in zip(half, values, strict=False)]
        halves[f"i_{name}"] = Cat(half)
    product = Signal(4 * _HALF)
    m.submodules.primitive = Instance(
        "SB_MAC16",
        **{f"p_{name}": Const(value, 2 if "SELECT" in name or "LOWER" in name else 1)
           for name, value in (_USED | dict.fromkeys(_UNUSED, 0)).items()},
        **{f"i_{name}": 0 for name in _ZERO},
        **halves,
        i_CLK=ClockSignal(), i_CE=1, i_BHOLD=~take_b, i_C=Const(0, 16), i_D=Const(0, 16),
        o_O=product,
    )
    return [product.word_select(n, 2 * _HALF).as_signed() for n in range(len(a))]
