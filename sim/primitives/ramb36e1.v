// RAMB36E1 of AMD's 7 series for simulation: 36,864 bits with two ports; yosys has only a black
// box of it.
//
// Written from the description of the block, for the modes that yosys makes use of: no registers
// behind what is read, no resets, no contents to begin with. As a simple dual port memory (SDP)
// port A reads and port B writes, and a word of 72 bits has the data pins of both. Parameters that
// ask for something else do not elaborate; a reset makes the outputs unknown.

module RAMB36E1 (
    input CLKARDCLK, CLKBWRCLK, ENARDEN, ENBWREN, REGCEAREGCE, REGCEB,
    input RSTRAMARSTRAM, RSTRAMB, RSTREGARSTREG, RSTREGB,
    input [15:0] ADDRARDADDR, ADDRBWRADDR,
    input [31:0] DIADI, DIBDI,
    input [3:0] DIPADIP, DIPBDIP,
    input [3:0] WEA,
    input [7:0] WEBWE,
    input CASCADEINA, CASCADEINB, INJECTDBITERR, INJECTSBITERR,
    output CASCADEOUTA, CASCADEOUTB, DBITERR, SBITERR,
    output [7:0] ECCPARITY,
    output [8:0] RDADDRECC,
    output [31:0] DOADO, DOBDO,
    output [3:0] DOPADOP, DOPBDOP
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
  parameter RAM_EXTENSION_A = "NONE";
  parameter RAM_EXTENSION_B = "NONE";
  parameter EN_ECC_READ = "FALSE";
  parameter EN_ECC_WRITE = "FALSE";

  localparam WIDTH_A = READ_WIDTH_A > WRITE_WIDTH_A ? READ_WIDTH_A : WRITE_WIDTH_A;
  localparam WIDTH_B = READ_WIDTH_B > WRITE_WIDTH_B ? READ_WIDTH_B : WRITE_WIDTH_B;
  localparam READS_A = WRITE_MODE_A == "READ_FIRST" ? 2 : WRITE_MODE_A == "NO_CHANGE" ? 0 : 1;
  localparam READS_B = WRITE_MODE_B == "READ_FIRST" ? 2 : WRITE_MODE_B == "NO_CHANGE" ? 0 : 1;
  localparam differ =
      (READ_WIDTH_A != WRITE_WIDTH_A && READ_WIDTH_A != 0 && WRITE_WIDTH_A != 0)
      || (READ_WIDTH_B != WRITE_WIDTH_B && READ_WIDTH_B != 0 && WRITE_WIDTH_B != 0);

  generate
    if (DOA_REG != 0 || DOB_REG != 0 || differ
        || RAM_EXTENSION_A != "NONE" || RAM_EXTENSION_B != "NONE"
        || EN_ECC_READ != "FALSE" || EN_ECC_WRITE != "FALSE") begin : refused
      RAMB36E1_must_have_no_output_register_and_one_width_a_port refused ();
    end
  endgenerate

  wire [35:0] di_a = {DIPADIP[3], DIADI[31:24], DIPADIP[2], DIADI[23:16], DIPADIP[1], DIADI[15:8],
      DIPADIP[0], DIADI[7:0]};
  wire [35:0] di_b = {DIPBDIP[3], DIBDI[31:24], DIPBDIP[2], DIBDI[23:16], DIPBDIP[1], DIBDI[15:8],
      DIPBDIP[0], DIBDI[7:0]};
  wire simple = RAM_MODE == "SDP";
  wire [71:0] read_a, read_b;
  LASTBIT_BLOCK_MEMORY #(
      .BYTES(4096), .WIDTH_A(WIDTH_A), .WIDTH_B(WIDTH_B), .READS_A(READS_A), .READS_B(READS_B)
  ) memory (
      .clk_a(CLKARDCLK), .on_a(ENARDEN), .write_a(!simple && |WEA),
      .address_a({1'b0, ADDRARDADDR[14:0]}), .mask_a(WEA), .data_a(di_a), .read_a(read_a),
      .clk_b(CLKBWRCLK), .on_b(ENBWREN), .write_b(|WEBWE),
      .address_b({1'b0, ADDRBWRADDR[14:0]}), .mask_b(WEBWE),
      .data_b(WIDTH_B == 72 ? {di_b, di_a} : di_b), .read_b(read_b)
  );

  wire is_modelled = !((|{RSTRAMARSTRAM, RSTRAMB, RSTREGARSTREG, RSTREGB}) === 1'b1);
  wire [35:0] do_a = is_modelled ? read_a[35:0] : 36'bx;
  wire [35:0] do_b = !is_modelled ? 36'bx : simple ? read_a[71:36] : read_b[35:0];
  assign {DOPADOP[3], DOADO[31:24], DOPADOP[2], DOADO[23:16], DOPADOP[1], DOADO[15:8], DOPADOP[0],
      DOADO[7:0]} = do_a;
  assign {DOPBDOP[3], DOBDO[31:24], DOPBDOP[2], DOBDO[23:16], DOPBDOP[1], DOBDO[15:8], DOPBDOP[0],
      DOBDO[7:0]} = do_b;
endmodule
