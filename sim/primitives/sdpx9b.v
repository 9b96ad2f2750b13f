// SDPX9B of Gowin for simulation: 18,432 bits, one port writes and one reads; yosys has only a
// black box.
//
// Written from the description of the block, for the modes that yosys makes use of: no register
// behind what is read, no resets, no contents to begin with. From 18 bits on the lowest bits of the
// address select the bytes that are written. Parameters that ask for something else do not
// elaborate; a reset makes the output unknown.

module SDPX9B (
    output [35:0] DO,
    input [35:0] DI,
    input [2:0] BLKSELA, BLKSELB,
    input [13:0] ADA, ADB,
    input CLKA, CLKB, CEA, CEB, OCE, RESETA, RESETB
);
  parameter READ_MODE = 1'b0;
  parameter BIT_WIDTH_0 = 36;
  parameter BIT_WIDTH_1 = 36;
  parameter BLK_SEL_0 = 3'b000;
  parameter BLK_SEL_1 = 3'b000;
  parameter RESET_MODE = "SYNC";

  generate
    if (READ_MODE != 0) begin : refused
      SDPX9B_must_have_no_output_register refused ();
    end
  endgenerate

  wire [71:0] read;
  LASTBIT_BLOCK_MEMORY #(
      .BYTES(2048), .WIDTH_A(BIT_WIDTH_0), .WIDTH_B(BIT_WIDTH_1)
  ) memory (
      .clk_a(CLKA), .on_a(CEA && BLKSELA == BLK_SEL_0), .write_a(1'b1),
      .address_a({2'b0, ADA}), .mask_a({4'b0, ADA[3:0]}), .data_a({36'b0, DI}), .read_a(),
      .clk_b(CLKB), .on_b(CEB && BLKSELB == BLK_SEL_1), .write_b(1'b0),
      .address_b({2'b0, ADB}), .mask_b(8'b0), .data_b(72'b0), .read_b(read)
  );
  assign DO = (RESETA | RESETB) === 1'b1 ? 36'bx : read[35:0];
endmodule
