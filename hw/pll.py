"""The clock of a design, made from a board's."""

from fractions import Fraction

from amaranth.hdl import *
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.pll_ecp5 import ECP5_PLL, ecp5_pll
from hw.pll_gowin import GOWIN_PLL, gowin_pll
from hw.pll_ice40 import ICE40_PLL, ice40_pll
from hw.pll_kind import PllKind
from hw.pll_plan import plan_pll
from hw.pll_xc7 import XC7_PLL, xc7_pll

__all__ = ["Pll", "plan_clock"]

_LOOPS = {
    PllKind.ECP5: (ECP5_PLL, ecp5_pll),
    PllKind.ICE40: (ICE40_PLL, ice40_pll),
    PllKind.GOWIN: (GOWIN_PLL, gowin_pll),
    PllKind.XC7: (XC7_PLL, xc7_pll),
}


def plan_clock(kind, input_mhz, output_mhz):
    """Return the dividers of a loop of that kind, None without one, and what it puts out, in MHz.

    Raises
    ------
    ValueError
        It cannot be made; without a loop the two must be the same.
    """
    source, wanted = Fraction(input_mhz), Fraction(output_mhz)
    if kind is not PllKind.NONE:
        plan = plan_pll(_LOOPS[kind][0], source, wanted)
        return plan, plan.output
    if source != wanted:
        raise ValueError(
            f"without a PLL the clock must be the board's {float(source):g} MHz, "
            f"not {float(wanted):g}"
        )
    return None, wanted


class Pll(wiring.Component):
    """Puts out a clock of the wanted frequency, or the nearest one below that a loop can make.

    Has no clock of its own and no reset: it runs from power-up on.

    Parameters
    ----------
    kind : PllKind
        The primitive.
    input_mhz, output_mhz : int, str or Fraction
        The board's frequency and the wanted one, in MHz; without a loop they are the same.

    Attributes
    ----------
    plan : PllPlan or None
        The dividers; None without a loop.
    frequency : Fraction
        What is put out, in MHz.

    Members
    -------
    i : In(1)
        The board's clock.
    o : Out(1)
        The design's clock.
    o_locked : Out(1)
        Whether the frequency is right. Asynchronous.
    """

    def __init__(self, *, kind, input_mhz, output_mhz):
        self.kind = kind
        self.plan, self.frequency = plan_clock(kind, input_mhz, output_mhz)
        super().__init__({"i": In(1), "o": Out(1), "o_locked": Out(1)})

    def elaborate(self, platform):
        m = Module()
        if self.plan is None:
            m.d.comb += [self.o.eq(self.i), self.o_locked.eq(1)]
        else:
            _, add = _LOOPS[self.kind]
            add(m, self.plan, i=self.i, o=self.o, locked=self.o_locked)
        return m
