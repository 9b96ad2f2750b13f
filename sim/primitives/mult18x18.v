// MULT18X18 of Gowin for simulation; yosys has only a black box of it.
//
// Written from the description of the block: registers of the operands, of the product and one
// between, each there or not, with one clock enable. Signs are taken for constant. The shift chains
// are not here: selecting one makes the product unknown, as does a reset.

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

  reg [17:0] a_reg, b_reg;
  reg [35:0] between, last;
  wire [17:0] a = AREG ? a_reg : A;
  wire [17:0] b = BREG ? b_reg : B;

  // The low 36 bits of a product are the same of operands that were extended to 36 bits.
  wire [35:0] product = {{18{ASIGN & a[17]}}, a} * {{18{BSIGN & b[17]}}, b};
  wire [35:0] piped = PIPE_REG ? between : product;

  always @(posedge CLK)
    if (CE) begin
      a_reg <= A;
      b_reg <= B;
      between <= product;
      last <= piped;
    end

  assign DOUT = (ASEL | BSEL | RESET) === 1'b1 ? 36'bx : OUT_REG ? last : piped;
  assign SOA = 18'bx;
  assign SOB = 18'bx;
endmodule
