// What the block memories of several vendors have in common: two ports onto bytes of 9 bits.
//
// A port is as wide as its WIDTH says: 1, 2 or 4 bits of the low 8 of a byte, or a power of two of
// whole bytes. Its address counts bits, 8 to a byte; what says where in a word is not looked at. A
// port that writes reads nothing (READS 0), what it writes (1), or what was there (2).
//
// Contents begin unknown. What a port reads or writes while the other one writes it is unknown if
// both clocks rise at once; in a simulator of two states it is wrong.

module LASTBIT_BLOCK_MEMORY #(
    parameter BYTES = 2048,
    parameter WIDTH_A = 9,
    parameter WIDTH_B = 9,
    parameter READS_A = 0,
    parameter READS_B = 0
) (
    input clk_a, on_a, write_a,
    input [15:0] address_a,
    input [7:0] mask_a,
    input [71:0] data_a,
    output reg [71:0] read_a,
    input clk_b, on_b, write_b,
    input [15:0] address_b,
    input [7:0] mask_b,
    input [71:0] data_b,
    output reg [71:0] read_b
);
`ifdef VERILATOR
  localparam [8:0] WRONG = 9'h1ff;
`else
  localparam [8:0] WRONG = 9'bx;
`endif
  localparam LANES_A = WIDTH_A < 18 ? 1 : WIDTH_A / 9;
  localparam LANES_B = WIDTH_B < 18 ? 1 : WIDTH_B / 9;

  reg [8:0] bytes[0:BYTES-1];

  // Number of a word's first byte.
  function [15:0] first(input [15:0] address, input integer lanes);
    first = (address >> 3) & ~(lanes[15:0] - 16'd1) & (BYTES - 1);
  endfunction

  // The bits of its byte that a narrow word is in.
  function [8:0] bits_of(input [15:0] address, input integer width);
    bits_of = width >= 9 ? 9'h1ff
           : width == 4 ? 9'h00f << {address[2], 2'b0}
           : width == 2 ? 9'h003 << {address[2:1], 1'b0} : 9'h001 << address[2:0];
  endfunction

  // The bits of byte `where` that a write changes.
  function [8:0] changed(
      input [15:0] where, input [15:0] address, input integer width, input integer lanes,
      input [7:0] mask
  );
    integer lane;
    begin
      changed = 0;
      for (lane = 0; lane < lanes; lane = lane + 1)
        if (where == first(address, lanes) + lane[15:0])
          changed = bits_of(address, width) & {9{mask[lane] | lanes == 1}};
    end
  endfunction

  // A byte to write: narrow words are in every place that they could go to.
  function [8:0] brought(input [71:0] data, input integer lane, input integer width);
    brought = width >= 9 ? data[9*lane+:9]
            : width == 4 ? {1'b0, {2{data[3:0]}}}
            : width == 2 ? {1'b0, {4{data[1:0]}}} : {1'b0, {8{data[0]}}};
  endfunction

  // A word out of its bytes.
  function [71:0] word(input [71:0] seen, input [15:0] address, input integer width);
    word = width >= 9 ? seen
         : width == 4 ? {68'b0, seen[{4'b0, address[2], 2'b0}+:4]}
         : width == 2 ? {70'b0, seen[{4'b0, address[2:1], 1'b0}+:2]}
         : {71'b0, seen[{4'b0, address[2:0]}]};
  endfunction

  integer lane_a;
  reg [15:0] where_a;
  reg [8:0] clash_a, mine_a, new_a;
  reg [71:0] seen_a, through_a;
  always @(posedge clk_a)
    if (on_a) begin
      seen_a = 0;
      through_a = 0;
      for (lane_a = 0; lane_a < LANES_A; lane_a = lane_a + 1) begin
        where_a = first(address_a, LANES_A) + lane_a[15:0];
        clash_a = {9{on_b & write_b}}
            & changed(where_a, address_b, WIDTH_B, LANES_B, mask_b);
        mine_a = changed(where_a, address_a, WIDTH_A, LANES_A, mask_a);
        new_a = (bytes[where_a] & ~mine_a)
            | ((brought(data_a, lane_a, WIDTH_A) ^ (clash_a & WRONG)) & mine_a);
        seen_a[9*lane_a+:9] = bytes[where_a] ^ (clash_a & WRONG);
        through_a[9*lane_a+:9] = new_a;
        if (write_a) bytes[where_a] <= new_a;
      end
      if (!write_a || READS_A == 2) read_a <= word(seen_a, address_a, WIDTH_A);
      else if (READS_A == 1) read_a <= word(through_a, address_a, WIDTH_A);
    end

  integer lane_b;
  reg [15:0] where_b;
  reg [8:0] clash_b, mine_b, new_b;
  reg [71:0] seen_b, through_b;
  always @(posedge clk_b)
    if (on_b) begin
      seen_b = 0;
      through_b = 0;
      for (lane_b = 0; lane_b < LANES_B; lane_b = lane_b + 1) begin
        where_b = first(address_b, LANES_B) + lane_b[15:0];
        clash_b = {9{on_a & write_a}}
            & changed(where_b, address_a, WIDTH_A, LANES_A, mask_a);
        mine_b = changed(where_b, address_b, WIDTH_B, LANES_B, mask_b);
        new_b = (bytes[where_b] & ~mine_b)
            | ((brought(data_b, lane_b, WIDTH_B) ^ (clash_b & WRONG)) & mine_b);
        seen_b[9*lane_b+:9] = bytes[where_b] ^ (clash_b & WRONG);
        through_b[9*lane_b+:9] = new_b;
        if (write_b) bytes[where_b] <= new_b;
      end
      if (!write_b || READS_B == 2) read_b <= word(seen_b, address_b, WIDTH_B);
      else if (READS_B == 1) read_b <= word(through_b, address_b, WIDTH_B);
    end

endmodule
