// A multiplier with registers, of which the models of Gowin's multipliers are made.
//
// Registers of the operands, of the product and one between, each there or not, with one clock
// enable. Unknown while `invalid`.

module lastbit_registered_multiplier #(
    parameter BITS = 9,
    parameter AREG = 0, BREG = 0, PIPE_REG = 0, OUT_REG = 0
) (
    input clk, enable, invalid, a_signed, b_signed,
    input [BITS-1:0] a_in, b_in,
    output [2*BITS-1:0] product_out
);
  reg [BITS-1:0] a_reg, b_reg;
  reg [2*BITS-1:0] between, last;
  wire [BITS-1:0] a = AREG ? a_reg : a_in;
  wire [BITS-1:0] b = BREG ? b_reg : b_in;

  // The low bits of a product are the same of operands that were extended to as many.
  wire [2*BITS-1:0] product =
      {{BITS{a_signed & a[BITS-1]}}, a} * {{BITS{b_signed & b[BITS-1]}}, b};
  wire [2*BITS-1:0] piped = PIPE_REG ? between : product;

  always @(posedge clk)
    if (enable) begin
      a_reg <= a_in;
      b_reg <= b_in;
      between <= product;
      last <= piped;
    end

  assign product_out = invalid === 1'b1 ? {2*BITS{1'bx}} : OUT_REG ? last : piped;
endmodule
