"""PLLE2_BASE of Xilinx' 7 series."""

from amaranth.hdl import *

from hw.pll_plan import PllLimits

__all__ = ["XC7_PLL", "xc7_pll"]

XC7_PLL = PllLimits(
    name="PLLE2_BASE",
    input=(19, 800),
    detector=(19, 450),
    vco=(800, 1600),
    output=(7, 464),  # 6.25, the oscillator's lowest over 128, up to what a BUFG passes
    divide=tuple(range(1, 57)),
    multiply=tuple(range(2, 65)),
    post=tuple(range(1, 129)),
    feeds_back_output=False,
)
"""Of the data sheets' tables of the slowest speed grade; the feedback is the oscillator."""


def xc7_pll(m, plan, *, i, o, locked):
    """Add the primitive and the buffer of its clock."""
    feedback, made = Signal(), Signal()
    m.submodules.primitive = Instance(
        "PLLE2_BASE",
        p_CLKIN1_PERIOD=float(1000 / plan.input),
        p_DIVCLK_DIVIDE=plan.divide, p_CLKFBOUT_MULT=plan.multiply,
        p_CLKOUT0_DIVIDE=plan.post,
        i_CLKIN1=i, i_CLKFBIN=feedback, i_RST=0, i_PWRDWN=0,
        o_CLKFBOUT=feedback, o_CLKOUT0=made, o_LOCKED=locked,
    )
    m.submodules.buffer = Instance("BUFG", i_I=made, o_O=o)
