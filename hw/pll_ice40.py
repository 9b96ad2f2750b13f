"""SB_PLL40_PAD of Lattice's iCE40."""

from amaranth.hdl import *

from hw.pll_plan import PllLimits

__all__ = ["ICE40_PLL", "ice40_pll"]

ICE40_PLL = PllLimits(
    name="SB_PLL40_PAD",
    input=(10, 133),
    detector=(10, 133),
    vco=(533, 1066),
    output=(16, 275),
    divide=tuple(range(1, 17)),
    multiply=tuple(range(1, 129)),
    post=(2, 4, 8, 16, 32, 64),
    feeds_back_output=False,
)
"""Of the data sheet's table of the sysCLOCK PLL; the feedback is the oscillator (SIMPLE)."""

# The filter's range by the frequency that is compared: each is for less than so many MHz.
_FILTER = ((17, 1), (26, 2), (44, 3), (66, 4), (101, 5), (134, 6))


def ice40_pll(m, plan, *, i, o, locked):
    """Add the primitive; `i` must be a pin, and goes nowhere else."""
    m.submodules.primitive = Instance(
        "SB_PLL40_PAD",
        p_FEEDBACK_PATH="SIMPLE", p_PLLOUT_SELECT="GENCLK",
        p_DIVR=Const(plan.divide - 1, 4), p_DIVF=Const(plan.multiply - 1, 7),
        p_DIVQ=Const(plan.post.bit_length() - 1, 3),
        p_FILTER_RANGE=Const(next(n for below, n in _FILTER if plan.detector < below), 3),
        i_PACKAGEPIN=i, i_RESETB=1, i_BYPASS=0,
        o_PLLOUTGLOBAL=o, o_LOCK=locked,
    )
