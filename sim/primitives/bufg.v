// BUFG of Xilinx' 7 series for simulation: a clock buffer, without its delay.

module BUFG (
    input I,
    output O
);
  assign O = I;
endmodule
