// SB_PLL40_PAD of Lattice's iCE40 for simulation; yosys has only a black box of it.
//
// Written from the description of the block, for what `hw.pll_ice40` uses: the oscillator is fed back
// (SIMPLE), one output. The ports of delays, of the serial setting and of an outer feedback are not
// here.

module SB_PLL40_PAD (
    input PACKAGEPIN, RESETB, BYPASS,
    output PLLOUTGLOBAL, LOCK
);
  parameter FEEDBACK_PATH = "SIMPLE";
  parameter PLLOUT_SELECT = "GENCLK";
  parameter [3:0] DIVR = 0;
  parameter [6:0] DIVF = 0;
  parameter [2:0] DIVQ = 0;
  parameter [2:0] FILTER_RANGE = 0;

  generate
    if (FEEDBACK_PATH != "SIMPLE" || PLLOUT_SELECT != "GENCLK" || DIVQ == 0 || DIVQ == 7
        || FILTER_RANGE == 0) begin : refused
      SB_PLL40_PAD_must_have_SIMPLE_feedback_a_DIVQ_from_1_to_6_and_a_filter refused ();
    end
  endgenerate

  LASTBIT_PLL #(
      .DIVIDE(DIVR + 1),
      .MULTIPLY(DIVF + 1),
      .POST(1 << DIVQ),
      .DETECTOR_MIN(10),
      .DETECTOR_MAX(133),
      .VCO_MIN(533),
      .VCO_MAX(1066)
  ) loop (
      .reference(PACKAGEPIN),
      .clock(PLLOUTGLOBAL),
      .locked(LOCK)
  );
endmodule
