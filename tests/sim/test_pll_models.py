"""Models of phase-locked loops: the frequency that hw.pll computes, lock, and what they refuse."""

import re
import shutil
import subprocess
from fractions import Fraction

import pytest

from hw.emit import emit_verilog
from hw.pll import Pll
from hw.pll_kind import PllKind
from sim.primitive_models import with_primitive_models

BENCH = """
module bench;
  timeunit 1ns;
  timeprecision 1ps;
  reg clock = 0;
  wire made, locked;
  real first, last;
  integer edges = 0;
  dut dut (.i(clock), .o(made), .o_locked(locked));
  always #(HALF) clock = ~clock;
  always @(posedge made) if (locked) begin
    if (edges == 0) first = $realtime;
    last = $realtime;
    edges = edges + 1;
  end
  initial begin
    #20000 $display("%0d %f %f", edges, first, (last - first) / (edges - 1));
    $finish;
  end
endmodule
"""


@pytest.fixture
def simulate(tmp_path):
    """Runs a loop for 20 us and returns edges after lock, the first one's time, and the period."""
    if shutil.which("iverilog") is None:
        pytest.skip("iverilog is not installed; get it with `apt-get install iverilog`")

    def run(kind, source, wanted, *, real_source=None, change=("", "")):
        text = emit_verilog(Pll(kind=kind, input_mhz=source, output_mhz=wanted), "dut")
        assert change[0] in text
        half = f"{500 / (real_source or source):.4f}"
        whole = with_primitive_models(text.replace(*change)) + BENCH.replace("HALF", half)
        (tmp_path / "x.v").write_text(whole)
        command = ["iverilog", "-g2012", "-s", "bench", "-o", "x.vvp", "x.v"]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True)
        said = subprocess.run(["vvp", "x.vvp"], cwd=tmp_path, check=True, capture_output=True,
                              text=True).stdout  # fmt: skip
        edges, first, period = re.match(r"(-?\d+) (\S+) (\S+)", said).groups()
        return int(edges), float(first), float(period)

    return run


LOOPS = [
    (PllKind.ECP5, 25, 100),
    (PllKind.ECP5, 48, 150),
    (PllKind.ECP5, 25, 180),
    (PllKind.ICE40, 12, 24),
    (PllKind.GOWIN, 27, 54),
    (PllKind.XC7, 125, 100),
]


@pytest.mark.parametrize(("kind", "source", "wanted"), LOOPS)
def test_the_frequency_is_the_planned_one_after_fifty_periods(simulate, kind, source, wanted):
    edges, first, period = simulate(kind, source, wanted)
    frequency = Pll(kind=kind, input_mhz=source, output_mhz=wanted).frequency
    assert edges > 100
    assert 45 * 1000 / source < first < 55 * 1000 / source
    assert period == pytest.approx(float(1000 / Fraction(frequency)), rel=5e-4)


@pytest.mark.parametrize(
    ("kind", "source", "wanted", "old", "new"),
    [
        (PllKind.ECP5, 25, 100, ".CLKI_DIV(32'd1)", ".CLKI_DIV(32'd3)"),
        (PllKind.ICE40, 12, 24, "7'h3f", "7'h1f"),
        (PllKind.GOWIN, 27, 54, ".ODIV_SEL(32'd16)", ".ODIV_SEL(32'd4)"),
        (PllKind.XC7, 125, 100, ".CLKFBOUT_MULT(32'd", ".CLKFBOUT_MULT(32'd6"),
    ],
)
def test_dividers_beyond_the_limits_never_lock(simulate, kind, source, wanted, old, new):
    edges, _, _ = simulate(kind, source, wanted, change=(old, new))
    assert edges == 0


@pytest.mark.parametrize(
    ("kind", "source", "wanted", "old", "new"),
    [
        (PllKind.ECP5, 25, 100, '.FEEDBK_PATH("CLKOP")', '.FEEDBK_PATH("CLKOS")'),
        (PllKind.ECP5, 25, 100, ".CLKOS_FPHASE(32'd0)", ".CLKOS_FPHASE(32'd1)"),
        (PllKind.ICE40, 12, 24, '.FEEDBACK_PATH("SIMPLE")', '.FEEDBACK_PATH("DELAY")'),
        (PllKind.GOWIN, 27, 54, '.CLKFB_SEL("internal")', '.CLKFB_SEL("external")'),
    ],
)
def test_modes_that_are_not_modelled_are_refused(simulate, kind, source, wanted, old, new):
    with pytest.raises(subprocess.CalledProcessError):
        simulate(kind, source, wanted, change=(old, new))


def test_another_reference_makes_another_frequency(simulate):
    _, _, period = simulate(PllKind.ECP5, 25, 100, real_source=26)
    assert period == pytest.approx(1000 / 104, rel=5e-4)
