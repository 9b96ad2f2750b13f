// SB_MAC16 of Lattice's iCE40 UltraPlus for simulation: two multipliers of 8 bits.
//
// Written from the description of the block, for the mode that `hw.multiplier_ice40` uses: signed
// operands, registers of operands, products and of the sums behind them, to which C and D are added.
// Nothing else can be had by mistake: parameters that ask for another mode do not elaborate, and
// inputs that select one make the product unknown.

module SB_MAC16 (
    input CLK, CE,
    input [15:0] A, B, C, D,
    input AHOLD, BHOLD, CHOLD, DHOLD,
    input IRSTTOP, IRSTBOT, ORSTTOP, ORSTBOT,
    input OLOADTOP, OLOADBOT, ADDSUBTOP, ADDSUBBOT, OHOLDTOP, OHOLDBOT,
    input CI, ACCUMCI, SIGNEXTIN,
    output [31:0] O
);
  parameter [0:0] NEG_TRIGGER = 0;
  parameter [0:0] A_REG = 0;
  parameter [0:0] B_REG = 0;
  parameter [0:0] C_REG = 0;
  parameter [0:0] D_REG = 0;
  parameter [0:0] TOP_8x8_MULT_REG = 0;
  parameter [0:0] BOT_8x8_MULT_REG = 0;
  parameter [0:0] PIPELINE_16x16_MULT_REG1 = 0;
  parameter [0:0] PIPELINE_16x16_MULT_REG2 = 0;
  parameter [1:0] TOPOUTPUT_SELECT = 0;
  parameter [1:0] TOPADDSUB_LOWERINPUT = 0;
  parameter [0:0] TOPADDSUB_UPPERINPUT = 0;
  parameter [1:0] TOPADDSUB_CARRYSELECT = 0;
  parameter [1:0] BOTOUTPUT_SELECT = 0;
  parameter [1:0] BOTADDSUB_LOWERINPUT = 0;
  parameter [0:0] BOTADDSUB_UPPERINPUT = 0;
  parameter [1:0] BOTADDSUB_CARRYSELECT = 0;
  parameter [0:0] MODE_8x8 = 0;
  parameter [0:0] A_SIGNED = 0;
  parameter [0:0] B_SIGNED = 0;

  generate
    if (!MODE_8x8 || !A_SIGNED || !B_SIGNED || !A_REG || !B_REG || C_REG || D_REG || NEG_TRIGGER
        || !TOP_8x8_MULT_REG || !BOT_8x8_MULT_REG
        || PIPELINE_16x16_MULT_REG1 || PIPELINE_16x16_MULT_REG2
        || TOPOUTPUT_SELECT != 1 || TOPADDSUB_LOWERINPUT != 1 || !TOPADDSUB_UPPERINPUT
        || BOTOUTPUT_SELECT != 1 || BOTADDSUB_LOWERINPUT != 1 || !BOTADDSUB_UPPERINPUT
        || TOPADDSUB_CARRYSELECT != 0 || BOTADDSUB_CARRYSELECT != 0) begin : refused
      this_mode_of_SB_MAC16_is_not_modelled refused ();
    end
  endgenerate

  wire other_mode = IRSTTOP || IRSTBOT || ORSTTOP || ORSTBOT || OLOADTOP || OLOADBOT
      || ADDSUBTOP || ADDSUBBOT || OHOLDTOP || OHOLDBOT || CI || ACCUMCI || SIGNEXTIN;

  reg signed [7:0] a_top, a_bottom, b_top, b_bottom;
  reg [15:0] top, bottom;
  reg [31:0] sums;
  always @(posedge CLK)
    if (CE) begin
      if (!AHOLD) {a_top, a_bottom} <= A;
      if (!BHOLD) {b_top, b_bottom} <= B;
      top <= a_top * b_top;
      bottom <= a_bottom * b_bottom;
      sums <= {C + top, D + bottom};
    end
  assign O = other_mode ? 32'bx : sums;
endmodule
