// rPLL of Gowin's GW1N for simulation; yosys has only a black box of it.
//
// Written from the description of the block, for what `hw.pll_gowin` uses: fixed dividers, the
// feedback inside, CLKOUT without a phase. The other outputs are not here.

module rPLL (
    input CLKIN, CLKFB, RESET, RESET_P,
    input [5:0] IDSEL, FBDSEL, ODSEL,
    input [3:0] DUTYDA, PSDA, FDLY,
    output CLKOUT, LOCK
);
  /* verilator lint_off UNUSEDPARAM */
  parameter FCLKIN = "100.0";  // what the vendor's tools are told; here it is measured
  /* verilator lint_on UNUSEDPARAM */
  parameter DEVICE = "GW1NR-9C";
  parameter IDIV_SEL = 0;
  parameter FBDIV_SEL = 0;
  parameter ODIV_SEL = 8;
  parameter DYN_IDIV_SEL = "false";
  parameter DYN_FBDIV_SEL = "false";
  parameter DYN_ODIV_SEL = "false";
  parameter DYN_DA_EN = "false";
  parameter DUTYDA_SEL = "1000";
  parameter PSDA_SEL = "0000";
  parameter CLKFB_SEL = "internal";
  parameter CLKOUT_BYPASS = "false";

  generate
    if (DEVICE != "GW1NR-9C" || DYN_IDIV_SEL != "false" || DYN_FBDIV_SEL != "false"
        || DYN_ODIV_SEL != "false" || DYN_DA_EN != "false" || CLKFB_SEL != "internal"
        || CLKOUT_BYPASS != "false" || DUTYDA_SEL != "1000" || PSDA_SEL != "0000") begin : refused
      rPLL_must_have_fixed_dividers_and_its_feedback_inside refused ();
    end
  endgenerate

  LASTBIT_PLL #(
      .DIVIDE(IDIV_SEL + 1),
      .MULTIPLY((FBDIV_SEL + 1) * ODIV_SEL),
      .POST(ODIV_SEL),
      .DETECTOR_MIN(3),
      .DETECTOR_MAX(400),
      .VCO_MIN(400),
      .VCO_MAX(1200)
  ) loop (
      .reference(CLKIN),
      .clock(CLKOUT),
      .locked(LOCK)
  );
endmodule
