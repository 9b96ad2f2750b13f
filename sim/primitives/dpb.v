// DPB of Gowin for simulation: 16,384 bits with two ports; yosys has only a black box of it.
//
// Written from the description of the block, for the modes that yosys makes use of: no registers
// behind what is read, no resets, no contents to begin with. At 16 bits the lowest bits of the
// address select the bytes that are written. Parameters that ask for something else do not
// elaborate; a reset makes the outputs unknown.

module DPB (
    output [15:0] DOA, DOB,
    input [15:0] DIA, DIB,
    input [2:0] BLKSELA, BLKSELB,
    input [13:0] ADA, ADB,
    input WREA, WREB, CLKA, CLKB, CEA, CEB, OCEA, OCEB, RESETA, RESETB
);
  parameter READ_MODE0 = 1'b0;
  parameter READ_MODE1 = 1'b0;
  parameter WRITE_MODE0 = 2'b00;
  parameter WRITE_MODE1 = 2'b00;
  parameter BIT_WIDTH_0 = 16;
  parameter BIT_WIDTH_1 = 16;
  parameter BLK_SEL_0 = 3'b000;
  parameter BLK_SEL_1 = 3'b000;
  parameter RESET_MODE = "SYNC";

  generate
    if (READ_MODE0 != 0 || READ_MODE1 != 0) begin : refused
      DPB_must_have_no_output_register refused ();
    end
  endgenerate

  // The memory's bytes have 9 bits.
  localparam WIDTH_A = BIT_WIDTH_0 < 8 ? BIT_WIDTH_0 : BIT_WIDTH_0 / 8 * 9;
  localparam WIDTH_B = BIT_WIDTH_1 < 8 ? BIT_WIDTH_1 : BIT_WIDTH_1 / 8 * 9;
  wire [17:0] data_a = {1'b0, DIA[15:8], 1'b0, DIA[7:0]};
  wire [17:0] data_b = {1'b0, DIB[15:8], 1'b0, DIB[7:0]};

  wire [71:0] read_a, read_b;
  LASTBIT_BLOCK_MEMORY #(
      .BYTES(2048), .WIDTH_A(WIDTH_A), .WIDTH_B(WIDTH_B),
      .READS_A(WRITE_MODE0), .READS_B(WRITE_MODE1)
  ) memory (
      .clk_a(CLKA), .on_a(CEA && BLKSELA == BLK_SEL_0), .write_a(WREA),
      .address_a({2'b0, ADA}), .mask_a({6'b0, ADA[1:0]}), .data_a({54'b0, data_a}),
      .read_a(read_a),
      .clk_b(CLKB), .on_b(CEB && BLKSELB == BLK_SEL_1), .write_b(WREB),
      .address_b({2'b0, ADB}), .mask_b({6'b0, ADB[1:0]}), .data_b({54'b0, data_b}),
      .read_b(read_b)
  );
  wire reset = (RESETA | RESETB) === 1'b1;
  assign DOA = reset ? 16'bx : {read_a[16:9], read_a[7:0]};
  assign DOB = reset ? 16'bx : {read_b[16:9], read_b[7:0]};
endmodule
