// What the models of phase-locked loops have in common: an oscillator that follows a reference.
//
// The output is REFERENCE * MULTIPLY / (DIVIDE * POST), with its true period to a picosecond. It
// begins to run with the first periods of the reference, 3 % slow as a loop that is not locked is
// of any frequency, and is right and `locked` after LOCK periods. Dividers that ask for more or less
// than the limits say, all in MHz, never lock. What a loop does when its reference changes or stops
// is not modelled.

module LASTBIT_PLL (
    input reference,
    output reg clock,
    output reg locked
);
  timeunit 1ns;
  timeprecision 1ps;

  parameter DIVIDE = 1;
  parameter MULTIPLY = 1;
  parameter POST = 1;
  parameter DETECTOR_MIN = 1;
  parameter DETECTOR_MAX = 1000;
  parameter VCO_MIN = 1;
  parameter VCO_MAX = 10000;
  parameter LOCK = 50;

  real last, period, half;
  integer periods;

  initial begin
    clock = 0;
    locked = 0;
    periods = 0;
    last = 0;
    half = 0;
  end

  // Times are used in the step in which they are taken.
  /* verilator lint_off BLKSEQ */
  always @(posedge reference) begin
    period = $realtime - last;
    last = $realtime;
    if (periods <= LOCK) periods = periods + 1;
    if (periods == 3) half = 1.03 * period * DIVIDE * POST / (2.0 * MULTIPLY);
    if (periods == LOCK) begin
      half = period * DIVIDE * POST / (2.0 * MULTIPLY);
      locked <= 1000.0 / (period * DIVIDE) >= DETECTOR_MIN
          && 1000.0 / (period * DIVIDE) <= DETECTOR_MAX
          && 1000.0 * MULTIPLY / (period * DIVIDE) >= VCO_MIN
          && 1000.0 * MULTIPLY / (period * DIVIDE) <= VCO_MAX;
    end
  end
  /* verilator lint_on BLKSEQ */

  initial begin
    wait (periods == 3);
    forever #(half) clock = ~clock;
  end
endmodule
