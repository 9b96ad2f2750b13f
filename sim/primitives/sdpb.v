// SDPB of Gowin for simulation: 16,384 bits, one port writes and one reads; yosys has only a
// black box.
//
// Written from the description of the block, for the modes that yosys makes use of: no register
// behind what is read, no resets, no contents to begin with. From 16 bits on the lowest bits of the
// address select the bytes that are written. Parameters that ask for something else do not
// elaborate; a reset makes the output unknown.

module SDPB (
    output [31:0] DO,
    input [31:0] DI,
    input [2:0] BLKSELA, BLKSELB,
    input [13:0] ADA, ADB,
    input CLKA, CLKB, CEA, CEB, OCE, RESETA, RESETB
);
  parameter READ_MODE = 1'b0;
  parameter BIT_WIDTH_0 = 32;
  parameter BIT_WIDTH_1 = 32;
  parameter BLK_SEL_0 = 3'b000;
  parameter BLK_SEL_1 = 3'b000;
  parameter RESET_MODE = "SYNC";

  generate
    if (READ_MODE != 0) begin : refused
      SDPB_must_have_no_output_register refused ();
    end
  endgenerate

  // The memory's bytes have 9 bits.
  localparam WIDTH_A = BIT_WIDTH_0 < 8 ? BIT_WIDTH_0 : BIT_WIDTH_0 / 8 * 9;
  localparam WIDTH_B = BIT_WIDTH_1 < 8 ? BIT_WIDTH_1 : BIT_WIDTH_1 / 8 * 9;
  wire [35:0] data = {1'b0, DI[31:24], 1'b0, DI[23:16], 1'b0, DI[15:8], 1'b0, DI[7:0]};
  wire [71:0] read;
  LASTBIT_BLOCK_MEMORY #(
      .BYTES(2048), .WIDTH_A(WIDTH_A), .WIDTH_B(WIDTH_B)
  ) memory (
      .clk_a(CLKA), .on_a(CEA && BLKSELA == BLK_SEL_0), .write_a(1'b1),
      .address_a({2'b0, ADA}), .mask_a({4'b0, ADA[3:0]}), .data_a({36'b0, data}), .read_a(),
      .clk_b(CLKB), .on_b(CEB && BLKSELB == BLK_SEL_1), .write_b(1'b0),
      .address_b({2'b0, ADB}), .mask_b(8'b0), .data_b(72'b0), .read_b(read)
  );
  wire [31:0] word = {read[34:27], read[25:18], read[16:9], read[7:0]};
  assign DO = (RESETA | RESETB) === 1'b1 ? 32'bx : word;
endmodule
