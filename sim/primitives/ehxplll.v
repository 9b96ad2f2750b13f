// EHXPLLL of Lattice's ECP5 for simulation; yosys has only a black box of it.
//
// Written from the description of the block, for what `hw.pll_ecp5` uses: CLKOP is fed
// back to CLKFB directly, and CLKOS is the output.
// The ports and parameters of the other outputs, of phase shifts and of standby are not here.

module EHXPLLL (
    input CLKI, CLKFB, RST, STDBY, PLLWAKESYNC, ENCLKOP,
    input PHASESEL0, PHASESEL1, PHASEDIR, PHASESTEP, PHASELOADREG,
    output CLKOP, CLKOS, LOCK
);
  parameter CLKI_DIV = 1;
  parameter CLKFB_DIV = 1;
  parameter CLKOP_DIV = 8;
  parameter CLKOP_CPHASE = 0;
  parameter CLKOP_FPHASE = 0;
  parameter CLKOP_ENABLE = "ENABLED";
  parameter CLKOS_DIV = 8;
  parameter CLKOS_CPHASE = 0;
  parameter CLKOS_FPHASE = 0;
  parameter CLKOS_ENABLE = "DISABLED";
  parameter FEEDBK_PATH = "CLKOP";
  parameter OUTDIVIDER_MUXA = "DIVA";
  parameter OUTDIVIDER_MUXB = "DIVB";
  parameter PLLRST_ENA = "DISABLED";
  parameter STDBY_ENABLE = "DISABLED";
  parameter INTFB_WAKE = "DISABLED";
  parameter DPHASE_SOURCE = "DISABLED";

  generate
    if (CLKOP_ENABLE != "ENABLED" || CLKOP_CPHASE != CLKOP_DIV - 1 || CLKOP_FPHASE != 0
        || CLKOS_ENABLE != "ENABLED" || CLKOS_CPHASE != CLKOS_DIV - 1 || CLKOS_FPHASE != 0
        || FEEDBK_PATH != "CLKOP" || OUTDIVIDER_MUXA != "DIVA" || OUTDIVIDER_MUXB != "DIVB"
        || PLLRST_ENA != "DISABLED" || STDBY_ENABLE != "DISABLED" || INTFB_WAKE != "DISABLED"
        || DPHASE_SOURCE != "DISABLED") begin : refused
      EHXPLLL_must_feed_back_CLKOP_put_out_CLKOS_and_have_no_phase_reset_or_standby refused ();
    end
  endgenerate

  // The feedback has no delay here, so it is only a wire to be connected.
  assign CLKOP = CLKOS;

  LASTBIT_PLL #(
      .DIVIDE(CLKI_DIV),
      .MULTIPLY(CLKFB_DIV * CLKOP_DIV),
      .POST(CLKOS_DIV),
      .DETECTOR_MIN(10),
      .DETECTOR_MAX(400),
      .VCO_MIN(400),
      .VCO_MAX(800)
  ) loop (
      .reference(CLKI),
      .clock(CLKOS),
      .locked(LOCK)
  );
endmodule
