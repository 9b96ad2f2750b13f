"""EHXPLLL of Lattice's ECP5."""

from amaranth.hdl import *

from hw.pll_plan import PllLimits

__all__ = ["ECP5_PLL", "ecp5_pll"]

ECP5_PLL = PllLimits(
    name="EHXPLLL",
    input=(8, 400),
    detector=(10, 400),
    vco=(400, 800),
    output=(4, 400),  # 3.125, the oscillator's lowest over 128
    divide=tuple(range(1, 129)),
    multiply=tuple(range(2, 81)),
    post=tuple(range(1, 129)),
    feeds_back_output=False,
)
"""Of the data sheet's table of the sysCLOCK PLL.

The feedback is CLKOP, the output CLKOS, which has a divider of its own: so the feedback's two
dividers together are one of the oscillator, and there are more frequencies to choose from.
"""


def ecp5_pll(m, plan, *, i, o, locked):
    """Add the primitive."""
    # CLKOP may be as fast as the output, so the oscillator is divided by 2 at least.
    back = next(n for n in range(2, plan.multiply + 1) if plan.multiply % n == 0)
    feedback = Signal()
    m.submodules.primitive = Instance(
        "EHXPLLL",
        p_CLKI_DIV=plan.divide, p_CLKFB_DIV=plan.multiply // back, p_FEEDBK_PATH="CLKOP",
        # A phase of one less than the divider is none between reference and output.
        p_CLKOP_ENABLE="ENABLED", p_OUTDIVIDER_MUXA="DIVA",
        p_CLKOP_DIV=back, p_CLKOP_CPHASE=back - 1, p_CLKOP_FPHASE=0,
        p_CLKOS_ENABLE="ENABLED", p_OUTDIVIDER_MUXB="DIVB",
        p_CLKOS_DIV=plan.post, p_CLKOS_CPHASE=plan.post - 1, p_CLKOS_FPHASE=0,
        p_PLLRST_ENA="DISABLED", p_STDBY_ENABLE="DISABLED", p_INTFB_WAKE="DISABLED",
        p_DPHASE_SOURCE="DISABLED",
        # The filter and the charge pump as the vendor's generator sets them.
        a_ICP_CURRENT="12", a_LPF_RESISTOR="8",
        a_MFG_ENABLE_FILTEROPAMP="1", a_MFG_GMCREF_SEL="2",
        a_FREQUENCY_PIN_CLKI=f"{float(plan.input):g}",
        a_FREQUENCY_PIN_CLKOP=f"{float(plan.vco / back):g}",
        a_FREQUENCY_PIN_CLKOS=f"{float(plan.output):g}",
        i_CLKI=i, i_CLKFB=feedback, i_RST=0, i_STDBY=0, i_PLLWAKESYNC=0, i_ENCLKOP=0,
        i_PHASESEL0=0, i_PHASESEL1=0, i_PHASEDIR=0, i_PHASESTEP=0, i_PHASELOADREG=0,
        o_CLKOP=feedback, o_CLKOS=o, o_LOCK=locked,
    )
