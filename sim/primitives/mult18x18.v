// MULT18X18 of Gowin for simulation; yosys has only a black box of it.
//
// Written from the description of the block. Signs are taken for constant. The shift chains are not
// here: selecting one makes the product unknown, as does a reset.

module MULT18X18 (
    input [17:0] A, SIA, B, SIB,
    input ASIGN, BSIGN, ASEL, BSEL, CE, CLK, RESET,
    output [35:0] DOUT,
    output [17:0] SOA, SOB
);
  parameter AREG = 1'b0;
  parameter BREG = 1'b0;
  parameter OUT_REG = 1'b0;
  parameter PIPE_REG = 1'b0;
  parameter ASIGN_REG = 1'b0;
  parameter BSIGN_REG = 1'b0;
  parameter SOA_REG = 1'b0;
  parameter MULT_RESET_MODE = "SYNC";

  lastbit_registered_multiplier #(
      .BITS(18), .AREG(AREG), .BREG(BREG), .PIPE_REG(PIPE_REG), .OUT_REG(OUT_REG)
  ) multiplier (
      .clk(CLK), .enable(CE), .invalid(ASEL | BSEL | RESET), .a_signed(ASIGN), .b_signed(BSIGN),
      .a_in(A), .b_in(B), .product_out(DOUT)
  );
  assign SOA = 18'bx;
  assign SOB = 18'bx;
endmodule
