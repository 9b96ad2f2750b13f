// DSP48E1 of AMD's 7 series for simulation: (A + D) * B.
//
// Written from the description of the block, for the mode that `hw.multiplier_dsp48` uses: one
// register each for A and D, two for B, one for the product, the sum of A and D in front of the
// multiplier. Nothing else can be had by mistake: parameters that ask for another mode do not
// elaborate, and inputs that select one make the product unknown.

module DSP48E1 (
    input CLK,
    input [29:0] A, ACIN,
    input [17:0] B, BCIN,
    input [24:0] D,
    input [47:0] C, PCIN,
    input [3:0] ALUMODE,
    input [4:0] INMODE,
    input [6:0] OPMODE,
    input [2:0] CARRYINSEL,
    input CARRYIN, CARRYCASCIN, MULTSIGNIN,
    input CEA1, CEA2, CEAD, CEALUMODE, CEB1, CEB2, CEC, CECARRYIN, CECTRL, CED, CEINMODE, CEM, CEP,
    input RSTA, RSTALLCARRYIN, RSTALUMODE, RSTB, RSTC, RSTCTRL, RSTD, RSTINMODE, RSTM, RSTP,
    output [47:0] P
);
  parameter ACASCREG = 1;
  parameter ADREG = 1;
  parameter ALUMODEREG = 1;
  parameter AREG = 1;
  parameter BCASCREG = 1;
  parameter BREG = 1;
  parameter CARRYINREG = 1;
  parameter CARRYINSELREG = 1;
  parameter CREG = 1;
  parameter DREG = 1;
  parameter INMODEREG = 1;
  parameter MREG = 1;
  parameter OPMODEREG = 1;
  parameter PREG = 1;
  parameter USE_DPORT = "FALSE";
  parameter USE_MULT = "MULTIPLY";

  generate
    if (AREG != 1 || ACASCREG != 1 || ADREG != 0 || BREG != 2 || BCASCREG != 2 || CREG != 0
        || DREG != 1 || MREG != 1 || PREG != 0
        || INMODEREG != 0 || OPMODEREG != 0 || ALUMODEREG != 0 || CARRYINREG != 0
        || CARRYINSELREG != 0 || USE_DPORT != "TRUE" || USE_MULT != "MULTIPLY") begin : refused
      this_mode_of_DSP48E1_is_not_modelled refused ();
    end
  endgenerate

  wire resets = RSTA || RSTALLCARRYIN || RSTALUMODE || RSTB || RSTC || RSTCTRL || RSTD
      || RSTINMODE || RSTM || RSTP;
  wire other_mode = ALUMODE != 0 || INMODE != 5'b00100 || OPMODE != 7'b0000101
      || CARRYINSEL != 0 || CARRYIN || resets;

  reg signed [24:0] a, d;
  reg signed [17:0] b1, b2;
  reg signed [42:0] product;
  wire signed [24:0] sum = a + d;
  always @(posedge CLK) begin
    if (CEA2) a <= A[24:0];
    if (CED) d <= D;
    if (CEB1) b1 <= B;
    if (CEB2) b2 <= b1;
    if (CEM) product <= sum * b2;
  end
  assign P = other_mode ? 48'bx : {{5{product[42]}}, product};
endmodule
