// Sends every frame back, a word every other cycle; a frame that begins with 0 is kept.
module echo(clk, rst, s_axis_link_tdata, s_axis_link_tvalid, s_axis_link_tready, s_axis_link_tlast,
            m_axis_link_tdata, m_axis_link_tvalid, m_axis_link_tready, m_axis_link_tlast);
  input clk;
  input rst;
  input [31:0] s_axis_link_tdata;
  input s_axis_link_tvalid;
  output s_axis_link_tready;
  input s_axis_link_tlast;
  output [31:0] m_axis_link_tdata;
  output m_axis_link_tvalid;
  input m_axis_link_tready;
  output m_axis_link_tlast;

  reg [31:0] word = 0;
  reg full = 0, last = 0, first = 1, keeps = 0;
  wire taken = s_axis_link_tvalid & s_axis_link_tready;
  wire drop = first ? s_axis_link_tdata == 0 : keeps;

  assign s_axis_link_tready = !full;
  assign m_axis_link_tvalid = full;
  assign m_axis_link_tdata = word;
  assign m_axis_link_tlast = last;

  always @(posedge clk) begin
    if (taken) begin
      word <= s_axis_link_tdata;
      last <= s_axis_link_tlast;
      full <= !drop;
      first <= s_axis_link_tlast;
      keeps <= drop;
    end else if (m_axis_link_tready) full <= 0;
    if (rst) {full, keeps, first} <= 3'b001;
  end
endmodule
