// PLLE2_BASE of Xilinx' 7 series for simulation; yosys has only a black box of it.
//
// Written from the description of the block, for what `hw.pll_xc7` uses: CLKFBOUT is fed back to
// CLKFBIN directly, and CLKOUT0 is the only output.

module PLLE2_BASE (
    input CLKIN1, CLKFBIN, RST, PWRDWN,
    output CLKFBOUT, CLKOUT0, LOCKED
);
  /* verilator lint_off UNUSEDPARAM */
  parameter CLKIN1_PERIOD = 0.0;  // what the vendor's tools are told; here it is measured
  /* verilator lint_on UNUSEDPARAM */
  parameter DIVCLK_DIVIDE = 1;
  parameter CLKFBOUT_MULT = 5;
  parameter CLKOUT0_DIVIDE = 1;

  // The feedback has no delay here, so it is only a wire to be connected.
  assign CLKFBOUT = CLKOUT0;

  LASTBIT_PLL #(
      .DIVIDE(DIVCLK_DIVIDE),
      .MULTIPLY(CLKFBOUT_MULT),
      .POST(CLKOUT0_DIVIDE),
      .DETECTOR_MIN(19),
      .DETECTOR_MAX(450),
      .VCO_MIN(800),
      .VCO_MAX(1600)
  ) loop (
      .reference(CLKIN1),
      .clock(CLKOUT0),
      .locked(LOCKED)
  );
endmodule
