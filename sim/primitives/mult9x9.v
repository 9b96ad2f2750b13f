// MULT9X9 of Gowin for simulation; yosys has only a black box of it.
//
// Written from the description of the block: registers of the operands, of the product and one
// between, each there or not, with one clock enable. Signs are taken for constant. The shift chains
// are not here: selecting one makes the product unknown, as does a reset.

module MULT9X9 (
    input [8:0] A, SIA, B, SIB,
    input ASIGN, BSIGN, ASEL, BSEL, CE, CLK, RESET,
    output [17:0] DOUT,
    output [8:0] SOA, SOB
);
  parameter AREG = 1'b0;
  parameter BREG = 1'b0;
  parameter OUT_REG = 1'b0;
  parameter PIPE_REG = 1'b0;
  parameter ASIGN_REG = 1'b0;
  parameter BSIGN_REG = 1'b0;
  parameter SOA_REG = 1'b0;
  parameter MULT_RESET_MODE = "SYNC";

  reg [8:0] a_reg, b_reg;
  reg [17:0] between, last;
  wire [8:0] a = AREG ? a_reg : A;
  wire [8:0] b = BREG ? b_reg : B;

  // The low 18 bits of a product are the same of operands that were extended to 18 bits.
  wire [17:0] product = {{9{ASIGN & a[8]}}, a} * {{9{BSIGN & b[8]}}, b};
  wire [17:0] piped = PIPE_REG ? between : product;

  always @(posedge CLK)
    if (CE) begin
      a_reg <= A;
      b_reg <= B;
      between <= product;
      last <= piped;
    end

  assign DOUT = (ASEL | BSEL | RESET) === 1'b1 ? 18'bx : OUT_REG ? last : piped;
  assign SOA = 9'bx;
  assign SOB = 9'bx;
endmodule
