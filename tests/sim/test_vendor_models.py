"""Multipliers of primitives with the simulation models of others: Yosys', and the vendor's own."""

import os
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest
from amaranth.hdl import signed

from hw.emit import emit_verilog
from hw.multiplier import Multiplier
from hw.multiplier_dsp48 import ColumnPairMultiplier
from hw.multiplier_kind import MultiplierKind
from hw.multiplier_pair import MultiplierPair
from sim.primitive_models import with_primitive_models
from sim.simulator import Simulator

YOSYS = Path(find_spec("pyosys").origin).with_name("share")
BYTE = signed(8)

# Every pair of bytes as `a` and `b`, taken at once, another one each for the second product; then
# some at random, of which half are taken.
BENCH = """
module bench;
  reg clk = 0, rst = 0;
  reg [7:0] a0, a1, b0, b1, held0, held1;
  reg take_b;
  wire signed [15:0] o0, o1;
  {dut}
  reg signed [15:0] first [0:7], second [0:7];
  integer n, wrong = 0;
  initial begin
    #200;
    for (n = 0; n < {pairs} + 3000; n = n + 1) begin
      {{b0, a0}} = n < {pairs} ? n : $random;
      a1 = {same_a} ? a0 : a0 * 5 + b0;
      b1 = n < {pairs} ? ~b0 + a0 : $random;
      take_b = n < {pairs} || ($random & 1);
      if (take_b) {{held1, held0}} = {{b1, b0}};
      first[n % 8] = $signed(a0) * $signed(held0);
      second[n % 8] = $signed(a1) * $signed(held1);
      #1;
      if (n >= 8 && o0 !== first[(n - {latency}) & 7]) wrong = wrong + 1;
      if (n >= 8 && o1 !== second[(n - {latency} - {later}) & 7]) wrong = wrong + 1;
      #4 clk = 1;
      #5 clk = 0;
    end
    $display("wrong %0d of %0d", wrong, n);
    $finish;
  end
  reg [7:0] b1_late;
  always @(posedge clk) b1_late <= b1;
endmodule
"""
# Icarus does not read all of Yosys' models of an ECP5, only that of CCU2C, which needs these.
TABLES = """
module LUT4 #(parameter [15:0] INIT = 0) (input A, B, C, D, output Z);
  assign Z = INIT[{D, C, B, A}];
endmodule
module LUT2 #(parameter [3:0] INIT = 0) (input A, B, output Z);
  assign Z = INIT[{B, A}];
endmodule
"""
SINGLE = "dut dut (.clk(clk), .rst(rst), .a(a0), .b(b0), .take_b(take_b), .o(o0));"
SINGLE += "\n  assign o1 = second[(n - 3) & 7];"
PAIR = "dut dut (.clk(clk), .rst(rst), .a({a1, a0}), .b({b1, b0}), .take_b(take_b), .o({o1, o0}));"
COLUMNS = (
    "dut dut (.clk(clk), .rst(rst), .a(a0), .b(b0), .b_right(b1_late), .take_b(take_b), "
    ".o(o0), .o_right(o1));"
)
DUTS = {
    "ecp5_lut": (lambda: Multiplier(BYTE, BYTE, kind=MultiplierKind.ECP5_LUT), SINGLE),
    "ice40": (lambda: Multiplier(BYTE, BYTE, kind=MultiplierKind.ICE40), SINGLE),
    "ice40 pair": (lambda: MultiplierPair(BYTE, BYTE, kind=MultiplierKind.ICE40), PAIR),
    "portable pair": (lambda: MultiplierPair(BYTE, BYTE), PAIR),
    "dsp48": (lambda: ColumnPairMultiplier(BYTE, BYTE), COLUMNS),
}
YOSYS_MODELS = {
    "ecp5_lut": ["ecp5/ccu2c_sim.vh"],
    "ice40": ["ice40/cells_sim.v"],
    "ice40 pair": ["ice40/cells_sim.v"],
    "dsp48": ["xilinx/cells_sim.v"],
}


@pytest.fixture(autouse=True)
def icarus():
    if (missing := Simulator.ICARUS.missing()) is not None:
        pytest.skip(missing)


def simulated(
    folder, name, *, models=(), options=(), tops=("bench",), change=("", ""), pairs=65536
):
    """What the bench of a multiplier says, with the project's model of its primitive or others."""
    build, dut = DUTS[name]
    text = emit_verilog(build(), "dut").replace(*change)
    columns = dut == COLUMNS
    bench = BENCH.format(
        dut=dut, pairs=pairs, same_a=int(columns), latency=Multiplier.LATENCY, later=int(columns)
    )
    sources = folder / "dut.v"
    preamble = TABLES if name == "ecp5_lut" and models else ""
    text = text if models else with_primitive_models(text)
    sources.write_text(preamble + text + bench)
    command = ["iverilog", "-g2012", "-o", folder / "out", *options, sources, *models]
    command += [part for top in tops for part in ("-s", top)]
    subprocess.run(command, check=True, capture_output=True)
    done = subprocess.run(["vvp", folder / "out"], check=True, capture_output=True, text=True)
    return done.stdout.strip().splitlines()[-1]


@pytest.mark.long
@pytest.mark.parametrize("name", ["ice40 pair", "portable pair", "dsp48"])
def test_every_product_with_the_models_of_the_project(tmp_path, name):
    assert simulated(tmp_path, name) == "wrong 0 of 68536"


@pytest.mark.long
@pytest.mark.parametrize("name", YOSYS_MODELS)
def test_every_product_with_the_models_of_yosys(tmp_path, name):
    models = [YOSYS / path for path in YOSYS_MODELS[name]]
    options = ["-I", models[0].parent, "-DNO_ICE40_DEFAULT_ASSIGNMENTS"]
    assert simulated(tmp_path, name, models=models, options=options) == "wrong 0 of 68536"


@pytest.mark.long
def test_every_product_with_the_model_of_the_vendor(tmp_path):
    folder = os.environ.get("LASTBIT_UNISIM")
    if not folder:
        pytest.skip("LASTBIT_UNISIM must name the folder verilog/src of XilinxUnisimLibrary")
    models = [Path(folder, "unisims", "DSP48E1.v"), Path(folder, "glbl.v")]
    found = simulated(tmp_path, "dsp48", models=models, tops=("bench", "glbl"))
    assert found == "wrong 0 of 68536"


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("dsp48", ("$signed({ 1'h0, o[15] })", "$signed(2'h0)")),
        ("dsp48", (".CEA2(take_right)", ".CEA2(take_b)")),
        ("ice40 pair", (".BHOLD(\\$1 )", ".BHOLD(1'h1)")),
    ],
)
def test_a_bug_in_the_wiring_is_seen(tmp_path, name, change):
    assert change[0] in emit_verilog(DUTS[name][0](), "dut")
    assert not simulated(tmp_path, name, change=change, pairs=0).startswith("wrong 0 ")
