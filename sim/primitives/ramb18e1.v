// RAMB18E1 of AMD's 7 series for simulation: 18,432 bits with two ports; yosys has only a black
// box of it.
//
// Written from the description of the block, for the modes that yosys makes use of: no registers
// behind what is read, no resets, no contents to begin with. As a simple dual port memory (SDP)
// port A reads and port B writes, and a word of 36 bits has the data pins of both. Parameters that
// ask for something else do not elaborate; a reset makes the outputs unknown.

module RAMB18E1 (
    input CLKARDCLK, CLKBWRCLK, ENARDEN, ENBWREN, REGCEAREGCE, REGCEB,
    input RSTRAMARSTRAM, RSTRAMB, RSTREGARSTREG, RSTREGB,
    input [13:0] ADDRARDADDR, ADDRBWRADDR,
    input [15:0] DIADI, DIBDI,
    input [1:0] DIPADIP, DIPBDIP,
    input [1:0] WEA,
    input [3:0] WEBWE,
    output [15:0] DOADO, DOBDO,
    output [1:0] DOPADOP, DOPBDOP
);
  parameter RAM_MODE = "TDP";
  parameter DOA_REG = 0;
  parameter DOB_REG = 0;
  parameter READ_WIDTH_A = 0;
  parameter READ_WIDTH_B = 0;
  parameter WRITE_WIDTH_A = 0;
  parameter WRITE_WIDTH_B = 0;
  parameter WRITE_MODE_A = "WRITE_FIRST";
  parameter WRITE_MODE_B = "WRITE_FIRST";
  parameter SRVAL_A = 0;
  parameter SRVAL_B = 0;

  localparam WIDTH_A = READ_WIDTH_A > WRITE_WIDTH_A ? READ_WIDTH_A : WRITE_WIDTH_A;
  localparam WIDTH_B = READ_WIDTH_B > WRITE_WIDTH_B ? READ_WIDTH_B : WRITE_WIDTH_B;
  localparam READS_A = WRITE_MODE_A == "READ_FIRST" ? 2 : WRITE_MODE_A == "NO_CHANGE" ? 0 : 1;
  localparam READS_B = WRITE_MODE_B == "READ_FIRST" ? 2 : WRITE_MODE_B == "NO_CHANGE" ? 0 : 1;
  localparam differ =
      (READ_WIDTH_A != WRITE_WIDTH_A && READ_WIDTH_A != 0 && WRITE_WIDTH_A != 0)
      || (READ_WIDTH_B != WRITE_WIDTH_B && READ_WIDTH_B != 0 && WRITE_WIDTH_B != 0);

  generate
    if (DOA_REG != 0 || DOB_REG != 0 || differ) begin : refused
      RAMB18E1_must_have_no_output_register_and_one_width_a_port refused ();
    end
  endgenerate

  wire [17:0] di_a = {DIPADIP[1], DIADI[15:8], DIPADIP[0], DIADI[7:0]};
  wire [17:0] di_b = {DIPBDIP[1], DIBDI[15:8], DIPBDIP[0], DIBDI[7:0]};
  wire simple = RAM_MODE == "SDP";
  wire [71:0] read_a, read_b;
  LASTBIT_BLOCK_MEMORY #(
      .BYTES(2048), .WIDTH_A(WIDTH_A), .WIDTH_B(WIDTH_B), .READS_A(READS_A), .READS_B(READS_B)
  ) memory (
      .clk_a(CLKARDCLK), .on_a(ENARDEN), .write_a(!simple && |WEA),
      .address_a({2'b0, ADDRARDADDR}), .mask_a(WEA), .data_a(di_a), .read_a(read_a),
      .clk_b(CLKBWRCLK), .on_b(ENBWREN), .write_b(|WEBWE),
      .address_b({2'b0, ADDRBWRADDR}), .mask_b(WEBWE),
      .data_b(WIDTH_B == 36 ? {di_b, di_a} : di_b), .read_b(read_b)
  );

  wire is_modelled = !((|{RSTRAMARSTRAM, RSTRAMB, RSTREGARSTREG, RSTREGB}) === 1'b1);
  wire [17:0] do_a = is_modelled ? read_a[17:0] : 18'bx;
  wire [17:0] do_b = !is_modelled ? 18'bx : simple ? read_a[35:18] : read_b[17:0];
  assign {DOPADOP[1], DOADO[15:8], DOPADOP[0], DOADO[7:0]} = do_a;
  assign {DOPBDOP[1], DOBDO[15:8], DOPBDOP[0], DOBDO[7:0]} = do_b;
endmodule
