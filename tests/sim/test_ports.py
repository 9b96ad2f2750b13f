import pytest

from sim.ports import VerilogPort, module_ports

BODY = """
module other(input x); endmodule
// module dut(input no);
module dut(clk, rst, o, i__payload);
  input clk;
  wire clk;
  input rst; /* input neither; */
  output [7:0] o;
  reg [7:0] o = 0;
  (* input = 1 *) input signed [3:0] i__payload;
endmodule
module dut_below(input y); endmodule
"""
HEADER = (
    "module dut(input wire clk, input rst, output reg [7:0] o, input [3:0] i__payload);\nendmodule"
)


@pytest.mark.parametrize("verilog", [BODY, HEADER], ids=["in the body", "in the header"])
def test_ports_are_read_from_either_style(verilog):
    expected = [("clk", True), ("rst", True), ("o", False), ("i__payload", True)]
    assert module_ports(verilog, "dut") == [VerilogPort(*port) for port in expected]


def test_a_missing_module_is_named():
    with pytest.raises(ValueError, match=r"^the Verilog text must hold module du, and does not$"):
        module_ports(BODY, "du")
