// MULT18X18D of Lattice's ECP5 for simulation; yosys has only a black box of it.
//
// Written from the description of the block, for the modes that `hw.multiplier` and yosys use:
// registers of the operands and of the product, each there or not, with clock 0, any clock enable and
// no reset. Nothing else can be had by mistake: parameters that ask for another mode do not
// elaborate, the ports of other modes (the shift chains, the ways to an ALU54) are not here to be
// connected, and inputs that select one make the product unknown.

module MULT18X18D (
    input A17, A16, A15, A14, A13, A12, A11, A10, A9,
    input A8, A7, A6, A5, A4, A3, A2, A1, A0,
    input B17, B16, B15, B14, B13, B12, B11, B10, B9,
    input B8, B7, B6, B5, B4, B3, B2, B1, B0,
    input C17, C16, C15, C14, C13, C12, C11, C10, C9,
    input C8, C7, C6, C5, C4, C3, C2, C1, C0,
    input SIGNEDA, SIGNEDB, SOURCEA, SOURCEB,
    input CLK0, CLK1, CLK2, CLK3,
    input CE0, CE1, CE2, CE3,
    input RST0, RST1, RST2, RST3,
    output P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24,
    output P23, P22, P21, P20, P19, P18, P17, P16, P15, P14, P13, P12,
    output P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0
);
  parameter REG_INPUTA_CLK = "NONE";
  parameter REG_INPUTA_CE = "CE0";
  parameter REG_INPUTB_CLK = "NONE";
  parameter REG_INPUTB_CE = "CE0";
  parameter REG_PIPELINE_CLK = "NONE";
  parameter REG_OUTPUT_CLK = "NONE";
  parameter REG_OUTPUT_CE = "CE0";
  parameter GSR = "ENABLED";

  localparam HAS_REGISTERS =
      REG_INPUTA_CLK != "NONE" || REG_INPUTB_CLK != "NONE" || REG_OUTPUT_CLK != "NONE";

  generate
    if ((REG_INPUTA_CLK != "NONE" && REG_INPUTA_CLK != "CLK0")
        || (REG_INPUTB_CLK != "NONE" && REG_INPUTB_CLK != "CLK0")
        || (REG_OUTPUT_CLK != "NONE" && REG_OUTPUT_CLK != "CLK0")
        || REG_PIPELINE_CLK != "NONE" || (GSR != "DISABLED" && HAS_REGISTERS)) begin : refused
      MULT18X18D_must_have_CLK0_or_NONE_no_pipeline_and_no_GSR refused ();
    end
  endgenerate

  wire [17:0] a_in = {
      A17, A16, A15, A14, A13, A12, A11, A10, A9,
      A8, A7, A6, A5, A4, A3, A2, A1, A0
  };
  wire [17:0] b_in = {
      B17, B16, B15, B14, B13, B12, B11, B10, B9,
      B8, B7, B6, B5, B4, B3, B2, B1, B0
  };
  wire a_ce = enable(REG_INPUTA_CE, {CE3, CE2, CE1, CE0});
  wire b_ce = enable(REG_INPUTB_CE, {CE3, CE2, CE1, CE0});
  wire p_ce = enable(REG_OUTPUT_CE, {CE3, CE2, CE1, CE0});

  function enable(input [23:0] name, input [3:0] ce);
    enable = name == "CE0" ? ce[0] : name == "CE1" ? ce[1] : name == "CE2" ? ce[2] : ce[3];
  endfunction

  reg [17:0] a_reg, b_reg;
  reg [35:0] p_reg;
  wire [17:0] a = REG_INPUTA_CLK == "CLK0" ? a_reg : a_in;
  wire [17:0] b = REG_INPUTB_CLK == "CLK0" ? b_reg : b_in;

  // The low 36 bits of a product are the same of operands that were extended to 36 bits.
  wire signed [35:0] a_wide = {{18{SIGNEDA & a[17]}}, a};
  wire signed [35:0] b_wide = {{18{SIGNEDB & b[17]}}, b};
  wire [35:0] product = a_wide * b_wide;
  wire [35:0] p = REG_OUTPUT_CLK == "CLK0" ? p_reg : product;

  always @(posedge CLK0) begin
    if (a_ce) a_reg <= a_in;
    if (b_ce) b_reg <= b_in;
    if (p_ce) p_reg <= product;
  end

  // What is not connected selects nothing.
  wire is_modelled = !((|{
      SOURCEA, SOURCEB, CLK1, CLK2, CLK3, RST0, RST1, RST2, RST3,
      C17, C16, C15, C14, C13, C12, C11, C10, C9, C8, C7, C6, C5, C4, C3, C2, C1, C0
  }) === 1'b1);
  assign {
      P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24,
      P23, P22, P21, P20, P19, P18, P17, P16, P15, P14, P13, P12,
      P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0
  } = is_modelled ? p : 36'bx;
endmodule
