// SPX9 of Gowin for simulation: 18,432 bits with one port; yosys has only a black box of it.
//
// Written from the description of the block, for the modes that yosys makes use of: no register
// behind what is read, no resets, no contents to begin with. From 18 bits on the lowest bits of the
// address select the bytes that are written. Parameters that ask for something else do not
// elaborate; a reset makes the output unknown.

module SPX9 (
    output [35:0] DO,
    input [35:0] DI,
    input [2:0] BLKSEL,
    input [13:0] AD,
    input WRE, CLK, CE, OCE, RESET
);
  parameter READ_MODE = 1'b0;
  parameter WRITE_MODE = 2'b00;
  parameter BIT_WIDTH = 36;
  parameter BLK_SEL = 3'b000;
  parameter RESET_MODE = "SYNC";

  generate
    if (READ_MODE != 0) begin : refused
      SPX9_must_have_no_output_register refused ();
    end
  endgenerate

  localparam WIDTH = BIT_WIDTH;
  wire [71:0] data = {36'b0, DI};
  wire [71:0] read;
  LASTBIT_BLOCK_MEMORY #(
      .BYTES(2048), .WIDTH_A(WIDTH), .READS_A(WRITE_MODE)
  ) memory (
      .clk_a(CLK), .on_a(CE && BLKSEL == BLK_SEL), .write_a(WRE),
      .address_a({2'b0, AD}), .mask_a({4'b0, AD[3:0]}), .data_a(data), .read_a(read),
      .clk_b(1'b0), .on_b(1'b0), .write_b(1'b0),
      .address_b(16'b0), .mask_b(8'b0), .data_b(72'b0), .read_b()
  );
  assign DO = RESET === 1'b1 ? 36'bx : read[35:0];
endmodule
