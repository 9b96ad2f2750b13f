"""Dividers of phase-locked loops: what vendors allow, and what the open tools would choose."""

import re
import shutil
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from hw.emit import emit_verilog
from hw.pll import Pll
from hw.pll_ecp5 import ECP5_PLL
from hw.pll_gowin import GOWIN_PLL
from hw.pll_ice40 import ICE40_PLL
from hw.pll_kind import PllKind
from hw.pll_plan import plan_pll
from hw.pll_xc7 import XC7_PLL

LIMITS = {
    PllKind.ECP5: ECP5_PLL,
    PllKind.ICE40: ICE40_PLL,
    PllKind.GOWIN: GOWIN_PLL,
    PllKind.XC7: XC7_PLL,
}
INPUTS = {PllKind.ECP5: (25, 48), PllKind.ICE40: (12, 48), PllKind.GOWIN: (27,),
          PllKind.XC7: (100, 125)}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "source", "wanted", "made", "vco"),
    [
        (PllKind.ECP5, 25, 100, 100, 600),
        (PllKind.ECP5, 25, 180, Fraction(1075, 6), Fraction(1075, 2)),
        (PllKind.ECP5, 48, 150, 150, 600),
        (PllKind.ECP5, 48, 96, 96, 576),
        (PllKind.ICE40, 12, 24, 24, 768),
        (PllKind.ICE40, 12, 17, Fraction(135, 8), 540),
        (PllKind.GOWIN, 27, 54, 54, 864),
        (PllKind.XC7, 125, 100, 100, 1000),
    ],
)
def test_the_nearest_frequency_that_is_not_above(kind, source, wanted, made, vco):
    plan = plan_pll(LIMITS[kind], source, wanted)
    assert (plan.output, plan.vco) == (made, vco)


@pytest.mark.parametrize("kind", LIMITS)
def test_every_plan_keeps_to_the_limits_and_computes_its_output(kind):
    limits = LIMITS[kind]
    for source in INPUTS[kind]:
        for wanted in range(17, 260, 7):
            plan = plan_pll(limits, source, wanted)
            assert plan.output <= wanted
            assert wanted - plan.output < wanted / 20
            assert limits.vco[0] <= plan.vco <= limits.vco[1]
            assert limits.detector[0] <= plan.detector <= limits.detector[1]
            assert plan.output == plan.vco / plan.post
            ratio = Fraction(plan.multiply, plan.divide)
            fed_back = plan.output if limits.feeds_back_output else plan.vco
            assert fed_back == source * ratio


@pytest.mark.parametrize(
    ("kind", "source", "wanted", "sentence"),
    [
        (PllKind.ICE40, 12, 12, "^output of SB_PLL40_PAD must be from 16 to 275 MHz, not 12$"),
        (PllKind.ECP5, 5, 100, "^input of EHXPLLL must be from 8 to 400 MHz, not 5$"),
        (PllKind.ICE40, 12, 16, "must have dividers for 16 MHz from 12, and has none: ask for"),
        (PllKind.NONE, 50, 60, "^without a PLL the clock must be the board's 50 MHz, not 60$"),
    ],
)
def test_what_cannot_be_made_is_told(kind, source, wanted, sentence):
    with pytest.raises(ValueError, match=sentence):
        Pll(kind=kind, input_mhz=source, output_mhz=wanted)


def oracle(tool, *arguments):
    """What a tool of the family's makers prints, or a skip that names the tool."""
    path = Path(sys.executable).with_name(tool)
    found = str(path) if path.exists() else shutil.which(tool)
    if found is None:
        pytest.skip(f"{tool} is not installed; get it with `pip install 'lastbit[fpga]'`")
    done = subprocess.run([found, *arguments], capture_output=True, text=True, check=True)
    return done.stdout + done.stderr


@pytest.mark.parametrize("wanted", [100, 125, 150])
def test_an_ecp5_is_as_near_as_ecppll(wanted):
    said = oracle("yowasp-ecppll", "-i", "25", "-o", str(wanted))
    theirs = float(re.search(r"clkout0 frequency: ([0-9.]+)", said)[1])
    assert plan_pll(ECP5_PLL, 25, wanted).output == theirs == wanted


@pytest.mark.parametrize("wanted", [18, 24, 30])
def test_an_ice40_has_the_dividers_of_icepll(wanted):
    said = oracle("yowasp-icepll", "-i", "12", "-o", str(wanted))
    text = emit_verilog(Pll(kind=PllKind.ICE40, input_mhz=12, output_mhz=str(wanted)), "dut")
    for name in ("DIVR", "DIVF", "DIVQ", "FILTER_RANGE"):
        theirs = re.search(rf"{name}: *(\d+)", said)[1]
        bits, ours = re.search(rf"\.{name}\((\d+)'h([0-9a-f]+)\)", text).groups()
        assert int(ours, 16) == int(theirs), (name, bits)


def test_without_a_loop_the_clock_goes_through():
    pll = Pll(kind=PllKind.NONE, input_mhz=12, output_mhz=12)
    assert (pll.plan, pll.frequency) == (None, 12)
    assert "assign o = i;" in emit_verilog(pll, "dut")
