// A register between two streams, once with Amaranth's port names and once with AXI4-Stream's.
// `fault` breaks the first one: each value breaks one rule that a monitor or a scoreboard knows.
module link (
    input clk,
    input rst,
    input [2:0] fault,
    input [7:0] i__payload,
    input i__valid,
    output i__ready,
    output [7:0] o__payload,
    output o__valid,
    input o__ready,
    input [7:0] s_axis_tdata,
    input s_axis_tvalid,
    input s_axis_tlast,
    output s_axis_tready,
    output [7:0] m_axis_tdata,
    output m_axis_tvalid,
    output m_axis_tlast,
    input m_axis_tready
);
  reg full = 0;
  reg [7:0] hidden = 0;
  reg [7:0] age = 0;
  reg [7:0] taken = 0;
  wire take = i__ready & i__valid;
  wire lose = fault == 3 & taken == 7;

  assign i__ready = ~full | o__ready;
  assign o__valid = full & ~(fault == 1 & age == 1) & fault != 6;
  assign o__payload = fault == 2 & age != 0 ? ~hidden :
                      fault == 4 & taken == 20 ? hidden ^ 8'h10 :
                      fault == 7 & taken == 5 ? 8'hxx : hidden;
  always @(posedge clk) begin
    if (fault == 5 ? i__ready : take) hidden <= i__payload;
    if (take) taken <= taken + 1;
    age <= full & ~o__ready ? age + 1 : 0;
    if (rst) full <= 0;
    else if (i__ready) full <= fault == 5 ? 1 : i__valid & ~lose;
    if (rst) taken <= 0;
  end

  reg axi_full = 0;
  reg axi_last = 0;
  reg [7:0] axi_data = 0;
  assign s_axis_tready = ~axi_full | m_axis_tready;
  assign m_axis_tvalid = axi_full;
  assign m_axis_tdata = axi_data;
  assign m_axis_tlast = axi_last;
  always @(posedge clk) begin
    if (s_axis_tready) begin
      axi_data <= s_axis_tdata;
      axi_last <= s_axis_tlast;
    end
    if (rst) axi_full <= 0;
    else if (s_axis_tready) axi_full <= s_axis_tvalid;
  end
endmodule
