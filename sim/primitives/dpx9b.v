// DPX9B of Gowin for simulation: 18,432 bits with two ports; yosys has only a black box of it.
//
// Written from the description of the block, for the modes that yosys makes use of: no registers
// behind what is read, no resets, no contents to begin with. At 18 bits the lowest bits of the
// address select the bytes that are written. Parameters that ask for something else do not
// elaborate; a reset makes the outputs unknown.

module DPX9B (
    output [17:0] DOA, DOB,
    input [17:0] DIA, DIB,
    input [2:0] BLKSELA, BLKSELB,
    input [13:0] ADA, ADB,
    input WREA, WREB, CLKA, CLKB, CEA, CEB, OCEA, OCEB, RESETA, RESETB
);
  parameter READ_MODE0 = 1'b0;
  parameter READ_MODE1 = 1'b0;
  parameter WRITE_MODE0 = 2'b00;
  parameter WRITE_MODE1 = 2'b00;
  parameter BIT_WIDTH_0 = 18;
  parameter BIT_WIDTH_1 = 18;
  parameter BLK_SEL_0 = 3'b000;
  parameter BLK_SEL_1 = 3'b000;
  parameter RESET_MODE = "SYNC";

  generate
    if (READ_MODE0 != 0 || READ_MODE1 != 0) begin : refused
      DPX9B_must_have_no_output_register refused ();
    end
  endgenerate

  wire [71:0] read_a, read_b;
  LASTBIT_BLOCK_MEMORY #(
      .BYTES(2048), .WIDTH_A(BIT_WIDTH_0), .WIDTH_B(BIT_WIDTH_1),
      .READS_A(WRITE_MODE0), .READS_B(WRITE_MODE1)
  ) memory (
      .clk_a(CLKA), .on_a(CEA && BLKSELA == BLK_SEL_0), .write_a(WREA),
      .address_a({2'b0, ADA}), .mask_a({6'b0, ADA[1:0]}), .data_a({54'b0, DIA}),
      .read_a(read_a),
      .clk_b(CLKB), .on_b(CEB && BLKSELB == BLK_SEL_1), .write_b(WREB),
      .address_b({2'b0, ADB}), .mask_b({6'b0, ADB[1:0]}), .data_b({54'b0, DIB}),
      .read_b(read_b)
  );
  wire reset = (RESETA | RESETB) === 1'b1;
  assign DOA = reset ? 18'bx : read_a[17:0];
  assign DOB = reset ? 18'bx : read_b[17:0];
endmodule
