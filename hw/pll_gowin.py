"""rPLL of Gowin's GW1N."""

from amaranth.hdl import *

from hw.pll_plan import PllLimits

__all__ = ["GOWIN_PLL", "gowin_pll"]

GOWIN_PLL = PllLimits(
    name="rPLL",
    input=(3, 400),
    detector=(3, 400),
    vco=(400, 1200),
    output=(4, 600),  # 3.125 is possible, but no divider is above 128
    divide=tuple(range(1, 65)),
    multiply=tuple(range(1, 65)),
    post=(2, 4, 8, 16, 32, 48, 64, 80, 96, 112, 128),
    feeds_back_output=True,
)
"""Of a GW1NR-9 of speed C6/I5; the feedback is internal, and what CLKOUT is."""


def gowin_pll(m, plan, *, i, o, locked):
    """Add the primitive."""
    m.submodules.primitive = Instance(
        "rPLL",
        p_FCLKIN=f"{float(plan.input):g}", p_DEVICE="GW1NR-9C",
        p_IDIV_SEL=plan.divide - 1, p_FBDIV_SEL=plan.multiply - 1, p_ODIV_SEL=plan.post,
        p_DYN_IDIV_SEL="false", p_DYN_FBDIV_SEL="false", p_DYN_ODIV_SEL="false",
        p_DYN_DA_EN="false", p_DUTYDA_SEL="1000", p_PSDA_SEL="0000",
        p_CLKFB_SEL="internal", p_CLKOUT_BYPASS="false",
        i_CLKIN=i, i_CLKFB=0, i_RESET=0, i_RESET_P=0,
        i_IDSEL=Const(0, 6), i_FBDSEL=Const(0, 6), i_ODSEL=Const(0, 6),
        i_DUTYDA=Const(0, 4), i_PSDA=Const(0, 4), i_FDLY=Const(0, 4),
        o_CLKOUT=o, o_LOCK=locked,
    )
